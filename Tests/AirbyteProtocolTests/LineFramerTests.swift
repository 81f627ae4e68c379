import TestSupport
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

    /// The lines, put together where they come in parts; checks where each is said to begin.
    static func lines(of chunks: [[UInt8]], maxHeldLineLength: Int = LineFramer.maxHeldLineLength) -> [String]
    {
        let stream = chunks.flatMap { $0 }
        var framer = LineFramer(maxHeldLineLength: maxHeldLineLength)
        var lines: [String] = []
        var parts: [UInt8] = []
        let take: LineFramer.Handler = { bytes, part, start in
            bytes.withUnsafeBytes { parts += $0 }
            #expect(stream[Int(start)...].starts(with: parts), "begins at \(start)")
            if part == .whole { #expect(parts.count <= maxHeldLineLength) }
            if part == .more { return }
            if part == .last { #expect(parts.count > maxHeldLineLength) }
            lines.append(text(parts))
            parts = []
        }
        for chunk in chunks {
            framer.append(chunk.span.bytes, take)
            #expect(framer.pendingBytes <= maxHeldLineLength)
        }
        framer.finish(take)
        #expect(framer.pendingBytes == 0)
        return lines
    }

    @Test(arguments: table, [0, 1, 2, 3, LineFramer.maxHeldLineLength])
    func cutsLines(_ row: (String, [String]), maxHeldLineLength: Int) {
        let (stream, expected) = row
        let bytes = Array(stream.utf8)
        let lines = { Self.lines(of: $0, maxHeldLineLength: maxHeldLineLength) }
        #expect(lines([bytes]) == expected)
        #expect(lines(bytes.map { [$0] }) == expected, "byte by byte")
        for first in 0...bytes.count {
            for second in first...bytes.count {
                let chunks = [Array(bytes[..<first]), Array(bytes[first..<second]), Array(bytes[second...])]
                #expect(lines(chunks) == expected, "cut at \(first) and \(second)")
            }
        }
    }

    @Test func handsOutALineAsSoonAsItIsComplete() {
        var framer = LineFramer()
        var lines: [String] = []
        let take: LineFramer.Handler = { line, _, _ in lines.append(line.withUnsafeBytes { text($0) }) }
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

    @Test func longerLinesComeInPartsAndTheNextIsWhole() {
        var framer = LineFramer(maxHeldLineLength: 4)
        var parts: [String] = []
        let take: LineFramer.Handler = { bytes, part, start in
            parts.append("\(start) \(part) \(bytes.withUnsafeBytes { text($0) })")
        }
        for chunk in ["ab", "cdef", "gh\nij", "k\n", "lmnopq"] {
            framer.append(Array(chunk.utf8).span.bytes, take)
        }
        framer.finish(take)
        #expect(
            parts == [
                "0 more ab", "0 more cdef", "0 more gh", "0 last ", "9 whole ijk", "13 more lmnopq",
                "13 last ",
            ]
        )
    }
}
