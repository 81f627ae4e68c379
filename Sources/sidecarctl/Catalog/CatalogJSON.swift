import AirbyteProtocol
import Text

/// A catalog, or the changes to one, for programs: JSON in lines, one object a stream.
struct CatalogJSON {
    let screen: Screen

    /// One line for each stream, and one for the warnings: the catalog can be large.
    func show(_ catalog: DiscoveredCatalogFile) throws(Failure) {
        let findings = try catalog.forEach { (stream) throws(Failure) in
            try write { Self.members(of: stream, to: &$0) }
        }
        for finding in findings.findings {
            try write { writer in
                writer.member("warning", finding.kind.rawValue)
                writer.member("stream", finding.name)
                writer.member("namespace", finding.namespace)
                writer.member("text", finding.text)
            }
        }
    }

    func show(_ changes: CatalogChanges) throws(Failure) {
        for stream in changes.removed { try write(stream.key, "removed") }
        for stream in changes.added { try write(stream.key, "added") }
        for stream in changes.changed {
            try write(stream.stream, "changed") { writer in
                writer.key("differences")
                writer.beginArray()
                for difference in stream.differences {
                    writer.beginObject()
                    writer.member("change", difference.kind.rawValue)
                    writer.member("what", difference.what)
                    writer.member("name", difference.name)
                    writer.member("old", difference.old)
                    writer.member("new", difference.new)
                    writer.endObject()
                }
                writer.endArray()
            }
        }
    }

    private static func members(of stream: StreamSummary, to writer: inout JSONWriter) {
        writer.member("stream", stream.name)
        writer.member("namespace", stream.namespace)
        list("syncModes", stream.syncModes, to: &writer)
        list("primaryKey", stream.primaryKey, to: &writer)
        writer.member("cursor", stream.cursor)
        writer.member("cursorIsSourceDefined", stream.isCursorSourceDefined)
        writer.key("columns")
        writer.beginArray()
        for column in stream.columns {
            writer.beginObject()
            writer.member("name", column.name)
            writer.member("type", column.type)
            writer.endObject()
        }
        writer.endArray()
        writer.member("columnsMissing", stream.missingColumns)
    }

    private static func list(_ name: String, _ texts: [String], to writer: inout JSONWriter) {
        writer.key(name)
        writer.beginArray()
        for text in texts { writer.string(text) }
        writer.endArray()
    }

    private func write(
        _ stream: StreamSummary.Key,
        _ change: String,
        _ more: (inout JSONWriter) -> Void = { _ in }
    ) throws(Failure) {
        try write { writer in
            writer.member("change", change)
            writer.member("stream", stream.name)
            writer.member("namespace", stream.namespace)
            more(&writer)
        }
    }

    private func write(_ members: (inout JSONWriter) -> Void) throws(Failure) {
        try screen.write(JSONWriter.object(members).escapingDisturbancesInJSON + [UInt8(ascii: "\n")])
    }
}
