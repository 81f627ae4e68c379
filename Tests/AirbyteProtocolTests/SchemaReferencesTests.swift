import ProtocolTestSupport
import TestSupport
import Testing

@testable import AirbyteProtocol

/// Which references of schemas a catalog's inspection tells of, and which not.
@Suite struct SchemaReferencesTests {
    private func inspection(_ schema: String) throws -> CatalogInspection {
        CatalogInspection(
            sourceCatalog: try json(#"{"streams":[{"name":"s","json_schema":\#(schema)}]}"#)
        )
    }

    private func kinds(_ schema: String) throws -> [CatalogInspection.Kind] {
        try inspection(schema).findings.map(\.kind)
    }

    /// A schema with one field that refers to something.
    private func kinds(referringTo reference: String, _ more: String = "") throws -> [CatalogInspection.Kind]
    {
        try kinds(#"{"properties":{"a":{"$ref":"\#(reference)"}}\#(more)}"#)
    }

    // MARK: Well-known types

    @Test(arguments: WellKnownType.allCases)
    func knowsEveryType(_ type: WellKnownType) throws {
        #expect(try kinds(referringTo: "WellKnownTypes.json#/definitions/\(type.rawValue)") == [])
    }

    @Test(arguments: [
        "WellKnownTypes.json#/definitions/Strng", "WellKnownTypes.json#/definitions/string",
        "WellKnownTypes.json#/definitions/", "WellKnownTypes.json#/definitions/String/type",
        "WellKnownTypes.json#/String", "WellKnownTypes.json#String", "WellKnownTypes.json#",
        "WellKnownTypes.json",
        #"WellKnownTypes.json#\/definitions\/Strung"#, #"WellKnownTypes.json#/definitions/Str\u00efng"#,
        #"\u0057ellKnownTypes.json#/definitions/Nothing"#,
    ])
    func tellsOfUnknownTypes(_ reference: String) throws {
        #expect(try kinds(referringTo: reference) == [.unknownWellKnownType])
    }

    /// Swift takes the sign of the kelvin for a K; readers of the catalog do not.
    @Test func comparesNamesByBytes() throws {
        #expect(
            try kinds(referringTo: "Well\u{212A}nownTypes.json#/definitions/String") == [.unresolvedReference]
        )
    }

    @Test(arguments: [
        // Wherever a schema can be.
        #"{"properties":{"a":R}}"#, #"{"items":R}"#, #"{"items":[{},R]}"#, #"{"oneOf":[{"type":"null"},R]}"#,
        #"{"anyOf":[R]}"#, #"{"allOf":[R]}"#, #"{"additionalProperties":R}"#, #"{"definitions":{"d":R}}"#,
        #"{"$defs":{"d":R}}"#, #"{"patternProperties":{"^x":R}}"#, #"{"not":R}"#, #"{"if":{},"then":R}"#,
        #"{"else":R}"#, #"{"if":R}"#, #"{"contains":R}"#, #"{"prefixItems":[R]}"#, #"{"additionalItems":R}"#,
        #"{"dependentSchemas":{"x":R}}"#, #"{"dependencies":{"y":["z"],"x":R}}"#, #"{"propertyNames":R}"#,
        #"{"unevaluatedProperties":R}"#, #"{"unevaluatedItems":R}"#, "R",
        #"{"properties":{"a":{"items":{"oneOf":[{"properties":{"b":{"additionalProperties":R}}}]}}}}"#,
        // A field may have any name.
        #"{"properties":{"$ref":R}}"#, #"{"properties":{"enum":R}}"#, #"{"properties":{"properties":R}}"#,
        // What is referred to is looked at, wherever it is.
        ##"{"properties":{"a":{"$ref":"#/components/x"}},"components":{"x":R}}"##,
        // The name in escapes.
        #"{"properties":{"a":{"\u0024ref":"WellKnownTypes.json#/definitions/Strng"}}}"#,
    ])
    func findsThemEverywhere(_ schema: String) throws {
        let reference = #"{"$ref":"WellKnownTypes.json#/definitions/Strng"}"#
        #expect(try kinds(schema.replacing("R", with: reference)) == [.unknownWellKnownType], "\(schema)")
    }

    @Test(arguments: [
        // Data is no schema.
        #"{"default":R}"#, #"{"enum":[R]}"#, #"{"const":R}"#, #"{"examples":[R]}"#, #"{"x-own":R}"#,
        #"{"required":[R]}"#, #"{"description":"$ref: WellKnownTypes.json#/definitions/Strng"}"#,
        // A field called $ref is no reference.
        #"{"properties":{"$ref":{"type":"string"}}}"#,
        // Of duplicates, the last counts.
        #"{"properties":{"a":R},"properties":{}}"#,
        #"{"properties":{"a":{"$ref":"WellKnownTypes.json#/nowhere","$ref":"WellKnownTypes.json#/definitions/String"}}}"#,
        // Values that are no references.
        #"{"$ref":1}"#, #"{"$ref":null}"#, ##"{"$ref":["#/x"]}"##, #"{"$ref":{"$ref":1}}"#,
        // Members that have to be objects or lists, and are not.
        #"{"properties":[R],"oneOf":{"x":1},"items":7,"definitions":null,"x":"$ref"}"#,
    ])
    func takesNothingElseForAReference(_ schema: String) throws {
        let reference = #"{"$ref":"WellKnownTypes.json#/definitions/Strng"}"#
        #expect(try kinds(schema.replacing("R", with: reference)) == [], "\(schema)")
    }

    @Test(arguments: [
        (#""number""#, "Number", true), (#""integer""#, "Integer", true), (#""object""#, "String", true),
        (#""string""#, "Boolean", true), (#"["null","boolean"]"#, "Date", true), (#""null""#, "Date", true),
        (#""string""#, "Number", false), (#""boolean""#, "Boolean", false),
        (#"["null","string"]"#, "Integer", false),
        (#"["string","number"]"#, "Number", false), ("[]", "String", false), ("null", "String", false),
        ("{}", "String", false), ("[1]", "String", false),
    ])
    func comparesTypes(_ type: String, _ name: String, _ contradicts: Bool) throws {
        let schema =
            #"{"properties":{"a":{"type":\#(type),"$ref":"WellKnownTypes.json#/definitions/\#(name)"}}}"#
        #expect(try kinds(schema) == (contradicts ? [.contradictedType] : []))
    }

    // MARK: Local references

    @Test(arguments: [
        "", "#", "#/definitions/x", "#/definitions/x/properties/y", "#/definitions/a~1b",
        "#/definitions/c~0d",
        "#/definitions/%C3%A9%20f", "#/definitions/e%25f", "#/definitions/100%", "#/definitions/~01",
        "#/definitions/list/1", "#/definitions/", "#%2Fdefinitions/x", "#/properties/a",
        #"#/definitions/\u00e9 f"#, "#/definitions/x/properties/y/type",
    ])
    func resolvesPointers(_ reference: String) throws {
        let definitions = """
            ,"definitions":{"x":{"properties":{"y":{"type":"string"}}},"a/b":{},"c~d":{},"é f":{},"e%f":{},\
            "100%":{},"~1":{},"list":[{},{}],"":{}}
            """
        #expect(try kinds(referringTo: reference, definitions) == [], "\(reference)")
    }

    @Test(arguments: [
        "#/definitions/z", "#/definitions/X", "#/definitions/x/y", "#/definitions/list/2",
        "#/definitions/list/01",
        "#/definitions/list/-", "#/definitions/list/-1", "#/definitions/list/99999999999999999999", "#/",
        "#/definitions/list/x", "#/definitions/x/", "#definitions/x", "#x", "#/definitions//x", "#//",
        "#/definitions/x/type/0", "#/definitions/list/", "#/definitions/e\u{301}",
    ])
    func tellsOfPointersToNowhere(_ reference: String) throws {
        let definitions = #","definitions":{"x":{"type":"string"},"list":[{},{}],"\u00e9":{}}"#
        #expect(try kinds(referringTo: reference, definitions) == [.unresolvedReference], "\(reference)")
    }

    @Test(arguments: [
        (##"{"$ref":"#x","definitions":{"d":{"$anchor":"x"}}}"##, true),
        (##"{"$ref":"#x","definitions":{"d":{"$dynamicAnchor":"x"}}}"##, true),
        (##"{"$ref":"#x","definitions":{"d":{"$id":"#x"}}}"##, true),
        (##"{"$ref":"#x","definitions":{"d":{"id":"#x"}}}"##, true),
        (##"{"$ref":"#x","definitions":{"d":{"$anchor":"y"}}}"##, false),
        // A field that is called so is no name.
        (##"{"$ref":"#x","properties":{"$anchor":{"type":"string"}}}"##, false),
    ])
    func knowsAnchors(_ schema: String, _ isThere: Bool) throws {
        #expect(try kinds(schema) == (isThere ? [] : [.unresolvedReference]))
    }

    // MARK: Other places

    @Test(arguments: [
        // A file beside the schema: a catalog has none.
        ("shared/address.json", "", true), ("address.json#/definitions/x", "", true),
        ("./WellKnownTypes.json#/definitions/String", "", true),
        ("wellknowntypes.json#/definitions/String", "", true),
        // What is in the world cannot be known without fetching it.
        ("https://example.com/schema.json#/x", "", false), ("http://example.com", "", false),
        ("urn:example:x", "", false), ("//example.com/x", "", false), ("file:///x.json", "", false),
        // With a base, a relative name is a place in the world as well.
        ("address.json", #","$id":"https://example.com/schema.json""#, false),
        ("address.json", #","id":"https://example.com/schema.json""#, false),
        ("address.json", ##","$id":"#root""##, true),
        // Below a base of its own, `#/` may be another place.
        ("#/definitions/x", #","definitions":{"y":{"$id":"https://example.com/y.json"}}"#, false),
        ("#/definitions/x", #","$id":"https://example.com/schema.json""#, true),
        // A base changes nothing about the well-known types.
        ("WellKnownTypes.json#/definitions/X", #","$id":"https://example.com/""#, false),
    ])
    func tellsOfOtherPlacesOnlyWhereItIsCertain(_ reference: String, _ more: String, _ isTold: Bool) throws {
        let kinds = try kinds(referringTo: reference, more)
        if reference.hasPrefix("WellKnown") {
            #expect(kinds == [.unknownWellKnownType])
        } else {
            #expect(kinds == (isTold ? [.unresolvedReference] : []), "\(reference)\(more)")
        }
    }

    // MARK: Lines

    @Test func saysWhatAndWhere() throws {
        let inspection = try inspection(
            ##"""
            {"properties":{"a/b":{"oneOf":[{"type":"null"},{"$ref":"WellKnownTypes.json#/definitions/Strng"}]},
            "n":{"type":["null","number"],"$ref":"WellKnownTypes.json#/definitions/Number"},
            "m":{"type":"number","$ref":"WellKnownTypes.json#/definitions/Number"},
            "p":{"$ref":"#/definitions/x"},"q":{"$ref":"#/definitions/x"},"r":{"items":{"$ref":"#/definitions/x"}},
            "f":{"$ref":"x.json"}}}
            """##
        )
        #expect(
            inspection.findings.map(\.text) == [
                ##"Stream "s": its schema refers to "WellKnownTypes.json#/definitions/Strng" at "#/properties/a~1b/oneOf/1", which is not a well-known type"##,
                ##"Stream "s": its schema refers to "WellKnownTypes.json#/definitions/Number" at "#/properties/n" and 1 more place, which is a string, but its type there is ["null","number"]"##,
                ##"Stream "s": its schema refers to "#/definitions/x" at "#/properties/p" and 2 more places, which is not in the schema"##,
                ##"Stream "s": its schema refers to "x.json" at "#/properties/f", a file that readers of the catalog do not have"##,
            ]
        )
        #expect(
            inspection.counts == [.unknownWellKnownType: 1, .contradictedType: 1, .unresolvedReference: 2]
        )
    }

    // MARK: Bombs

    @Test(arguments: [
        ##"{"$ref":"#"}"##, ##"{"properties":{"a":{"$ref":"#/properties/a"}}}"##,
        ##"{"properties":{"a":{"$ref":"#/properties/b"},"b":{"$ref":"#/properties/a"}}}"##,
        ##"{"definitions":{"node":{"properties":{"next":{"$ref":"#/definitions/node"}}}},"$ref":"#/definitions/node"}"##,
    ])
    func endsOnCycles(_ schema: String) throws {
        #expect(try kinds(schema) == [])
    }

    @Test func endsOnDepth() throws {
        let depth = (JSONDocument.maximumDepth - 10) / 2
        let schema =
            String(repeating: #"{"properties":{"a":"#, count: depth)
            + #"{"$ref":"WellKnownTypes.json#/definitions/X"}"# + String(repeating: "}}", count: depth)
        let inspection = try inspection(schema)
        #expect(inspection.findings.map(\.kind) == [.unknownWellKnownType])
        #expect(inspection.findings[0].text.contains("at (a text of \(1 + depth * 13) bytes)"))
    }

    @Test func countsOneMistakeOncePerStream() throws {
        let fields = (0..<10_000).map { ##""f\##($0)":{"$ref":"#/definitions/d\##($0 % 3)"}"## }
        let inspection = try inspection(#"{"properties":{\#(fields.joined(separator: ","))}}"#)
        #expect(inspection.counts == [.unresolvedReference: 3])
        #expect(inspection.findings[0].text.contains(##""#/properties/f0" and 3333 more places"##))
    }

    /// As many references as definitions, each of them found.
    @Test func resolvesManyReferences() throws {
        let names = (0..<20_000).map { "d\($0)" }
        let definitions = names.map { #""\#($0)":{"type":"string"}"# }.joined(separator: ",")
        let fields = names.map { ##""f\##($0)":{"$ref":"#/definitions/\##($0)"}"## }.joined(separator: ",")
        #expect(try kinds(#"{"definitions":{\#(definitions)},"properties":{\#(fields)}}"#) == [])
    }
}
