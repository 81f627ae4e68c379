import TestSupport
import Testing

@testable import Workload

@Suite struct ConnectorExitTests {
    @Test(arguments: [
        ("0\n", Int32(0)), ("0", 0), ("1\n", 1), ("137\n", 137), ("  2  \n\n", 2), ("\t3\r\n", 3),
        ("+1\n", 1),
        ("-1\n", -1), ("007\n", 7), ("2147483647", .max), ("-2147483648", .min), ("\n\n4", 4),
    ])
    func wholeNumbers(_ content: String, _ code: Int32) {
        #expect(ConnectorExit(parsing: content.utf8) == .code(code))
    }

    @Test(arguments: ["", "\n", "  \t\r\n "])
    func empty(_ content: String) {
        #expect(ConnectorExit(parsing: content.utf8) == .unusable("is empty"))
    }

    @Test(arguments: [
        ("abc\n", #"abc\n"#), ("1.0", "1.0"), ("1 2\n", #"1 2\n"#), ("0x1", "0x1"), ("1e3", "1e3"),
        ("- 1", "- 1"),
        ("2147483648", "2147483648"), ("99999999999999999999999", "99999999999999999999999"), ("١", "١"),
        ("1\u{0}", #"1\u{0}"#), ("\u{1B}[31m1", #"\u{1b}[31m1"#),
    ])
    func noWholeNumber(_ content: String, _ quote: String) {
        #expect(
            ConnectorExit(parsing: content.utf8) == .unusable("holds no whole number, but \"\(quote)\"")
        )
    }

    @Test func quotesAreBounded() {
        #expect(
            ConnectorExit(parsing: text(ofLength: 64).utf8)
                == .unusable("holds no whole number, but \"\(text(ofLength: 40)) …\"")
        )
    }

    @Test func bytesThatAreNoText() {
        #expect(
            ConnectorExit(parsing: [0xFF, 0x31]) == .unusable("holds no whole number, but \"\u{FFFD}1\"")
        )
    }
}
