import AirbyteProtocol

/// A catalog in the server's terms is JSON that has each stream or operation with what the server needs.
enum CatalogFuzzer {
    static func check(_ input: [UInt8]) throws {
        let types = [("CATALOG", "catalog"), ("DESTINATION_CATALOG", "destination_catalog")]
        for (type, member) in types {
            let line = Array(#"{"type":"\#(type)","\#(member)":"#.utf8) + input + Array("}".utf8)
            switch MessageDecoder().decode(line) {
            case .message(.catalog(.held(let value))): try checkSource(value)
            case .message(.destinationCatalog(.held(let value))): try checkDestination(value)
            default: break
            }
        }
    }

    private static func checkSource(_ catalog: JSONValue) throws {
        _ = CatalogInspection(sourceCatalog: catalog)
        let request = convert { () throws(CatalogConversionError) in
            try CatalogConversion.writeDiscoverCatalogResult(
                catalog: .held(catalog),
                sourceId: "s",
                connectorVersion: nil,
                configurationHash: "h"
            )
        }
        for stream in try elements(of: request, "streams", catalog) {
            guard let properties = stream["stream"] as? [String: Any],
                let config = stream["config"] as? [String: Any]
            else { throw Violation(description: "a stream without its members") }
            try require(properties["name"] is String, "a stream without a name")
            try require(properties["jsonSchema"] is [String: Any], "a stream without a schema")
            try require(properties["supportedSyncModes"] is [String], "a stream without modes")
            try require(config["syncMode"] is String, "a stream without a mode")
            try require(config["aliasName"] is String, "a stream without an alias")
            try require(config["primaryKey"] is [[String]], "a stream without a list of keys")
        }
    }

    private static func checkDestination(_ catalog: JSONValue) throws {
        _ = CatalogInspection(destinationCatalog: catalog)
        let request = convert { () throws(CatalogConversionError) in
            try CatalogConversion.writeDestinationDiscoverCatalogResult(
                catalog: .held(catalog),
                destinationId: "d",
                connectorVersion: "1",
                configurationHash: nil
            )
        }
        for operation in try elements(of: request, "operations", catalog) {
            try require(operation["objectName"] is String, "an operation without a name")
            try require(operation["syncMode"] is String, "an operation without a mode")
            try require(operation["schema"] is [String: Any], "an operation without a schema")
            try require(operation["matchingKeys"] is [[String]], "an operation without a list of keys")
        }
    }

    private static func convert(
        _ body: () throws(CatalogConversionError) -> OutputDocument
    ) -> Result<OutputDocument, CatalogConversionError> {
        do throws(CatalogConversionError) { return .success(try body()) } catch { return .failure(error) }
    }

    private static func elements(
        of request: Result<OutputDocument, CatalogConversionError>,
        _ name: String,
        _ catalog: JSONValue
    ) throws -> [[String: Any]] {
        guard case .success(let document) = request else { return [] }
        let body = try JSONPeer.document(document.bytes ?? [], "a catalog's request")
        // Foundation may refuse it for what it does not know.
        guard !body.isEmpty else { return [] }
        guard let list = (body["catalog"] as? [String: Any])?[name] as? [[String: Any]] else {
            throw Violation(description: "a catalog without its list")
        }
        let count = catalog[member: name]?.elements.filter { !$0.isNull }.count ?? 0
        try require(list.count == count, "\(list.count) of \(count) elements were converted")
        return list
    }
}
