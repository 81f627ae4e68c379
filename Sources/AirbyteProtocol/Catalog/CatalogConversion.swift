/// Why a catalog cannot be put into the server's terms.
public struct CatalogConversionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One line for people.
    public var description: String
}

/// Puts catalogs, as the protocol has them, into the terms of the server's API.
///
/// Catalogs come from `Transcript`: their members have the types of the protocol. Schemas are passed on
/// verbatim. Members that are absent or null are left out, lists and a stream's schema are then empty.
public enum CatalogConversion {
    /// The body of `POST /api/v1/sources/write_discover_catalog_result`.
    public static func writeDiscoverCatalogResult(
        catalog: JSONValue,
        sourceId: String?,
        connectorVersion: String?,
        configurationHash: String?
    ) throws(CatalogConversionError) -> [UInt8] {
        try request(
            catalog,
            conversion: write(sourceCatalog:to:),
            actor: ("sourceId", sourceId),
            connectorVersion: connectorVersion,
            configurationHash: configurationHash
        )
    }

    /// The body of `POST /api/v1/destinations/write_discover_catalog_result`.
    public static func writeDestinationDiscoverCatalogResult(
        catalog: JSONValue,
        destinationId: String?,
        connectorVersion: String?,
        configurationHash: String?
    ) throws(CatalogConversionError) -> [UInt8] {
        try request(
            catalog,
            conversion: write(destinationCatalog:to:),
            actor: ("destinationId", destinationId),
            connectorVersion: connectorVersion,
            configurationHash: configurationHash
        )
    }

    /// A source's catalog: `{"streams":[{"stream":…,"config":…}]}`. Fails on a stream without a name.
    public static func sourceCatalog(_ catalog: JSONValue) throws(CatalogConversionError) -> [UInt8] {
        var writer = JSONWriter(capacity: capacity(for: catalog))
        try write(sourceCatalog: catalog, to: &writer)
        return writer.bytes
    }

    /// A destination's catalog: `{"operations":[…]}`. Fails on operations without name, sync mode or schema.
    public static func destinationCatalog(_ catalog: JSONValue) throws(CatalogConversionError) -> [UInt8] {
        var writer = JSONWriter(capacity: capacity(for: catalog))
        try write(destinationCatalog: catalog, to: &writer)
        return writer.bytes
    }
}

extension CatalogConversion {
    /// What the two requests have in common.
    private static func request(
        _ catalog: JSONValue,
        conversion: (JSONValue, inout JSONWriter) throws(CatalogConversionError) -> Void,
        actor: (name: String, id: String?),
        connectorVersion: String?,
        configurationHash: String?
    ) throws(CatalogConversionError) -> [UInt8] {
        var writer = JSONWriter(capacity: capacity(for: catalog))
        writer.beginObject()
        writer.key("catalog")
        try conversion(catalog, &writer)
        writer.member(actor.name, actor.id)
        writer.member("connectorVersion", connectorVersion ?? "")
        writer.member("configurationHash", configurationHash)
        writer.endObject()
        return writer.bytes
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
            guard let name = stream[member: "name"]?.string else {
                throw CatalogConversionError(description: "stream \(number) of the catalog has no name")
            }
            if let schema = stream.present("json_schema"), schema.kind != .object {
                throw CatalogConversionError(
                    description: "stream \(number) of the catalog has a json_schema that is no object"
                )
            }
            writer.beginObject()
            write(stream: stream, to: &writer)
            write(configOf: stream, name: name, to: &writer)
            writer.endObject()
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
            for required in ["object_name", "sync_mode", "json_schema"]
            where operation.present(required) == nil {
                throw CatalogConversionError(
                    description: "operation \(number) of the catalog has no \(required)"
                )
            }
            guard operation[member: "json_schema"]?.kind == .object else {
                throw CatalogConversionError(
                    description: "operation \(number) of the catalog has a json_schema that is no object"
                )
            }
            writer.beginObject()
            writer.member("objectName", operation.present("object_name"))
            writer.member("syncMode", operation.present("sync_mode"))
            writer.member("schema", operation.present("json_schema"))
            writer.paths("matchingKeys", operation.list("matching_keys"))
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }

    private static func write(stream: JSONValue, to writer: inout JSONWriter) {
        writer.key("stream")
        writer.beginObject()
        writer.member("name", stream.present("name"))
        if let schema = stream.present("json_schema") {
            writer.member("jsonSchema", schema)
        } else {
            // The API requires one, and an empty schema says as little as none.
            writer.key("jsonSchema")
            writer.beginObject()
            writer.endObject()
        }
        writer.strings("supportedSyncModes", stream.list("supported_sync_modes"))
        writer.member("sourceDefinedCursor", stream.present("source_defined_cursor"))
        writer.strings("defaultCursorField", stream.list("default_cursor_field"))
        writer.paths("sourceDefinedPrimaryKey", stream.list("source_defined_primary_key"))
        writer.member("namespace", stream.present("namespace"))
        writer.member("isResumable", stream.present("is_resumable"))
        writer.member("isFileBased", stream.present("is_file_based"))
        writer.endObject()
    }

    /// The configuration with which a stream begins its life.
    private static func write(configOf stream: JSONValue, name: String, to writer: inout JSONWriter) {
        writer.key("config")
        writer.beginObject()
        writer.member("syncMode", stream.list("supported_sync_modes").first?.string ?? "incremental")
        writer.member("destinationSyncMode", "append")
        writer.strings("cursorField", stream.list("default_cursor_field"))
        writer.paths("primaryKey", stream.list("source_defined_primary_key"))
        writer.member("aliasName", AliasName.from(name))
        writer.member("selected", true)
        writer.member("includeFiles", false)
        writer.endObject()
    }
}

extension JSONValue {
    /// The elements of a list that may be absent, nulls left out.
    func list(_ name: String) -> [JSONValue] {
        self[member: name].map { list in list.elements.filter { !$0.isNull } } ?? []
    }
}

extension JSONWriter {
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
        for element in list { value(element) }
        endArray()
    }
}
