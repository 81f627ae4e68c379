import ProtocolTestSupport
import TestSupport
import Testing

@testable import AirbyteProtocol

/// Which keys and cursors a catalog's inspection misses in schemas.
@Suite struct SchemaPathsTests {
    private func counts(_ schema: String, keys: String = "[]", cursor: String = "[]") throws
        -> [CatalogInspection.Kind: Int]
    {
        CatalogInspection(
            sourceCatalog: try json(
                """
                {"streams":[{"name":"s","source_defined_primary_key":\(keys),"default_cursor_field":\(cursor),\
                "json_schema":\(schema)}]}
                """
            )
        ).counts
    }

    /// One path as a key and as a cursor: both are judged alike.
    private func isMissed(_ path: String, _ schema: String) throws -> Bool {
        let counts = try counts(schema, keys: "[\(path)]", cursor: path)
        let isMissed = counts[.missingPrimaryKey] == 1
        #expect(counts[.missingCursorField] == (isMissed ? 1 : nil))
        return isMissed
    }

    @Test(arguments: [
        (#"["id"]"#, #"{"properties":{"x":{}}}"#),
        (#"["id"]"#, #"{"type":"object","properties":{"x":{}},"additionalProperties":true}"#),
        (#"["id"]"#, #"{"properties":{"ID":{}}}"#),
        (#"["a.b"]"#, #"{"properties":{"a":{"properties":{"b":{}}}}}"#),
        (#"["é"]"#, #"{"properties":{"e\u0301":{}}}"#),
        (#"[""]"#, #"{"properties":{"x":{}}}"#),
        (#"["id"]"#, #"{"properties":{},"additionalProperties":false}"#),
        (#"["id"]"#, #"{"additionalProperties":false}"#),
        (#"["a","c"]"#, #"{"properties":{"a":{"properties":{"b":{}}}}}"#),
        (#"["a","b"]"#, #"{"properties":{"a":{"type":["null","string"]}}}"#),
        (#"["a","b"]"#, #"{"properties":{"a":{"$ref":"WellKnownTypes.json#/definitions/String"}}}"#),
        (#"["a","c"]"#, #"{"properties":{"a":{"type":"array","items":{"properties":{"b":{}}}}}}"#),
        (#"["id"]"#, ##"{"$ref":"#/definitions/x","definitions":{"x":{"properties":{"y":{}}}}}"##),
        (#"["id"]"#, #"{"allOf":[{"properties":{"x":{}}},{"properties":{"y":{}}},{"required":["x"]}]}"#),
        (#"["id"]"#, #"{"oneOf":[{"properties":{"x":{}}},{"type":"null"}]}"#),
        (#"["id"]"#, #"{"anyOf":[{"properties":{"x":{}}},{"properties":{"y":{}}}]}"#),
        (#"["id"]"#, #"{"properties":{"x":{}},"anyOf":[{"required":["x"]},{"required":["y"]}]}"#),
        (#"["id"]"#, #"{"properties":{"x":{}},"if":{"properties":{"id":{}}}}"#),
        (#"["id"]"#, #"{"properties":{"x":{}},"not":{"properties":{"id":{}}}}"#),
        (#"["id"]"#, #"{"properties":{"id":{}},"properties":{"x":{}}}"#),
        (#"["id"]"#, #"{"properties":{"x":{}},"definitions":{"id":{}},"required":["id"]}"#),
        (#"["a","b","c"]"#, #"{"properties":{"a":{"properties":{"b":{"type":"integer"}}}}}"#),
    ])
    func tellsOfWhatIsMissing(_ path: String, _ schema: String) throws {
        #expect(try isMissed(path, schema), "\(path) \(schema)")
    }

    @Test(arguments: [
        // It is there.
        (#"["id"]"#, #"{"properties":{"id":{"type":"integer"}}}"#),
        (#"["\u0069d"]"#, #"{"properties":{"i\u0064":{}}}"#),
        (#"["a.b"]"#, #"{"properties":{"a.b":{}}}"#),
        (#"[""]"#, #"{"properties":{"":{}}}"#),
        (#"["a","b"]"#, #"{"properties":{"a":{"type":["null","object"],"properties":{"b":{}}}}}"#),
        (#"["a","b"]"#, #"{"properties":{"a":{"type":"array","items":{"properties":{"b":{}}}}}}"#),
        (#"["a","b"]"#, #"{"properties":{"a":{"items":[{"properties":{"x":{}}},{"properties":{"b":{}}}]}}}"#),
        (#"["id"]"#, ##"{"$ref":"#/definitions/x","definitions":{"x":{"properties":{"id":{}}}}}"##),
        (
            #"["a","b"]"#,
            ##"{"properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"properties":{"b":{}}}}}"##
        ),
        (#"["id"]"#, #"{"allOf":[{"properties":{"x":{}}},{"properties":{"id":{}}}]}"#),
        (#"["id"]"#, #"{"properties":{"x":{}},"oneOf":[{"properties":{"y":{}}},{"properties":{"id":{}}}]}"#),
        (#"["id"]"#, #"{"properties":{"x":{}},"if":{},"then":{"properties":{"id":{}}}}"#),
        (#"["id"]"#, #"{"properties":{"x":{}},"else":{"properties":{"id":{}}}}"#),
        (#"["id"]"#, #"{"properties":{"x":{}},"dependentSchemas":{"x":{"properties":{"id":{}}}}}"#),
        (#"["id"]"#, #"{"properties":{"x":{}},"dependencies":{"y":["x"],"x":{"properties":{"id":{}}}}}"#),
        (
            #"["a","b"]"#,
            #"{"anyOf":[{"properties":{"a":{"type":"string"}}},{"properties":{"a":{"properties":{"b":{}}}}}]}"#
        ),
        // Anything may be there.
        (#"["id"]"#, "{}"), (#"["id"]"#, #"{"type":"object"}"#), (#"["id"]"#, #"{"properties":{}}"#),
        (#"["id"]"#, #"{"type":"object","additionalProperties":true}"#),
        (#"["id"]"#, #"{"properties":{},"additionalProperties":true}"#),
        (#"["a","b"]"#, #"{"properties":{"a":{}}}"#), (#"["a","b"]"#, #"{"properties":{"a":true}}"#),
        (#"["a","b"]"#, #"{"properties":{"a":{"type":"object"}}}"#),
        (#"["a","b"]"#, #"{"properties":{"a":{"type":"array"}}}"#),
        (#"["a","b"]"#, #"{"properties":{"a":{"type":["string","object"]}}}"#),
        (#"["a","b"]"#, #"{"properties":{"a":{"type":"array","items":{}}}}"#),
        (#"["a","b"]"#, #"{"properties":{"a":{"type":"array","items":true}}}"#),
        (#"["id"]"#, #"{"oneOf":[{"properties":{"x":{}}},{"type":"object"}]}"#),
        (#"["id"]"#, #"{"anyOf":[{"properties":{"x":{}}},true]}"#),
        (#"["id"]"#, #"{"allOf":[]}"#), (#"["id"]"#, #"{"anyOf":[]}"#),
        (#"["id"]"#, #"{"properties":{"x":{}},"additionalProperties":{"type":"string"}}"#),
        (#"["id"]"#, #"{"properties":{"x":{}},"patternProperties":{"^i":{}}}"#),
        (
            #"["a","b"]"#,
            #"{"anyOf":[{"properties":{"a":{"type":"string"}}},{"type":"object"}]}"#
        ),
        // Nobody knows.
        (#"["id"]"#, ##"{"properties":{"x":{}},"$ref":"https://example.com/x.json"}"##),
        (#"["id"]"#, ##"{"properties":{"x":{}},"$ref":"#/definitions/nowhere"}"##),
        (#"["id"]"#, ##"{"properties":{"x":{}},"$ref":"#anchor"}"##),
        (#"["id"]"#, ##"{"properties":{"x":{}},"$ref":"x.json"}"##),
        (#"["id"]"#, #"{"properties":{"x":{}},"$ref":7}"#),
        (#"["id"]"#, ##"{"properties":{"x":{}},"$dynamicRef":"#node"}"##),
        (#"["id"]"#, ##"{"properties":{"x":{}},"$recursiveRef":"#"}"##),
        (#"["a","b"]"#, ##"{"properties":{"a":{"$ref":"WellKnownTypes.json#/definitions/X"}}}"##),
        (
            #"["id"]"#,
            ##"{"$ref":"#/definitions/x","definitions":{"x":{"properties":{"y":{}}},"z":{"$id":"z.json"}}}"##
        ),
        (#"["a","b"]"#, #"{"properties":{"a":false}}"#), (#"["a","b"]"#, #"{"properties":{"a":7}}"#),
        (#"["id"]"#, #"[]"#), (#"["id"]"#, #"null"#), (#"["id"]"#, #"true"#), (#"["id"]"#, #""x""#),
        (#"["id"]"#, #"{"type":7,"properties":7}"#),
        // No path.
        ("[]", #"{"properties":{"x":{}}}"#), ("[null]", #"{"properties":{"x":{}}}"#),
    ])
    func saysNothingWhereItIsThereOrMayBe(_ path: String, _ schema: String) throws {
        #expect(try !isMissed(path, schema), "\(path) \(schema)")
    }

    @Test func countsEachKey() throws {
        let schema = #"{"properties":{"a":{},"b":{}}}"#
        let counts = try counts(schema, keys: #"[["a"],["x"],[],["b"],["y","z"],null]"#, cursor: #"["b"]"#)
        #expect(counts == [.missingPrimaryKey: 2])
    }

    // MARK: Bombs

    @Test(arguments: [
        ##"{"$ref":"#","properties":{"x":{}}}"##,
        ##"{"allOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/b"}]},"b":{"$ref":"#/$defs/a"}}}"##,
        ##"{"items":{"$ref":"#"},"type":"array"}"##,
    ])
    func endsOnCycles(_ schema: String) throws {
        #expect(try !isMissed(#"["id"]"#, schema))
    }

    /// A tree whose nodes refer to themselves has its fields at every depth.
    @Test func followsRecursiveSchemas() throws {
        let schema =
            ##"{"$ref":"#/$defs/n","$defs":{"n":{"properties":{"id":{},"next":{"$ref":"#/$defs/n"}}}}}"##
        let steps = Array(repeating: #""next""#, count: 50).joined(separator: ",")
        #expect(try !isMissed("[\(steps),\"id\"]", schema))
        #expect(try isMissed("[\(steps),\"other\"]", schema))
    }

    @Test func givesUpOnDepth() throws {
        func chain(_ length: Int) -> String {
            let links = (0..<length).map { ##""d\##($0)":{"$ref":"#/$defs/d\##($0 + 1)"}"## }
            return
                ##"{"$ref":"#/$defs/d0","$defs":{\##(links.joined(separator: ",")),"d\##(length)":{"properties":{"x":{}}}}}"##
        }
        #expect(try isMissed(#"["id"]"#, chain(20)))
        #expect(try !isMissed(#"["id"]"#, chain(20_000)), "beyond the depth that is looked at")
        let nested = (JSONDocument.maximumDepth - 20) / 2
        let schema =
            String(repeating: #"{"allOf":["#, count: nested) + #"{"properties":{"x":{}}}"#
            + String(repeating: "]}", count: nested)
        #expect(try !isMissed(#"["id"]"#, schema))
    }

    /// Every level doubles the number of ways: 2 to the power of 40.
    @Test func endsOnDiamonds() throws {
        let levels = (0..<40).map {
            ##""d\##($0)":{"allOf":[{"$ref":"#/$defs/d\##($0 + 1)"},{"$ref":"#/$defs/d\##($0 + 1)"}]}"##
        }
        let schema =
            ##"{"$ref":"#/$defs/d0","$defs":{\##(levels.joined(separator: ",")),"d40":{"properties":{"x":{}}}}}"##
        #expect(try !isMissed(#"["x"]"#, schema))
        #expect(try isMissed(#"["id"]"#, schema), "each schema is judged once")
    }

    /// Many keys times many fields: what is not looked at is not told of.
    @Test func boundsItsLooks() throws {
        let fields = (0..<20_000).map { #""f\#($0)":{}"# }.joined(separator: ",")
        let keys = (0..<20_000).map { #"["k\#($0)"]"# }.joined(separator: ",")
        let missing = try #require(
            try counts(#"{"properties":{\#(fields)}}"#, keys: "[\(keys)]")[.missingPrimaryKey]
        )
        #expect((5..<200).contains(missing))
    }
}
