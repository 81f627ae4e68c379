import TestSupport
import Testing

@testable import AirbyteProtocol

/// Whether the texts of RFC 8259 are accepted, and no others.
@Suite struct JSONValidationTests {
    static let valid = [
        // Literals and white space.
        "null", "true", "false", " \t\r\n null \t\r\n ",
        // Numbers.
        "0", "-0", "1", "-1", "10", "1234567890", "0.0", "-0.5", "1.25", "0e1", "0e+1", "0e-1", "0E1", "1e5",
        "1E5",
        "1e+5", "1e-5", "1.5e10", "1.5E+10", "-1.5e-10", "1e00009", "123e400", "-1e-999",
        "1234567890123456789012345678901234567890", "0.1234567890123456789012345678901234567890",
        // Strings.
        #""""#, #""a""#, #"" ""#, #""\"""#, #""\\""#, #""\/""#, #""\b\f\n\r\t""#, #""\u0000""#, #""\u00e9""#,
        #""\u00E9""#,
        #""\ud83d\ude00""#, #""\\\\\"""#, #""é""#, #""漢字""#, #""😀""#,
        "\"\u{7f}\"",
        "\"\u{2028}\u{2029}\"", #""/""#, #""\\n""#, #""{[,:]}""#,
        // Structures.
        "[]", "{}", "[ ]", "{ }", "[[]]", "[{}]", "[1]", "[1,2]", "[ 1 , 2 ]", "[null,true,false]",
        #"{"a":1}"#,
        #"{ "a" : 1 , "b" : 2 }"#, #"{"a":{"b":[{"c":null}]}}"#, #"{"":0}"#, #"{"a":1,"a":2}"#,
        #"{"a\nb":1}"#,
        #"["a","b"]"#, "[[],[]]", "[{},{}]", #"[[[[[[[[[[1]]]]]]]]]]"#, "\n[\n1\n,\n2\n]\n",
    ]

    @Test(arguments: valid)
    func accepts(_ text: String) throws {
        let document = try JSONDocument(parsing: Array(text.utf8))
        let trimmed = text.drop { $0.isWhitespace }
        #expect(trimmed.hasPrefix(String(decoding: document.root.rawJSON, as: UTF8.self)))
    }

    static let invalid: [(String, JSONError.Reason)] = [
        // Nothing.
        ("", .empty), (" ", .empty), ("\n\t\r ", .empty),
        // Numbers.
        ("01", .number), ("-01", .number), ("00", .number), ("-", .number), ("+1", .literal),
        (".5", .literal),
        ("1.", .number), ("-.5", .number), ("1.e5", .number), ("1e", .number), ("1e+", .number),
        ("1e-", .number),
        ("1E", .number), ("1.5e", .number), ("0x10", .number), ("1a", .number), ("1_000", .number),
        ("1.2.3", .number),
        ("1e5.5", .number), ("1e1e1", .number), ("--1", .number), ("-a", .number), ("1\u{0}", .number),
        ("[1\u{0}]", .number), ("１", .literal), ("[-]", .number), ("[1.]", .number), ("[1e]", .number),
        ("[01]", .number), ("[1\u{0c}]", .number), ("1\"2\"", .number),
        // Literals.
        ("nul", .literal), ("nulll", .literal), ("NULL", .literal), ("True", .literal), ("tru", .literal),
        ("truefalse", .literal), ("fals", .literal), ("falsey", .literal), ("NaN", .literal),
        ("Infinity", .literal),
        ("-Infinity", .number), ("undefined", .literal), ("a", .literal), ("'a'", .literal),
        ("[nul]", .literal),
        ("[true\u{0}]", .literal), ("\u{FEFF}{}", .literal), ("\u{a0}1", .literal), ("\u{0}", .structure),
        ("/**/1", .literal), ("#1", .literal), ("[null\"a\"]", .literal), ("[\u{1}]", .literal),
        // Strings.
        ("\"", .unclosedString), ("\"a", .unclosedString), (#""\""#, .unclosedString),
        (#""\\\""#, .unclosedString),
        ("\"a\nb\"", .controlCharacter), ("\"a\tb\"", .controlCharacter), ("\"\u{0}\"", .controlCharacter),
        ("\"\u{1f}\"", .controlCharacter), (#""\a""#, .escape), (#""\'""#, .escape), (#""\x41""#, .escape),
        (#""\0""#, .escape), (#""\U0041""#, .escape), (#""\u""#, .escape), (#""\u1""#, .escape),
        (#""\u12""#, .escape),
        (#""\u123""#, .escape), (#""\u123g""#, .escape), (#""\u+123""#, .escape), (#""\ ""#, .escape),
        ("\"\\\u{e9}\"", .escape), (#"{"\a":1}"#, .escape), (#"["\u00"]"#, .escape),
        (#""\u12\u3456""#, .escape),
        // Structures.
        ("[", .structure), ("]", .structure), ("{", .structure), ("}", .structure), ("[1", .structure),
        ("[1,", .structure), ("[,", .structure), ("[,1]", .structure), ("[1,]", .structure),
        ("[1,,2]", .structure),
        ("[1 2]", .structure), ("[1:2]", .structure), ("[}", .structure), ("{]", .structure),
        ("[1}", .structure),
        (#"{"a"}"#, .structure), (#"{"a":}"#, .structure), (#"{"a":1,}"#, .structure),
        (#"{,"a":1}"#, .structure),
        (#"{"a":1,,"b":2}"#, .structure), (#"{"a" 1}"#, .structure), (#"{"a"::1}"#, .structure),
        (#"{"a":1 "b":2}"#, .structure), (#"{"a":1:2}"#, .structure), (#"{"a","b"}"#, .structure),
        ("{1:1}", .structure), ("{a:1}", .structure), ("{null:1}", .structure), ("{[]:1}", .structure),
        (#"{"a":1]"#, .structure), (#"{"a":[1}"#, .structure), (#"["a""b"]"#, .structure),
        (#"["a"b]"#, .structure),
        (",", .structure), (":", .structure), ("[\u{0c}1]", .literal), ("[[]", .structure),
        ("{\"a\":{}", .structure),
        ("[1\u{0c}", .number), (#"{"a":1\#u{0}}"#, .number), ("[{}[]]", .structure),
        // More than one value.
        ("1 2", .trailing), ("{}{}", .trailing), ("[] []", .trailing), ("{}}", .trailing), ("[]]", .trailing),
        ("null,", .trailing), ("{},", .trailing), (#""a""b""#, .trailing), ("{}x", .trailing),
        ("[]\u{0}", .trailing),
        (#""a"b"#, .trailing), ("1,2", .trailing), ("1:2", .trailing),
    ]

    @Test(arguments: invalid)
    func rejects(_ text: String, _ reason: JSONError.Reason) {
        let error = #expect(throws: JSONError.self) { try JSONDocument(parsing: Array(text.utf8)) }
        #expect(error?.reason == reason)
        #expect((0...text.utf8.count).contains(error?.offset ?? -1))
    }

    @Test(arguments: ["[1,2", #"{"a":tru}"#, #"["\q"]"#, "{}x", #"[0,01]"#])
    func namesTheByte(_ text: String) {
        let offsets = ["[1,2": 4, #"{"a":tru}"#: 5, #"["\q"]"#: 2, "{}x": 2, #"[0,01]"#: 3]
        let error = #expect(throws: JSONError.self) { try JSONDocument(parsing: Array(text.utf8)) }
        #expect(error?.offset == offsets[text])
    }

    /// Every byte that is not in its place, put between the tokens of a small document.
    @Test func acceptsNoStrayByteBetweenTokens() {
        let tokens = ["[", "1", ",", "{", "\"a\"", ":", "true", "}", "]"]
        for position in 0...tokens.count {
            for byte in UInt8.min...UInt8.max where ![0x20, 0x09, 0x0A, 0x0D].contains(byte) {
                let before = Array(tokens[..<position].joined().utf8)
                let after = Array(tokens[position...].joined().utf8)
                // A digit next to a number makes another number.
                if (position == 1 || position == 2) && (0x30...0x39 ~= byte || byte == 0x2D) { continue }
                #expect(throws: JSONError.self, "byte \(byte) before token \(position)") {
                    try JSONDocument(parsing: before + [byte] + after)
                }
            }
        }
    }

    @Test(arguments: ["[", #"{"a":"#])
    func acceptsDepthUpToTheBound(_ opening: String) throws {
        func nested(_ depth: Int) -> [UInt8] {
            let closing = opening == "[" ? "]" : "}"
            let inner = opening == "[" ? "" : "1"
            return Array(
                (String(repeating: opening, count: depth) + inner + String(repeating: closing, count: depth))
                    .utf8
            )
        }
        #expect(throws: Never.self) { try JSONDocument(parsing: nested(1_000)) }
        for depth in [1_001, 1_024, 1_025, 100_000] {
            let error = #expect(throws: JSONError.self) { try JSONDocument(parsing: nested(depth)) }
            #expect(error?.reason == .tooDeep)
        }
        // Unclosed and just as deep.
        let unclosed = #expect(throws: JSONError.self) {
            try JSONDocument(parsing: Array(String(repeating: opening, count: 1_000_000).utf8))
        }
        #expect(unclosed?.reason == .tooDeep)
    }

    @Test(arguments: [
        "", " ", "x", "\"", "\"unclosed", "}", "]", "{", "{}", "\u{1}", " \"a\u{1}\"", "{\"a\nb\"", "\\",
        "[[[[\"",
    ])
    func ignoresWhatFollows(_ trailing: String) throws {
        for value in [#"{"a":["}","\"",{"b":1}]}"#, "[1]", #""text\"""#] {
            let document = try JSONDocument(parsing: Array((" " + value + trailing).utf8), trailing: .ignored)
            #expect(String(decoding: document.root.rawJSON, as: UTF8.self) == value)
        }
    }

    @Test(arguments: [
        "{\"a\":\"b\u{1}\"} x", "[\"a\nb\"]", "{\"a\":\"b", "[\"a\" \"\u{1}", "\"a\u{1}\"", "x\"", "1x \"",
        "]\"",
    ])
    func doesNotIgnoreFaultsOfTheValue(_ text: String) {
        #expect(throws: JSONError.self) { try JSONDocument(parsing: Array(text.utf8), trailing: .ignored) }
    }

    /// simdjson works in blocks of 64 bytes: every position relative to a block has to give the same answer.
    @Test func doesNotDependOnThePosition() throws {
        let good = #"{"a\"b":[1.5e3,"\u00e9\\",true,null,{}],"c":"é漢😀"}"#
        let bad = [#"["\x"]"#, "[1.]", "[tru]", #"{"a" 1}"#, "[\"\u{1}\"]", #"["a"b]"#, "[1 2]", "[01]"]
        for shift in 0..<130 {
            let space = String(repeating: " ", count: shift)
            #expect(
                try JSONDocument(parsing: Array((space + good).utf8)).root.rawJSON.elementsEqual(good.utf8)
            )
            let longString = "[\"" + String(repeating: "x", count: shift) + "\"," + good + "]"
            #expect(throws: Never.self) { try JSONDocument(parsing: Array(longString.utf8)) }
            for text in bad {
                #expect(throws: JSONError.self) { try JSONDocument(parsing: Array((space + text).utf8)) }
                #expect(throws: JSONError.self) {
                    try JSONDocument(parsing: Array(("[\"" + space + "\"," + text + "]").utf8))
                }
            }
        }
    }

    /// A long run of backslashes: whether the quote behind it closes the string is a matter of their parity.
    @Test func countsBackslashes() {
        for count in 0..<140 {
            let text = Array(("\"" + String(repeating: "\\", count: count) + "\"").utf8)
            let isValid = (try? JSONDocument(parsing: text)) != nil
            #expect(isValid == count.isMultiple(of: 2))
        }
    }
}
