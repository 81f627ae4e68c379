import Scheduling
import TestSupport
import Testing
import Text

@testable import AirbyteProtocol

@Suite struct PlainLineTests {
    /// Control characters in Unicode's category Cc, the two line separators, and what changes the order of characters.
    private static let controls =
        (Array(0..<0x20) + Array(0x7F...0x9F) + [0x061C, 0x200E, 0x200F] + Array(0x2028...0x202E)
        + Array(0x2066...0x2069)).compactMap { Unicode.Scalar(UInt32($0)) }

    @Test func thoseAndNoOthersAreEscaped() {
        for scalar in (0...UInt32(0x3000)).compactMap(Unicode.Scalar.init) {
            let isEscaped = "a\(scalar)b".escapingControlCharacters() != "a\(scalar)b"
            #expect(isEscaped == Self.controls.contains(scalar), "\(scalar.value)")
        }
    }

    /// Escaped or not, a reader of JSON gets the same text.
    @Test func escapedJSONMeansTheSame() throws {
        for scalar in (0...UInt32(0x3000)).compactMap(Unicode.Scalar.init) {
            let text = "12345\(scalar)67\(scalar)\(scalar)8901234567\(scalar)"
            let escaped = JSONWriter.object { $0.member("text", text) }.escapingDisturbancesInJSON
            let shown = String(decoding: escaped, as: UTF8.self)
            #expect(!shown.unicodeScalars.contains { $0.disturbsText }, "\(scalar.value)")
            #expect(
                try JSONDocument(parsing: escaped).root[member: "text"]?.string == text,
                "\(scalar.value)"
            )
        }
    }

    /// In one go or in two, the same comes out.
    @Test(arguments: 0..<10)
    func escapesForTheConsoleAsForJSONAndThenForTheTerminal(_ seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        let others = Array("\"\\/éö→漢🚀\u{2027}\u{A0}\u{80}".unicodeScalars) + Self.controls
        for _ in 0..<500 {
            var text = ""
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                let isPlain = Int.random(in: 0..<8, using: &random) > 0
                text.unicodeScalars.append(isPlain ? "a" : others.randomElement(using: &random) ?? "b")
            }
            var atOnce = Array("before".utf8)
            atOnce.append(escapedForConsole: text.utf8.span)
            var inTwo = Array("before".utf8)
            inTwo.append(escapedForJSON: text.utf8.span)
            #expect(atOnce == inTwo.escapingDisturbancesInJSON, "\(text.debugDescription)")
        }
    }

    @Test func noControlCharacterGoesUnnoticed() {
        for control in Self.controls where control != "\t" {
            for position in 0...20 {
                let text = String(repeating: "a", count: position) + String(control)
                #expect(!text.isPlainLine, "\(control.value) at \(position)")
                #expect(!(text + "bcdefghijk").isPlainLine, "\(control.value) at \(position)")
            }
        }
    }

    @Test(arguments: [
        "", "a", "\t", "\tat io.airbyte", "exactly8", "©®§ ", "größe", "— “quoted” …", "→ ✓ 漢字", "🚀",
        "\u{A0}", "\u{2027}\u{202F}", "~ and {}", "\u{2000}\u{20AC}",
    ])
    func whatPeopleWriteIsPlain(_ text: String) {
        #expect(text.isPlainLine)
        #expect(("1234567" + text).isPlainLine)
        #expect((text + "1234567").isPlainLine)
        #expect(String(repeating: text, count: 9).isPlainLine)
    }

    @Test func wordsOfEightBytesAreToldByEachByte() {
        for position in 0..<8 {
            for byte in UInt8.min...UInt8.max {
                let word = (0..<8).reduce(UInt64(0)) { word, index in
                    word << 8 | UInt64(index == position ? byte : UInt8(ascii: "a"))
                }
                #expect(ByteSearch.isPrintableASCII(word) == (0x20...0x7E ~= byte), "\(byte) at \(position)")
            }
        }
    }
}
