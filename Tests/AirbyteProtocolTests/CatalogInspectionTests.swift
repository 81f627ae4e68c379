import ProtocolTestSupport
import TestSupport
import Testing

@testable import AirbyteProtocol

/// Names, bounds and lines; for what is found in schemas, see the suites of references and keys.
@Suite struct CatalogInspectionTests {
    private func source(_ streams: String) throws -> CatalogInspection {
        CatalogInspection(sourceCatalog: try json(#"{"streams":[\#(streams)]}"#))
    }

    private func destination(_ operations: String) throws -> CatalogInspection {
        CatalogInspection(destinationCatalog: try json(#"{"operations":[\#(operations)]}"#))
    }

    /// What is found, but for schemas that are not there.
    private func texts(_ inspection: CatalogInspection) -> [String] {
        inspection.findings.filter { $0.kind != .missingSchema }.map(\.text)
    }

    // MARK: Names

    @Test(arguments: [
        (#"{"name":"a"},{"name":"b"}"#, [String]()),
        (#"{"name":"a"},{"name":"a","namespace":"n"},{"name":"a","namespace":"m"}"#, []),
        (#"{"name":"a"},{"name":"A"},{"name":" a"}"#, []),
        // Two spellings that look alike are two names.
        (#"{"name":"caf\u00e9"},{"name":"cafe\u0301"}"#, []),
        (#"{"name":"a","namespace":"b"},{"name":"b","namespace":"a"}"#, []),
        (
            #"{"name":"a"},{"name":"b"},{"name":"a","namespace":null}"#,
            [#"Stream "a": number 3 of the catalog has the same name as number 1"#]
        ),
        (
            #"{"name":"a","namespace":"n"},{"name":"a","namespace":"n"},{"name":"\u0061","namespace":"n"}"#,
            [
                #"Stream "a" of namespace "n": number 2 of the catalog has the same name as number 1"#,
                #"Stream "a" of namespace "n": number 3 of the catalog has the same name as number 1"#,
            ]
        ),
        (#"{"name":""}"#, [#"Stream 1: its name "" is empty"#]),
        (#"{"name":"a"},{"name":" \t"}"#, [#"Stream 2: its name " \t" is empty"#]),
        ("{\"name\":\"\u{3000}\u{A0}\"}", ["Stream 1: its name \"\u{3000}\u{A0}\" is empty"]),
        (
            #"{"name":"","namespace":"n"},{"name":"","namespace":"n"}"#,
            [
                #"Stream 1 of namespace "n": its name "" is empty"#,
                #"Stream 2 of namespace "n": its name "" is empty"#,
                #"Stream 2 of namespace "n": number 2 of the catalog has the same name as number 1"#,
            ]
        ),
        ("{}", ["Stream 1: it has no name"]),
        // Nulls in the list are left out, as where the catalog is converted.
        (#"null,{"name":" "}"#, [#"Stream 1: its name " " is empty"#]),
    ])
    func tellsOfStreamNames(_ streams: String, _ expected: [String]) throws {
        #expect(texts(try source(streams)) == expected)
    }

    @Test(arguments: [
        (#"{"object_name":"a","sync_mode":"append"},{"object_name":"a","sync_mode":"update"}"#, [String]()),
        (
            #"{"object_name":"a","sync_mode":"append"},{"object_name":"a","sync_mode":"append"}"#,
            [#"Operation "a" (append): number 2 of the catalog has the same name as number 1"#]
        ),
        (
            #"{"object_name":"  ","sync_mode":"append"}"#,
            [#"Operation 1 (append): its name "  " is empty"#]
        ),
        ("{}", ["Operation 1: it has no name"]),
    ])
    func tellsOfOperationNames(_ operations: String, _ expected: [String]) throws {
        #expect(texts(try destination(operations)) == expected)
    }

    @Test func tellsOfOperationSchemas() throws {
        let inspection = try destination(
            """
            {"object_name":"a","sync_mode":"append_dedup","matching_keys":[["id"],["mail"],["at","b"]],\
            "json_schema":{"properties":{"mail":{"$ref":"WellKnownTypes.json#/definitions/Sting"},\
            "at":{"properties":{"c":{}}}}}}
            """
        )
        let title = #"Operation "a" (append_dedup): its schema"#
        #expect(
            texts(inspection) == [
                title
                    + ##" refers to "WellKnownTypes.json#/definitions/Sting" at "#/properties/mail", which is not a well-known type"##,
                title + #" has no field ["id"], which is one of its matching keys"#,
                title + #" has no field ["at","b"], which is one of its matching keys"#,
            ]
        )
        #expect(inspection.counts == [.unknownWellKnownType: 1, .missingMatchingKey: 2])
    }

    // MARK: Schemas

    @Test(arguments: ["", #","json_schema":null"#])
    func tellsOfMissingSchemas(_ member: String) throws {
        let text = "it has no schema; an empty one is sent instead"
        let streams = try source(#"{"name":"a"\#(member)},{"name":"b","json_schema":{}}"#)
        #expect(streams.findings.map(\.text) == [#"Stream "a": "# + text])
        #expect(streams.counts == [.missingSchema: 1])
        let operations = try destination(#"{"object_name":"a","sync_mode":"append"\#(member)}"#)
        #expect(operations.findings.map(\.text) == [#"Operation "a" (append): "# + text])
    }

    /// airbyte-source-sftp-bulk 1.9.3 on airbyte-cdk 7.39.1, with a host that refuses connections.
    @Test func tellsOfThePlaceholdersOfTheFileCDK() throws {
        let properties = [
            #""_ab_source_file_last_modified":{"type":"string"}"#,
            #""_ab_source_file_url":{"type":"string"}"#,
            #""data":{"type":"object"}"#,
        ]
        func schema(_ properties: [String]) -> String {
            #"{"type":"object","properties":{\#(properties.joined(separator: ", "))}}"#
        }
        let cursor = #""default_cursor_field":["_ab_source_file_last_modified"]"#
        let inspection = try source(
            """
            {"name":"a",\(cursor),"json_schema":\(schema(properties))},{"name":"b","json_schema":\(schema(properties))}
            """
        )
        #expect(inspection.counts == [.placeholderSchema: 2])
        #expect(
            inspection.findings[0].text == """
                Stream "a": its schema has nothing but the placeholder columns of Airbyte's file CDK \
                (_ab_source_file_last_modified, _ab_source_file_url, data): it found no files that it could read, or the \
                stream is schemaless
                """
        )
        for others in [
            properties + [#""id":{}"#], [properties[2]], [properties[0], properties[2]], [properties[1]], [],
            ["\"x\":{\(properties[0])}", properties[1]],
        ] {
            #expect(try source(#"{"name":"a","json_schema":\#(schema(others))}"#).total == 0, "\(others)")
        }
        #expect(try source(#"{"name":"a","json_schema":{"properties":["_ab_source_file_url"]}}"#).total == 0)
    }

    // MARK: Scalars of another type

    @Test func readsNamesOfAnyScalar() throws {
        let inspection = try source(
            #"{"name":7,"namespace":true,"json_schema":{}},{"name":"7","namespace":"true","json_schema":{}}"#
        )
        let expected =
            #"Stream "7" of namespace "true": number 2 of the catalog has the same name as number 1"#
        #expect(inspection.findings.map(\.text) == [expected])
        let keys = try source(
            #"{"name":"a","source_defined_primary_key":[[1],[2]],"json_schema":{"properties":{"1":{}}}}"#
        )
        #expect(
            keys.findings.map(\.text) == [
                #"Stream "a": its schema has no field ["2"], which is in its primary key"#
            ]
        )
    }

    // MARK: What a finding holds

    @Test func namesTheStream() throws {
        let inspection = try source(
            #"{"name":"x","json_schema":{}},{"name":"üsers 🙂","namespace":"pub\"lic","default_cursor_field":["at"],"json_schema":{"properties":{"id":{}}}}"#
        )
        let finding = try #require(inspection.findings.first)
        #expect(finding.kind == .missingCursorField)
        #expect(finding.number == 2)
        #expect(finding.name == "üsers 🙂")
        #expect(finding.namespace == "pub\"lic")
        #expect(
            finding.text
                == #"Stream "üsers 🙂" of namespace "pub\"lic": its schema has no field ["at"], which is its default cursor"#
        )
        #expect(inspection.findings.count == 1)
    }

    @Test func staysOnOneLine() throws {
        let name = #"a\nb\r\u0000\u001b[31m\u0085\u2028\\\"c"#
        let inspection = try source(#"{"name":"\#(name)"},{"name":"\#(name)"}"#)
        let text = try #require(inspection.findings.first?.text)
        #expect(text.hasPrefix(#"Stream "a\nb\r\u0000\u001b[31m\u0085\u2028\\\"c": "#))
        #expect(!text.contains { $0.isNewline })
    }

    /// A secret that was cut could not be hidden any more: what is too long is not quoted at all.
    @Test func quotesNothingInPart() throws {
        let long = String(repeating: "s", count: Quotation.maximumLength + 1)
        let schema = ##"{"properties":{"id":{"$ref":"#/\##(long)"}}}"##
        let stream =
            #"{"name":"\#(long)","namespace":"\#(long)","source_defined_primary_key":[["\#(long)"],["id","\#(long)"]],"json_schema":\#(schema)}"#
        let inspection = try source("\(stream),\(stream)")
        // The second key lies behind a reference that leads nowhere: nobody knows.
        #expect(inspection.counts == [.unresolvedReference: 2, .missingPrimaryKey: 2, .duplicateName: 1])
        for finding in inspection.findings {
            #expect(finding.name == nil && finding.namespace == nil)
            #expect(!finding.text.contains("ss"), "\(finding.text)")
        }
        #expect(inspection.findings[0].text.hasPrefix("Stream 1 of namespace (a text of 513 bytes): "))
        let shown = String(repeating: "s", count: Quotation.maximumLength)
        #expect(try source(#"{"name":"\#(shown)"}"#).findings[0].name == shown)
    }

    // MARK: Bounds

    @Test func keepsSomeAndCountsAll() throws {
        let streams = Array(repeating: #"{"name":"a","json_schema":{}}"#, count: 1_001).joined(separator: ",")
        let inspection = try source(streams + #",{"name":"","json_schema":{}}"#)
        #expect(inspection.findings.count == CatalogInspection.maximumFindings)
        #expect(inspection.findings.map(\.number) == Array(2...101))
        #expect(inspection.counts == [.duplicateName: 1_000, .emptyName: 1])
        #expect(inspection.total == 1_001)
    }

    @Test func findsNothingInAGoodCatalog() throws {
        let inspection = try source(
            """
            {"name":"users","namespace":"public","source_defined_primary_key":[["id"]],\
            "default_cursor_field":["updated_at"],"json_schema":{"type":"object","additionalProperties":true,\
            "properties":{"id":{"type":"integer"},"updated_at":{"type":"string","format":"date-time",\
            "airbyte_type":"timestamp_with_timezone"}}}},\
            {"name":"orders","source_defined_primary_key":[],"default_cursor_field":[],"json_schema":{}}
            """
        )
        #expect(inspection.findings.isEmpty && inspection.counts.isEmpty && inspection.total == 0)
    }

    @Test(arguments: [
        "{}", "[]", "null", "1", #"{"streams":null}"#, #"{"streams":{"name":"a"}}"#, #"{"streams":"x"}"#,
        #"{"streams":[],"operations":null}"#,
    ])
    func takesAnyValueForACatalog(_ catalog: String) throws {
        #expect(CatalogInspection(sourceCatalog: try json(catalog)).total == 0)
        #expect(CatalogInspection(destinationCatalog: try json(catalog)).total == 0)
    }

    @Test(arguments: [
        "1", "[]", "{}", "true", #""x""#, "null", "[[1]]", "[[[]]]", #"[1,"x",null]"#, #"[["x",1]]"#,
    ])
    func takesAnyValueForAMember(_ value: String) throws {
        for member in [
            "name", "namespace", "json_schema", "source_defined_primary_key", "default_cursor_field",
        ] {
            let stream = #"{"name":"s","\#(member)":\#(value),"json_schema":{"properties":{"y":{}}}}"#
            let kinds = try source(stream).counts.keys
            #expect(!kinds.contains(.duplicateName))
        }
        for member in ["object_name", "sync_mode", "json_schema", "matching_keys"] {
            let operation = #"{"object_name":"s","\#(member)":\#(value)}"#
            #expect(try destination(operation).counts[.duplicateName] == nil)
        }
    }

    /// From a line of output, schemas opaque to the index all the way.
    @Test func takesACatalogOutOfATranscript() throws {
        var reader = TranscriptReader(digestSeed: 1)
        let line = """
            {"type":"CATALOG","catalog":{"streams":[{"name":"s","source_defined_primary_key":[["id"]],\
            "json_schema":{"properties":{"x":{"$ref":"#/definitions/y"}}}}]}}
            """
        _ = reader.read(Array((line + "\n").utf8))
        let inspection = CatalogInspection(sourceCatalog: try #require(reader.transcript.catalog?.value))
        #expect(inspection.findings.map(\.kind) == [.unresolvedReference, .missingPrimaryKey])
    }
}
