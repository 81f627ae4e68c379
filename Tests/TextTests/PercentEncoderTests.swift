import Testing

@testable import Text

@Suite struct PercentEncoderTests {
    private static let unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

    /// RFC 3986, sections 2.1 to 2.3.
    @Test(arguments: [
        ("", ""), ("a b+c", "a%20b%2Bc"), ("a/b", "a%2Fb"), ("100%", "100%25"), ("%2F", "%252F"),
        (":/?#[]@", "%3A%2F%3F%23%5B%5D%40"), ("!$&'()*+,;=", "%21%24%26%27%28%29%2A%2B%2C%3B%3D"),
        ("ü", "%C3%BC"), ("\u{0}\n\u{7F}", "%00%0A%7F"), ("😀", "%F0%9F%98%80"),
    ])
    func component(_ text: String, _ encoded: String) {
        #expect(PercentEncoder.component.encode(text) == encoded)
    }

    @Test func unreservedCharactersStay() {
        #expect(PercentEncoder.component.encode(Self.unreserved) == Self.unreserved)
        let encoded = (0...255).map { PercentEncoder.component.encode([UInt8($0)]) }
        #expect(encoded.filter { $0.count == 1 }.count == Self.unreserved.utf8.count)
        #expect(encoded.allSatisfy { $0.count == 1 || $0.count == 3 && $0[0] == UInt8(ascii: "%") })
    }

    @Test func aPathKeepsItsSlashes() {
        #expect(PercentEncoder.path.encode("/a b//c?") == "/a%20b//c%3F")
    }

    @Test func formsWriteASpaceAsAPlus() {
        let encoder = PercentEncoder(allowing: "-._*", spaceBecomesPlus: true)
        #expect(encoder.encode("a b+c~*") == "a+b%2Bc%7E*")
    }

    @Test func digitsCanBeLowercase() {
        let encoder = PercentEncoder(allowing: "", usesLowercaseDigits: true)
        #expect(encoder.encode("/-ü") == "%2f%2d%c3%bc")
    }

    @Test func bytesNeedNotBeUTF8() {
        #expect(PercentEncoder.component.encode([0xFF, 0x41]) == Array("%FFA".utf8))
    }

    @Test(arguments: [
        ("", ""), ("abc", "abc"), ("a%20b", "a b"), ("%c3%BC", "ü"), ("%", "%"), ("%4", "%4"), ("%zz", "%zz"),
        ("%%41", "%A"), ("%2541", "%41"), ("a+b", "a+b"),
    ])
    func decoding(_ text: String, _ decoded: String) {
        #expect(Array(PercentEncoder.decode(Array(text.utf8)[...])) == Array(decoded.utf8))
    }

    @Test func everyByteSurvives() {
        let bytes = (0...255).map { UInt8($0) }
        for encoder in [.component, .path, PercentEncoder(allowing: "", usesLowercaseDigits: true)] {
            #expect(Array(PercentEncoder.decode(encoder.encode(bytes)[...])) == bytes)
        }
    }
}
