import TestSupport
import Testing

@testable import AirbyteProtocol

@Suite struct UTF8RepairTests {
    /// `.` stands for U+FFFD.
    static let table: [([UInt8], String)] = [
        ([], ""), (Array("aé漢😀\u{0}\u{7f}".utf8), "aé漢😀\u{0}\u{7f}"), ([0x61, 0xFF, 0x62], "a.b"),
        ([0x80], "."), ([0xBF, 0x80], ".."), ([0xC0, 0x80], ".."), ([0xC1, 0xBF], ".."), ([0xC2], "."),
        ([0xC2, 0x41], ".A"), ([0xC2, 0xC2, 0x80], ".\u{80}"), ([0xDF, 0xBF], "\u{7ff}"),
        // Three bytes.
        ([0xE0, 0x80, 0x80], "..."), ([0xE0, 0x9F, 0xBF], "..."), ([0xE0, 0xA0, 0x80], "\u{800}"),
        ([0xE0, 0xA0], "."),
        ([0xE2, 0x82], "."), ([0xE2, 0x82, 0x41], ".A"), ([0xE2, 0x41], ".A"),
        ([0xE2, 0x82, 0xE2, 0x82, 0xAC], ".€"),
        // Surrogates that were encoded as if they were characters: one each.
        ([0xED, 0xA0, 0x80], "."), ([0xED, 0xBF, 0xBF], "."), ([0xED, 0x9F, 0xBF], "\u{d7ff}"),
        ([0xEE, 0x80, 0x80], "\u{e000}"),
        ([0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80], ".."), ([0xED, 0xA0], "."), ([0xED, 0xA0, 0x41], ".A"),
        // Four bytes.
        ([0xF0, 0x80, 0x80, 0x80], "...."), ([0xF0, 0x8F, 0xBF, 0xBF], "...."),
        ([0xF0, 0x90, 0x80, 0x80], "\u{10000}"),
        ([0xF0, 0x9F, 0x98], "."), ([0xF0, 0x9F, 0x98, 0x41], ".A"), ([0xF0, 0x9F], "."),
        ([0xF0, 0x9F, 0x41], ".A"), ([0xF0], "."),
        ([0xF0, 0x41], ".A"), ([0xF4, 0x8F, 0xBF, 0xBF], "\u{10ffff}"), ([0xF4, 0x90, 0x80, 0x80], "...."),
        ([0xF5, 0x80, 0x80, 0x80], "...."), ([0xF8, 0x88, 0x80, 0x80, 0x80], "....."), ([0xFE], "."),
        ([0xFF, 0xFE], ".."),
    ]

    @Test(arguments: table)
    func repairs(_ bytes: [UInt8], _ expected: String) {
        let expected = Array(expected.replacing(".", with: "\u{FFFD}").utf8)
        #expect(UTF8Repair.text(of: bytes.span.bytes) == expected)
        #expect(
            UTF8Repair.text(of: ([0x61] + bytes + [0x7A]).span.bytes, padding: 2) == [0x61] + expected + [
                0x7A, 0, 0,
            ]
        )
    }

    /// Whatever three bytes come together, the result is UTF-8, and bytes that were are left alone.
    @Test func alwaysMakesUTF8() {
        let interesting: [UInt8] = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF,
            0xF0, 0xF1, 0xF4, 0xF5,
            0xFF,
        ]
        for a in interesting {
            for b in interesting {
                for c in interesting {
                    for d in [0x41, 0x80, 0xBF] as [UInt8] {
                        let bytes = [a, b, c, d]
                        let repaired = UTF8Repair.text(of: bytes.span.bytes)
                        #expect(String(validating: repaired, as: UTF8.self) != nil, "\(bytes)")
                        if String(validating: bytes, as: UTF8.self) != nil { #expect(repaired == bytes) }
                    }
                }
            }
        }
    }

    @Test func repairsBeforeParsing() throws {
        let line: [UInt8] = Array(#"{"a":"x"#.utf8) + [0xED, 0xA0, 0x80, 0xFF] + Array(#"y"}"#.utf8)
        let root = try JSONDocument(parsing: line).root
        #expect(root[member: "a"]?.string == "x\u{FFFD}\u{FFFD}y")
        #expect(text(root.rawJSON) == "{\"a\":\"x\u{FFFD}\u{FFFD}y\"}")
        // An unfinished sequence does not swallow the quote behind it.
        #expect(try JSONDocument(parsing: [0x22, 0xF0, 0x9F, 0x22]).root.string == "\u{FFFD}")
    }

    @Test(arguments: [("", 0), ("abc", 3), ("é", 1), ("漢", 1), ("😀", 2), ("a😀é\u{FFFD}", 5), ("\u{0}", 1)])
    func countsUTF16(_ string: String, _ expected: Int) {
        #expect(UTF16Length.of(string.utf8) == expected)
        #expect(string.utf16.count == expected)
        #expect(UTF16Length.of(Array(string.utf8).span.bytes) == expected)
        #expect(UTF16Length.of((Array(string.utf8) + [0xE2, 0x82]).span.bytes) == expected + 1)
    }
}
