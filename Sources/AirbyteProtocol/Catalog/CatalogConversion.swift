/// Why a catalog cannot be put into the server's terms.
public struct CatalogConversionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One line for the log.
    public var description: String
}

/// Puts catalogs, as the protocol has them, into the terms of the server's API.
///
/// Catalogs come from `Transcript`: their members have the types of the protocol, or can be coerced to them. Schemas are
/// passed on verbatim. Members that are absent or null are left out, lists and schemas are then empty.
public enum CatalogConversion {
    /// The body of `POST /api/v1/sources/write_discover_catalog_result`. Fails on a stream without a name.
    public static func writeDiscoverCatalogResult(
        catalog: DiscoveredCatalog,
        sourceId: String?,
        connectorVersion: String?,
        configurationHash: String?
    ) throws(CatalogConversionError) -> OutputDocument {
        try request(
            catalog,
            kind: .source,
            actor: ("sourceId", sourceId),
            connectorVersion: connectorVersion,
            configurationHash: configurationHash
        )
    }

    /// The body of `POST /api/v1/destinations/write_discover_catalog_result`. Fails on operations without name or
    /// sync mode.
    public static func writeDestinationDiscoverCatalogResult(
        catalog: DiscoveredCatalog,
        destinationId: String?,
        connectorVersion: String?,
        configurationHash: String?
    ) throws(CatalogConversionError) -> OutputDocument {
        try request(
            catalog,
            kind: .destination,
            actor: ("destinationId", destinationId),
            connectorVersion: connectorVersion,
            configurationHash: configurationHash
        )
    }

    /// A source's catalog: `{"streams":[{"stream":…,"config":…}]}`. Fails on a stream without a name.
    static func sourceCatalog(_ catalog: JSONValue) throws(CatalogConversionError) -> [UInt8] {
        var writer = JSONWriter(capacity: capacity(for: catalog))
        try write(sourceCatalog: catalog, to: &writer)
        return writer.bytes
    }

    /// A destination's catalog: `{"operations":[…]}`. Fails on operations without name or sync mode.
    static func destinationCatalog(_ catalog: JSONValue) throws(CatalogConversionError) -> [UInt8] {
        var writer = JSONWriter(capacity: capacity(for: catalog))
        try write(destinationCatalog: catalog, to: &writer)
        return writer.bytes
    }
}

extension CatalogConversion {
    /// What the two requests have in common.
    private static func request(
        _ catalog: DiscoveredCatalog,
        kind: ConnectorKind,
        actor: (name: String, id: String?),
        connectorVersion: String?,
        configurationHash: String?
    ) throws(CatalogConversionError) -> OutputDocument {
        var writer = JSONWriter(capacity: capacity(for: catalog))
        var pieces: [OutputDocument.Piece] = []
        writer.beginObject()
        writer.key("catalog")
        switch catalog {
        case .held(let value):
            switch kind {
            case .source: try write(sourceCatalog: value, to: &writer)
            case .destination: try write(destinationCatalog: value, to: &writer)
            }
        case .stored(let stored):
            if let problem = stored.problem { throw problem }
            pieces += [.bytes(writer.handOver()), .catalog(stored, kind)]
        }
        writer.member(actor.name, actor.id)
        writer.member("connectorVersion", connectorVersion ?? "")
        writer.member("configurationHash", configurationHash)
        writer.endObject()
        return OutputDocument(pieces: pieces + [.bytes(writer.bytes)])
    }

    private static func capacity(for catalog: DiscoveredCatalog) -> Int {
        if case .held(let value) = catalog { capacity(for: value) } else { 0 }
    }

    /// Room for a conversion's result without growing: most of it are schemas, which stay as they are.
    private static func capacity(for catalog: JSONValue) -> Int {
        catalog.rawJSON.count + catalog.rawJSON.count / 4 + 4_096
    }

    private static func write(
        sourceCatalog catalog: JSONValue,
        to writer: inout JSONWriter
    ) throws(CatalogConversionError) {
        writer.beginObject()
        writer.key("streams")
        writer.beginArray()
        var number = 0
        for stream in catalog.list("streams") {
            number += 1
            if let problem = problem(ofStream: number, ElementFacts(ofStream: stream)) { throw problem }
            write(stream: stream, to: &writer)
        }
        writer.endArray()
        writer.endObject()
    }

    private static func write(
        destinationCatalog catalog: JSONValue,
        to writer: inout JSONWriter
    ) throws(CatalogConversionError) {
        writer.beginObject()
        writer.key("operations")
        writer.beginArray()
        var number = 0
        for operation in catalog.list("operations") {
            number += 1
            if let problem = problem(ofOperation: number, ElementFacts(ofOperation: operation)) {
                throw problem
            }
            write(operation: operation, to: &writer)
        }
        writer.endArray()
        writer.endObject()
    }
}

// MARK: - One element

extension CatalogConversion {
    /// Writes the value of a schema.
    typealias SchemaWriting = (_ schema: JSONValue, _ writer: inout JSONWriter) -> Void

    /// An operation that has what the server needs.
    static func write(
        operation: JSONValue,
        to writer: inout JSONWriter,
        schema write: SchemaWriting = { $1.value($0) }
    ) {
        writer.beginObject()
        writer.member("objectName", text: operation.present("object_name"))
        writer.member("syncMode", operation.present("sync_mode"))
        writer.key("schema")
        self.write(schemaOf: operation, to: &writer, schema: write)
        writer.paths("matchingKeys", operation.list("matching_keys"))
        writer.endObject()
    }

    /// A stream that has what the server needs, and the configuration with which it begins its life.
    static func write(
        stream: JSONValue,
        to writer: inout JSONWriter,
        schema write: SchemaWriting = { $1.value($0) }
    ) {
        writer.beginObject()
        self.write(propertiesOf: stream, to: &writer, schema: write)
        self.write(configOf: stream, to: &writer)
        writer.endObject()
    }

    private static func write(
        propertiesOf stream: JSONValue,
        to writer: inout JSONWriter,
        schema write: SchemaWriting
    ) {
        writer.key("stream")
        writer.beginObject()
        writer.member("name", text: stream.present("name"))
        writer.key("jsonSchema")
        self.write(schemaOf: stream, to: &writer, schema: write)
        writer.strings("supportedSyncModes", stream.list("supported_sync_modes"))
        writer.member("sourceDefinedCursor", stream[member: "source_defined_cursor"]?.coercedBool)
        writer.strings("defaultCursorField", stream.list("default_cursor_field"))
        writer.paths("sourceDefinedPrimaryKey", stream.list("source_defined_primary_key"))
        writer.member("namespace", text: stream.present("namespace"))
        writer.member("isResumable", stream[member: "is_resumable"]?.coercedBool)
        writer.member("isFileBased", stream[member: "is_file_based"]?.coercedBool)
        writer.endObject()
    }

    /// The API requires a schema, and an empty one says as little as none.
    private static func write(
        schemaOf element: JSONValue,
        to writer: inout JSONWriter,
        schema write: SchemaWriting
    ) {
        if let schema = element.present("json_schema") { return write(schema, &writer) }
        writer.beginObject()
        writer.endObject()
    }

    private static func write(configOf stream: JSONValue, to writer: inout JSONWriter) {
        writer.key("config")
        writer.beginObject()
        writer.member("syncMode", stream.list("supported_sync_modes").first?.string ?? "incremental")
        writer.member("destinationSyncMode", "append")
        writer.strings("cursorField", stream.list("default_cursor_field"))
        writer.paths("primaryKey", stream.list("source_defined_primary_key"))
        writer.member("aliasName", AliasName.from(stream[member: "name"]?.coercedText ?? ""))
        writer.member("selected", true)
        writer.member("includeFiles", false)
        writer.endObject()
    }
}

// MARK: - What the server needs

extension CatalogConversion {
    /// The kinds of the members that decide whether an element can be converted; nil for those that are not there.
    struct ElementFacts: Hashable, Sendable {
        /// Of `name` or `object_name`.
        var name: JSONValue.Kind?
        /// Of `sync_mode`.
        var mode: JSONValue.Kind?
        /// Of `json_schema`.
        var schema: JSONValue.Kind?

        init() {}

        fileprivate init(ofStream stream: JSONValue) {
            name = stream[member: "name"]?.kind
            schema = stream[member: "json_schema"]?.kind
        }

        fileprivate init(ofOperation operation: JSONValue) {
            name = operation[member: "object_name"]?.kind
            mode = operation[member: "sync_mode"]?.kind
            schema = operation[member: "json_schema"]?.kind
        }
    }

    /// Why the stream of that number, counted from 1, cannot be converted.
    static func problem(ofStream number: Int, _ facts: ElementFacts) -> CatalogConversionError? {
        problem(of: "stream \(number)", lacking: [("name", facts.name)], facts.schema)
    }

    /// Why the operation of that number, counted from 1, cannot be converted.
    static func problem(ofOperation number: Int, _ facts: ElementFacts) -> CatalogConversionError? {
        let required = [("object_name", facts.name), ("sync_mode", facts.mode)]
        return problem(of: "operation \(number)", lacking: required, facts.schema)
    }

    private static func problem(
        of element: String,
        lacking required: [(name: String, kind: JSONValue.Kind?)],
        _ schema: JSONValue.Kind?
    ) -> CatalogConversionError? {
        for (name, kind) in required where kind == nil || kind == .null {
            return CatalogConversionError(description: "\(element) of the catalog has no \(name)")
        }
        switch schema {
        case nil, .null, .object: return nil
        default:
            return CatalogConversionError(
                description: "\(element) of the catalog has a json_schema that is not an object"
            )
        }
    }
}

extension JSONValue {
    /// The elements of a list that may be absent, nulls left out.
    func list(_ name: String) -> [JSONValue] {
        self[member: name].map { list in list.elements.filter { !$0.isNull } } ?? []
    }
}

extension JSONWriter {
    /// A member with text, left out when it is nil.
    fileprivate mutating func member(_ name: String, text value: JSONValue?) {
        guard let value else { return }
        key(name)
        text(value)
    }

    /// A scalar as text; what is text already stays as it is written.
    private mutating func text(_ value: JSONValue) {
        if value.kind == .string { self.value(value) } else { string(utf8: Array(value.rawJSON)) }
    }

    fileprivate mutating func strings(_ name: String, _ list: [JSONValue]) {
        key(name)
        strings(list)
    }

    /// A list of paths, which are lists of strings.
    fileprivate mutating func paths(_ name: String, _ list: [JSONValue]) {
        key(name)
        beginArray()
        for path in list { strings(path.elements.filter { !$0.isNull }) }
        endArray()
    }

    private mutating func strings(_ list: [JSONValue]) {
        beginArray()
        for element in list { text(element) }
        endArray()
    }
}
