import Testing

@testable import Sidecar

@Suite struct TextEscapingTests {
    @Test(arguments: [
        ("plain ünïcödé", "plain ünïcödé"), ("a\nb\r\tc", "a\\nb\\r\\tc"), ("\u{7F}\u{85}", "\\u{7f}\\u{85}"),
        ("", ""),
    ])
    func controlCharactersAreSpelledOut(_ text: String, _ escaped: String) {
        #expect(text.escapingControlCharacters() == escaped)
    }

    @Test func whatIsToBeKeptIsKept() {
        #expect("a\tb\nc".escapingControlCharacters(keeping: ["\t"]) == "a\tb\\nc")
    }

    @Test(arguments: [("  a b \n", "a b"), ("", ""), (" \t\r\n", ""), ("x", "x")])
    func trimming(_ text: String, _ trimmed: String) {
        #expect(text.trimmingWhitespace() == trimmed)
    }
}

@Suite struct SpokenDurationTests {
    @Test(arguments: [
        (Duration.seconds(1), "1 second"), (.seconds(2), "2 seconds"), (.seconds(59), "59 seconds"),
        (.milliseconds(1500), "1.5 seconds"), (.milliseconds(1), "0.001 seconds"), (.zero, "0 seconds"),
        (.seconds(60), "1 minute"), (.seconds(90), "1.5 minutes"), (.seconds(540), "9 minutes"),
        (.seconds(66), "1.1 minutes"), (.seconds(61), "61 seconds"), (.milliseconds(60_500), "60.5 seconds"),
        (.nanoseconds(1), "0 seconds"),
    ])
    func spoken(_ duration: Duration, _ text: String) {
        #expect(duration.spokenDescription == text)
    }
}
