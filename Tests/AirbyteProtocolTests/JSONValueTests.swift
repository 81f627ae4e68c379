import ProtocolTestSupport
import TestSupport
import Testing

@testable import AirbyteProtocol

/// Parses a text that the test wrote.
func json(_ text: String) throws -> JSONValue {
    try JSONDocument(parsing: Array(text.utf8)).root
}

func text(_ bytes: some Sequence<UInt8>) -> String {
    String(decoding: Array(bytes), as: UTF8.self)
}

@Suite struct JSONValueTests {
    @Test func tellsKinds() throws {
        let value = try json(#"[{}, [], "s", 1, true, false, null]"#)
        #expect(value.elements.map(\.kind) == [.object, .array, .string, .number, .bool, .bool, .null])
        #expect(value.elements.map(\.bool) == [nil, nil, nil, nil, true, false, nil])
        #expect(value.elements.map(\.isNull) == [false, false, false, false, false, false, true])
        #expect(value.elements.map(\.string) == [nil, nil, "s", nil, nil, nil, nil])
        #expect(value.elements.map(\.int64) == [nil, nil, nil, 1, nil, nil, nil])
        #expect(value.elements.map(\.isEmptyContainer) == [true, true, nil, nil, nil, nil, nil])
    }

    @Test func walksMembersInOrder() throws {
        let value = try json(#"{"b":{"x":[1,{"y":2}]},"a":[[],[3]],"b":4,"c":null}"#)
        #expect(value.members.map { $0.key.string } == ["b", "a", "b", "c"])
        #expect(
            value.members.map { text($0.value.rawJSON) } == [#"{"x":[1,{"y":2}]}"#, "[[],[3]]", "4", "null"]
        )
        #expect(value[member: "a"]?.elements.map { text($0.rawJSON) } == ["[]", "[3]"])
        #expect(value[member: "b"]?.int64 == 4, "the last of two duplicates")
        #expect(value[member: "c"]?.isNull == true)
        #expect(value[member: "d"] == nil)
        #expect(value[member: "a"]?[member: "x"] == nil)
        #expect(value.isEmptyContainer == false)
        #expect(Array(try json("1").elements).isEmpty)
        #expect(Array(try json("[1]").members).isEmpty)
        #expect(Array(try json(#"{"a":1}"#).elements).isEmpty)
    }

    @Test func comparesNamesScalarByScalar() throws {
        // Swift's strings take these two spellings of é for equal.
        let value = try json("{\"\u{e9}\":1,\"e\u{301}\":2,\"a\\u0062\":3,\"\":4}")
        #expect(value[member: "\u{e9}"]?.int64 == 1)
        #expect(value[member: "e\u{301}"]?.int64 == 2)
        #expect(value[member: "ab"]?.int64 == 3)
        #expect(value[member: ""]?.int64 == 4)
        #expect(value[member: "a\\u0062"] == nil)
    }

    @Test func keepsEveryDigit() throws {
        let digits =
            "-1234567890123456789012345678901234567890.1234567890123456789012345678901234567890e-0012"
        let value = try json(#"{"n": \#(digits) , "m":[ 1.0 , 1.10 ]}"#)
        #expect(value[member: "n"].map { text($0.rawJSON) } == digits)
        #expect(value[member: "m"].map { text($0.rawJSON) } == "[ 1.0 , 1.10 ]")
        #expect(value[member: "m"]?.elements.map { text($0.rawJSON) } == ["1.0", "1.10"])
    }

    @Test(arguments: [
        (#""""#, ""), (#""plain""#, "plain"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        (#""\u0041\u00e9\u00E9\u6f22""#, "Aéé漢"), (#""\u0000""#, "\u{0}"), (#""\ud83d\ude00""#, "😀"),
        (#""\uDBFF\uDFFF""#, "\u{10FFFF}"), (#""\ud800""#, "?"), (#""\udc00""#, "?"), (#""a\ud83db""#, "a?b"),
        (#""\ud83d\ud83d\ude00""#, "?😀"), (#""\ude00\ud83d""#, "??"), (#""\ud83d\u0041""#, "?A"),
        (#""\ud83d\n""#, "?\n"), (#""\ud83d\\ude00""#, "?\\ude00"), (#""é😀\n""#, "é😀\n"),
        (#""\uffff""#, "\u{ffff}"),
        (#""\u007f\u0080\u07ff\u0800""#, "\u{7f}\u{80}\u{7ff}\u{800}"),
    ])
    func decodesStrings(_ literal: String, _ expected: String) throws {
        let string = try #require(try json(literal).string)
        #expect(Array(string.unicodeScalars) == Array(expected.unicodeScalars))
        #expect(try json("[\(literal)]").elements.map(\.string) == [expected])
    }

    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("7", 7), ("-7", -7), ("1e2", 100), ("1.0", 1), ("100e-2", 1), ("1.5e1", 15),
            ("0e999", 0),
            ("9223372036854775807", .max), ("-9223372036854775808", .min), ("9.223372036854775807e18", .max),
            ("9223372036854775808", nil), ("-9223372036854775809", nil), ("1e19", nil), ("1e400", nil),
            ("0.5", nil),
            ("1e-1", nil), ("1.0000000000000000000000001", nil), ("1e99999999999999999999", nil),
            ("0e99999999999999999999", 0), ("1e-99999999999999999999", nil), ("1000e-3", 1), ("0.001e3", 1),
        ] as [(String, Int64?)]
    )
    func readsWholeNumbers(_ literal: String, _ expected: Int64?) throws {
        #expect(try json(literal).int64 == expected)
    }

    @Test func readsFloatingPoint() throws {
        #expect(try json("1690000000000.75").double == 1_690_000_000_000.75)
        #expect(try json("-1e-3").double == -0.001)
        #expect(try json("1e999").double == .infinity)
        #expect(try json("\"1\"").double == nil)
    }

    @Test func looksIntoOpaqueMembersOnDemand() throws {
        let line =
            #"{"config":{"a":[1,{"config":2}],"é":"x"},"other":{"config":[]},"data":3,"#
            + #""\u0063onfig":null,"tail":[4]}"#
        let parser = JSONParser(opaqueKeys: ["data", "config"])
        let opaque = try parser.parse(Array(line.utf8)).root
        let full = try json(line)
        #expect(opaque.storage.nodes.count < full.storage.nodes.count)
        #expect(opaque.isEquivalent(to: full))
        let config = try #require(opaque.members.first { _ in true }?.value)
        #expect(config.kind == .object)
        #expect(config.isEmptyContainer == false)
        #expect(text(config.rawJSON) == #"{"a":[1,{"config":2}],"é":"x"}"#)
        #expect(config[member: "a"]?.elements.map { text($0.rawJSON) } == ["1", #"{"config":2}"#])
        #expect(opaque[member: "other"]?[member: "config"]?.isEmptyContainer == true)
        #expect(opaque[member: "data"]?.int64 == 3)
        #expect(opaque[member: "tail"]?.elements.map(\.int64) == [4])
    }

    /// A scalar under an opaque name does not make what comes behind it opaque.
    @Test func indexesWhatFollowsAnOpaqueScalar() throws {
        let line = Array(#"[{"config":1},{"a":2},[{"config":null}],[3]]"#.utf8)
        let opaque = try JSONParser(opaqueKeys: ["config"]).parse(line).root
        #expect(opaque.storage.nodes.count == (try JSONDocument(parsing: line)).storage.nodes.count)
    }

    @Test(arguments: [
        #"{"config":{"a":tru}}"#, #"{"config":{"a" 1}}"#, #"{"config":["\x"]}"#, #"{"config":[1,]}"#,
        #"{"config":[01]}"#,
        #"{"config":[1}}"#, #"{"config":{"a":1}"#,
    ])
    func validatesOpaqueMembers(_ line: String) {
        let parser = JSONParser(opaqueKeys: ["config"])
        #expect(throws: JSONError.self) { try parser.parse(Array(line.utf8)) }
    }

    @Test func boundsTheDepthOfOpaqueMembers() throws {
        let parser = JSONParser(opaqueKeys: ["config"])
        func line(_ depth: Int) -> [UInt8] {
            let brackets = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            return Array(#"{"config":\#(brackets)}"#.utf8)
        }
        #expect(throws: Never.self) { try parser.parse(line(999)) }
        #expect(throws: JSONError.self) { try parser.parse(line(1_000)) }
    }

    @Test func isUsedAgainAfterErrorsAndLongTexts() throws {
        let parser = JSONParser()
        let long = "[" + Array(repeating: #""some text","#, count: 300_000).joined() + "0]"
        for _ in 0..<2 {
            #expect(try parser.parse(Array("[1]".utf8)).root.elements.map(\.int64) == [1])
            #expect(throws: JSONError.self) { try parser.parse(Array("[1".utf8)) }
            #expect(throws: JSONError.self) { try parser.parse([]) }
            #expect(Array(try parser.parse(Array(long.utf8)).root.elements).count == 300_001)
        }
    }

    /// A document outlives the parser and the texts that come after it.
    @Test func keepsItsText() throws {
        var parser: JSONParser? = JSONParser()
        let first = try parser?.parse(Array(#"{"a":"first"}"#.utf8)).root
        _ = try parser?.parse(Array(#"{"a":"second"}"#.utf8))
        parser = nil
        #expect(first?[member: "a"]?.string == "first")
    }
}
