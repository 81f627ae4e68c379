import Logging
import TestSupport
import Testing

@testable import Sidecar

@Suite struct TextLogFormatterTests {
    private static let start = "2023-11-14 22:13:20.123 "

    @Test func everyEventHasItsOwnTime() {
        var formatter = TextLogFormatter()
        var output: [UInt8] = []
        for time in [0, 0, 1, 86_400_000] as [Int64] {
            formatter.format(event("m", at: time), into: &output)
        }
        let times = String(decoding: output, as: UTF8.self).split(separator: "\n").map { $0.prefix(23) }
        #expect(
            times == [
                "1970-01-01 00:00:00.000", "1970-01-01 00:00:00.000", "1970-01-01 00:00:00.001",
                "1970-01-02 00:00:00.000",
            ]
        )
    }

    @Test(arguments: [
        (Logger.Level.trace, "TRACE"), (.debug, "DEBUG"), (.info, "INFO "), (.notice, "INFO "),
        (.warning, "WARN "), (.error, "ERROR"), (.critical, "ERROR"),
    ])
    func levelsLineUp(_ level: Logger.Level, _ name: String) {
        #expect(formatted(TextLogFormatter(), event("m", level)) == "\(Self.start)\(name) source > m\n")
    }

    @Test(arguments: [
        ("", ""),
        ("one\ntwo\n  three", "one\n    two\n      three"),
        ("one\r\ntwo", "one\n    two"),
        ("ends\n", "ends\n    "),
        ("\n\nafter", "\n    \n    after"),
        (
            "2023-11-14 22:13:20.123 ERROR\n2023-11-14 22:13:20.123 ERROR platform > made up",
            "2023-11-14 22:13:20.123 ERROR\n    2023-11-14 22:13:20.123 ERROR platform > made up"
        ),
        // Lines may end as in HTTP.
        ("one\r\ntwo\r\n", "one\n    two\n    "),
        ("a\r\r\nb", "a\\r\n    b"),
        // No connector can make up a line that looks like another event, or play with the terminal.
        ("\u{1B}[31mred\u{1B}[0m", "\\u{1b}[31mred\\u{1b}[0m"),
        ("over\rwritten", "over\\rwritten"),
        ("bell\u{7}\u{0}", "bell\\u{7}\\u{0}"),
        ("a\tb", "a\tb"),
        ("C1 \u{9B}31m", "C1 \\u{9b}31m"),
        ("delete\u{7F} next\u{85}line", "delete\\u{7f} next\\u{85}line"),
        ("line\u{2028}separator", "line\\u{2028}separator"),
        ("evil\u{202E}cod.exe\u{2069}", "evil\\u{202e}cod.exe\\u{2069}"),
        ("Zoë 😀", "Zoë 😀"),
    ])
    func messagesStayWithinTheirEvent(_ message: String, _ text: String) {
        #expect(formatted(TextLogFormatter(), event(message)) == "\(Self.start)INFO  source > \(text)\n")
    }

    @Test(arguments: [LogSource.platform, .source, .destination])
    func speakerIsNamed(_ source: LogSource) {
        #expect(formatted(TextLogFormatter(), event("m", .info, source)).contains(" \(source.rawValue) > m"))
    }
}
