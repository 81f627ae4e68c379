import Foundation
import ProtocolTestSupport
import TestSupport
import Testing

@testable import AirbyteProtocol

@Suite struct CatalogConversionTests {
    /// Foundation's reading of a text, as an independent check.
    private func object(_ bytes: [UInt8]) throws -> NSDictionary {
        try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? NSDictionary)
    }

    private func object(_ text: String) throws -> NSDictionary { try object(Array(text.utf8)) }

    static let full = """
        {"streams":[{"name":"user ev\\u00e9nts","json_schema":{"type": "object",\
        "max":12345678901234567890.123456789012345678900},\
        "supported_sync_modes":["incremental","full_refresh"],"source_defined_cursor":true,\
        "default_cursor_field":["updated","at"],\
        "source_defined_primary_key":[["id"],["a","b"]],"namespace":"public","is_resumable":false,\
        "is_file_based":true,"more":1}],"x":2}
        """

    @Test func convertsAllMembersOfAStream() throws {
        let converted = try CatalogConversion.sourceCatalog(json(Self.full))
        let expected = """
            {"streams":[{"stream":{"name":"user evénts","jsonSchema":{"type":"object",\
            "max":12345678901234567890.1234567890123456789},\
            "supportedSyncModes":["incremental","full_refresh"],"sourceDefinedCursor":true,\
            "defaultCursorField":["updated","at"],\
            "sourceDefinedPrimaryKey":[["id"],["a","b"]],"namespace":"public","isResumable":false,\
            "isFileBased":true},\
            "config":{"syncMode":"incremental","destinationSyncMode":"append","cursorField":["updated","at"],\
            "primaryKey":[["id"],["a","b"]],"aliasName":"user_events","selected":true,"includeFiles":false}}]}
            """
        #expect(try object(converted) == object(expected))
        // Foundation does not keep digits; the text has to.
        #expect(
            text(converted).contains(
                #""jsonSchema":{"type": "object","max":12345678901234567890.123456789012345678900}"#
            )
        )
    }

    @Test(arguments: [
        #"{"streams":[{"name":"s"}]}"#,
        #"{"streams":[null,{"name":"s","json_schema":null,"supported_sync_modes":null,"#
            + #""source_defined_cursor":null,"default_cursor_field":null,"#
            + #""source_defined_primary_key":null,"namespace":null,"is_resumable":null,"#
            + #""is_file_based":null}]}"#,
        #"{"streams":[],"streams":[{"name":"other","namespace":"n","name":"s","namespace":null,"#
            + #""supported_sync_modes":[null]}]}"#,
    ])
    func convertsAStreamWithoutMembers(_ catalog: String) throws {
        let expected = """
            {"streams":[{"stream":{"name":"s","jsonSchema":{},"supportedSyncModes":[],"defaultCursorField":[],\
            "sourceDefinedPrimaryKey":[]},\
            "config":{"syncMode":"incremental","destinationSyncMode":"append","cursorField":[],\
            "primaryKey":[],"aliasName":"s",\
            "selected":true,"includeFiles":false}}]}
            """
        #expect(try object(CatalogConversion.sourceCatalog(json(catalog))) == object(expected))
    }

    @Test(arguments: ["{}", #"{"streams":null}"#, #"{"streams":[]}"#])
    func convertsEmptyCatalogs(_ catalog: String) throws {
        #expect(try text(CatalogConversion.sourceCatalog(json(catalog))) == #"{"streams":[]}"#)
        let operations = catalog.replacing("streams", with: "operations")
        #expect(try text(CatalogConversion.destinationCatalog(json(operations))) == #"{"operations":[]}"#)
    }

    @Test func keepsTheOrderOfStreams() throws {
        let names = (0..<500).map { "stream \($0)" }
        let streams = names.map { #"{"name":"\#($0)","supported_sync_modes":["full_refresh"]}"# }.joined(
            separator: ","
        )
        let converted = try object(CatalogConversion.sourceCatalog(json(#"{"streams":[\#(streams)]}"#)))
        let list = try #require(converted["streams"] as? [[String: [String: Any]]])
        #expect(list.map { $0["stream"]?["name"] as? String } == names)
        #expect(
            list.map { $0["config"]?["aliasName"] as? String } == names.map { $0.replacing(" ", with: "_") }
        )
        #expect(list.allSatisfy { $0["config"]?["syncMode"] as? String == "full_refresh" })
    }

    @Test func convertsDestinationOperations() throws {
        let catalog = """
            {"operations":[{"object_name":"contact","sync_mode":"append_dedup","json_schema":{"n": 1.10},\
            "matching_keys":[["id"],["a","b"]],"more":1},{"object_name":"x","sync_mode":"soft_delete",\
            "json_schema":{}}]}
            """
        #expect(
            text(try CatalogConversion.destinationCatalog(json(catalog))) == """
                {"operations":[{"objectName":"contact","syncMode":"append_dedup","schema":{"n": 1.10},\
                "matchingKeys":[["id"],["a","b"]]},{"objectName":"x","syncMode":"soft_delete","schema":{},\
                "matchingKeys":[]}]}
                """
        )
    }

    @Test func namesWhatIsMissing() throws {
        let stream = #expect(throws: CatalogConversionError.self) {
            try CatalogConversion.sourceCatalog(
                json(#"{"streams":[{"name":"a","json_schema":{}},{"json_schema":{}}]}"#)
            )
        }
        #expect(stream?.description == "stream 2 of the catalog has no name")
        for (operation, missing) in [
            (#"{"sync_mode":"append","json_schema":{}}"#, "object_name"),
            (#"{"object_name":"a","json_schema":{}}"#, "sync_mode"),
        ] {
            let error = #expect(throws: CatalogConversionError.self) {
                try CatalogConversion.destinationCatalog(json(#"{"operations":[\#(operation)]}"#))
            }
            #expect(error?.description == "operation 1 of the catalog has no \(missing)")
        }
    }

    @Test(arguments: [#""{}""#, "[]", "true", "1"])
    func refusesStreamsWhoseSchemaIsNoObject(_ schema: String) throws {
        let error = #expect(throws: CatalogConversionError.self) {
            try CatalogConversion.sourceCatalog(
                json(#"{"streams":[{"name":"a","json_schema":\#(schema)}]}"#)
            )
        }
        #expect(error?.description == "stream 1 of the catalog has a json_schema that is not an object")
    }

    @Test func refusesOperationsWhoseSchemaIsNoObject() throws {
        let operation = #"{"object_name":"a","sync_mode":"append","json_schema":[]}"#
        let error = #expect(throws: CatalogConversionError.self) {
            try CatalogConversion.destinationCatalog(json(#"{"operations":[\#(operation)]}"#))
        }
        #expect(error?.description == "operation 1 of the catalog has a json_schema that is not an object")
    }

    @Test(arguments: ["", #","json_schema":null"#])
    func sendsAnEmptySchemaForNone(_ member: String) throws {
        let operation = try CatalogConversion.destinationCatalog(
            json(#"{"operations":[{"object_name":"a","sync_mode":"append"\#(member)}]}"#)
        )
        #expect(
            text(operation)
                == #"{"operations":[{"objectName":"a","syncMode":"append","schema":{},"matchingKeys":[]}]}"#
        )
        let stream = try CatalogConversion.sourceCatalog(json(#"{"streams":[{"name":"a"\#(member)}]}"#))
        #expect(text(stream).contains(#""name":"a","jsonSchema":{},"#))
    }

    /// The server reads JSON with the types that it asks for.
    @Test func sendsScalarsInTheTypeThatIsWanted() throws {
        let catalog = try CatalogConversion.sourceCatalog(
            json(
                #"{"streams":[{"name":1.50,"namespace":false,"json_schema":{},"source_defined_cursor":" TRUE ","#
                    + #""is_resumable":0,"is_file_based":"","default_cursor_field":[true],"#
                    + #""source_defined_primary_key":[[7,"\u00e9"]]}]}"#
            )
        )
        #expect(
            text(catalog) == #"""
                {"streams":[{"stream":{"name":"1.50","jsonSchema":{},"supportedSyncModes":[],"sourceDefinedCursor":true,\#
                "defaultCursorField":["true"],"sourceDefinedPrimaryKey":[["7","\u00e9"]],"namespace":"false",\#
                "isResumable":false},"config":{"syncMode":"incremental","destinationSyncMode":"append",\#
                "cursorField":["true"],"primaryKey":[["7","\u00e9"]],"aliasName":"1_50","selected":true,\#
                "includeFiles":false}}]}
                """#
        )
        let operations = try CatalogConversion.destinationCatalog(
            json(#"{"operations":[{"object_name":true,"sync_mode":"append","matching_keys":[[1]]}]}"#)
        )
        #expect(text(operations).contains(#""objectName":"true""#))
        #expect(text(operations).contains(#""matchingKeys":[["1"]]"#))
    }

    @Test func writesRequests() throws {
        let catalog = try json(#"{"streams":[]}"#)
        let full = try CatalogConversion.writeDiscoverCatalogResult(
            catalog: .held(catalog),
            sourceId: "id-1",
            connectorVersion: "1.2.3",
            configurationHash: "abc"
        )
        #expect(
            text(full.bytes ?? [])
                == #"{"catalog":{"streams":[]},"sourceId":"id-1","connectorVersion":"1.2.3","#
                + #""configurationHash":"abc"}"#
        )
        let bare = try CatalogConversion.writeDiscoverCatalogResult(
            catalog: .held(catalog),
            sourceId: nil,
            connectorVersion: nil,
            configurationHash: nil
        )
        #expect(text(bare.bytes ?? []) == #"{"catalog":{"streams":[]},"connectorVersion":""}"#)
        let destination = try CatalogConversion.writeDestinationDiscoverCatalogResult(
            catalog: .held(json("{}")),
            destinationId: "id-2",
            connectorVersion: nil,
            configurationHash: "h"
        )
        #expect(
            text(destination.bytes ?? [])
                == #"{"catalog":{"operations":[]},"destinationId":"id-2","connectorVersion":"","#
                + #""configurationHash":"h"}"#
        )
    }

    /// From a line of output to the request, schemas opaque to the index all the way.
    @Test func convertsACatalogOutOfATranscript() throws {
        var reader = TranscriptReader(digestSeed: 1)
        _ = reader.read(Array((#"{"type":"CATALOG","catalog":"# + Self.full + "}\n").utf8))
        let catalog = try #require(reader.transcript.catalog?.value)
        #expect(
            try CatalogConversion.sourceCatalog(catalog) == CatalogConversion.sourceCatalog(json(Self.full))
        )
    }
}
