import Testing

@testable import AirbyteProtocol

@Suite struct LineFramerTests {
    static let table: [(String, [String])] = [
        ("", []), ("a", ["a"]), ("a\n", ["a"]), ("a\r\n", ["a"]), ("a\r", ["a"]), ("\n", [""]), ("\r", [""]),
        ("\r\n", [""]),
        ("a\nb", ["a", "b"]), ("a\rb", ["a", "b"]), ("a\r\nb\r\n", ["a", "b"]), ("a\n\nb", ["a", "", "b"]),
        ("\n\n", ["", ""]), ("\r\r", ["", ""]), ("\r\n\r\n", ["", ""]), ("\n\r", ["", ""]),
        ("\n\r\n", ["", ""]),
        ("a\r\r\nb", ["a", "", "b"]), ("a\n\rb", ["a", "", "b"]), ("a\r\n\nb", ["a", "", "b"]),
        ("\r\na", ["", "a"]),
        ("one\ntwo\r\nthree\rfour", ["one", "two", "three", "four"]),
        ("a\u{b}b\u{c}c\u{85}d\u{2028}e\n", ["a\u{b}b\u{c}c\u{85}d\u{2028}e"]),
        ("a\u{0}b\n", ["a\u{0}b"]), ("a\r\nb\rc\nd\n\r\re", ["a", "b", "c", "d", "", "", "e"]),
    ]

    static func lines(of chunks: [[UInt8]]) -> [String] {
        var framer = LineFramer()
        var lines: [String] = []
        let take = { (line: RawSpan) in lines.append(line.withUnsafeBytes { text($0) }) }
        for chunk in chunks { framer.append(chunk.span.bytes, take) }
        framer.finish(take)
        #expect(framer.pendingBytes == 0)
        return lines
    }

    @Test(arguments: table)
    func cutsLines(_ stream: String, _ expected: [String]) {
        let bytes = Array(stream.utf8)
        #expect(Self.lines(of: [bytes]) == expected)
        #expect(Self.lines(of: bytes.map { [$0] }) == expected, "byte by byte")
        for first in 0...bytes.count {
            for second in first...bytes.count {
                let chunks = [Array(bytes[..<first]), Array(bytes[first..<second]), Array(bytes[second...])]
                #expect(Self.lines(of: chunks) == expected, "cut at \(first) and \(second)")
            }
        }
    }

    @Test func handsOutALineAsSoonAsItIsComplete() {
        var framer = LineFramer()
        var lines: [String] = []
        let take = { (line: RawSpan) in lines.append(line.withUnsafeBytes { text($0) }) }
        framer.append(Array("a\r".utf8).span.bytes, take)
        #expect(lines == ["a"])
        framer.append(Array("\nb".utf8).span.bytes, take)
        #expect(lines == ["a"])
        #expect(framer.pendingBytes == 1)
        framer.append([UInt8]().span.bytes, take)
        framer.append(Array("c\nd".utf8).span.bytes, take)
        #expect(lines == ["a", "bc"])
        framer.finish(take)
        #expect(lines == ["a", "bc", "d"])
    }

    @Test func longerLinesAreCutAndTheNextIsWhole() {
        var framer = LineFramer(maximumLineLength: 4)
        var lines: [String] = []
        let take = { (line: RawSpan) in lines.append(line.withUnsafeBytes { text($0) }) }
        for chunk in ["ab", "cdef", "gh\nij", "k\n", "lmnopq"] {
            framer.append(Array(chunk.utf8).span.bytes, take)
        }
        #expect(framer.pendingBytes == 4)
        framer.finish(take)
        #expect(lines == ["abcd", "ijk", "lmno"])
    }

    @Test func holdsLongLines() {
        let long = [UInt8](repeating: UInt8(ascii: "x"), count: 3 << 20)
        var chunks = [[UInt8]](repeating: Array(long[..<(1 << 16)]), count: 48)
        chunks.append(Array("\nnext\r".utf8))
        #expect(Self.lines(of: chunks) == [text(long), "next"])
    }
}
