import Testing

/// Catalogs that are odd: told of on the console, and delivered nevertheless.
@Suite struct CatalogWarningsTests {
    @Test(arguments: Backend.allCases)
    func sourceCatalogIsDeliveredWithWarnings(_ backend: Backend) async throws {
        let script = ##"""
            line {"type":"CATALOG","catalog":{"streams":[{"name":"users","namespace":"public","supported_sync_modes":["full_refresh"],"source_defined_primary_key":[["id"]],"default_cursor_field":["updated_at"],"json_schema":{"type":"object","properties":{"id":{"$ref":"WellKnownTypes.json#/definitions/Integer"},"born":{"$ref":"WellKnownTypes.json#/definitions/Dat"},"address":{"$ref":"#/definitions/address"}}}},{"name":"users","namespace":"public","supported_sync_modes":["full_refresh"],"json_schema":{"type":"object"}},{"name":" ","supported_sync_modes":["full_refresh"],"json_schema":{}},{"name":"tr0ub4dor&3","supported_sync_modes":["full_refresh"],"source_defined_primary_key":[["id"]],"json_schema":{"properties":{"x":{}}}}]}}
            """##
        let config = #"{"host": "h", "password": "tr0ub4dor&3"}"#
        let outcome = try await Pod.with("discover", config: config, backend: backend) {
            try await $0.run(.script(script))
        }
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.calls.suffix(3) == ["sources/catalog", "output", "success"])
        let request = try #require(outcome.requests("sources/catalog").first)
        #expect(request["body"]["catalog"]["streams"].elements.count == 4)
        #expect(outcome.output["discoverCatalogId"] == request["answer"]["catalogId"])
        #expect(outcome.output["failureReason"] == .null)

        let users = #"Stream "users" of namespace "public": "#
        let expected = [
            users
                + ##"its schema refers to "WellKnownTypes.json#/definitions/Dat" at "#/properties/born", which is not a well-known type"##,
            users
                + ##"its schema refers to "#/definitions/address" at "#/properties/address", which is not in the schema"##,
            users + #"its schema has no field ["updated_at"], which is its default cursor"#,
            users + "number 2 of the catalog has the same name as number 1",
            #"Stream 3: its name " " is empty"#,
            #"Stream "**********": its schema has no field ["id"], which is in its primary key"#,
        ]
        #expect(outcome.platformWarnings == expected, "\(outcome)")
        #expect(!outcome.console.contains("tr0ub4dor"))
    }

    @Test func destinationCatalogIsDeliveredWithWarnings() async throws {
        let script = """
            line {"type": "DESTINATION_CATALOG", "destination_catalog": {"operations": [{"object_name": "users", \
            "sync_mode": "append_dedup", "json_schema": {"properties": {"x": {}}}, "matching_keys": [["id"]]}]}}
            """
        let outcome = try await Pod.with("discover", input: ["--image", "airbyte/destination-hubspot:1"]) {
            try await $0.run(.script(script))
        }
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.requests("destinations/catalog").count == 1)
        #expect(outcome.calls.last == "success")
        #expect(
            outcome.platformWarnings == [
                #"Operation "users" (append_dedup): its schema has no field ["id"], which is one of its matching keys"#
            ]
        )
    }

    @Test func manyWarningsEndInACount() async throws {
        let stream = #"{"name":"s","supported_sync_modes":["full_refresh"],"json_schema":{}}"#
        let streams = Array(repeating: stream, count: 151).joined(separator: ",")
        let script = #"line {"type":"CATALOG","catalog":{"streams":[\#(streams)]}}"#
        let outcome = try await Pod.with("discover") { try await $0.run(.script(script)) }
        #expect(outcome.exitCode == 0, "\(outcome)")
        let warnings = outcome.platformWarnings
        #expect(warnings.count == 101)
        #expect(warnings.last == "The catalog has 50 more findings, 150 in all: duplicate_name 150")
        #expect(outcome.calls.last == "success")
    }
}
