import TestSupport
import Testing
import Text

@testable import AirbyteProtocol

@Suite struct TextEscapingTests {
    @Test(arguments: [
        ("plain ünïcödé", "plain ünïcödé"), ("a\nb\r\tc", "a\\nb\\r\\tc"), ("\u{7F}\u{85}", "\\u{7f}\\u{85}"),
        ("", ""), ("\r\n", "\\r\\n"), ("\u{0}\u{1B}", "\\u{0}\\u{1b}"), ("\u{9F}\u{A0}", "\\u{9f}\u{A0}"),
        ("\u{2028}\u{2029}", "\\u{2028}\\u{2029}"),
    ])
    func controlCharactersAreSpelledOut(_ text: String, _ escaped: String) {
        #expect(text.escapingControlCharacters() == escaped)
    }

    @Test func whatIsToBeKeptIsKept() {
        #expect("a\tb\nc".escapingControlCharacters(keeping: ["\t"]) == "a\tb\\nc")
    }

    @Test(arguments: [("  a b \n", "a b"), ("", ""), (" \t\r\n", ""), ("x", "x"), ("\u{A0}é \u{2003}", "é")])
    func trimming(_ text: String, _ trimmed: String) {
        #expect(text.trimmingWhitespace() == trimmed)
    }
}
