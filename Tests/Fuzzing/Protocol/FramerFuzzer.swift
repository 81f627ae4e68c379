import AirbyteProtocol

/// However a stream is cut and however little is held, its lines and their places are the same.
enum FramerFuzzer {
    struct Line: Hashable {
        var start: UInt64
        var bytes: [UInt8]
    }

    static func check(
        _ input: [UInt8],
        lines: (_ pieces: [[UInt8]], _ bound: Int) throws -> [Line] = FramerFuzzer.lines
    ) throws {
        var input = FuzzInput(input)
        let bound = input.choice()
        let lengths = [1 + input.choice() % 32, 1 + input.choice() % 4]
        let stream = Array(input.rest)
        let found = try lines(stream.pieces(lengths), bound)
        try require(found == expected(stream), "the lines differ: bound \(bound), pieces of \(lengths)")
    }

    /// Byte by byte, without anything clever.
    private static func expected(_ stream: [UInt8]) -> [Line] {
        var lines: [Line] = []
        var line = Line(start: 0, bytes: [])
        var index = 0
        while index < stream.count {
            let byte = stream[index]
            index += 1
            guard byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") else {
                line.bytes.append(byte)
                continue
            }
            if byte == UInt8(ascii: "\r"), index < stream.count, stream[index] == UInt8(ascii: "\n") {
                index += 1
            }
            lines.append(line)
            line = Line(start: UInt64(index), bytes: [])
        }
        if !line.bytes.isEmpty { lines.append(line) }
        return lines
    }

    static func lines(of pieces: [[UInt8]], bound: Int) throws -> [Line] {
        var framer = LineFramer(maxHeldLineLength: bound)
        var lines: [Line] = []
        var open: Line?
        var problem: String?
        let take: LineFramer.Handler = { bytes, part, start in
            if part == .whole, bytes.byteCount > bound { problem = "a line over the bound was held" }
            if let open, open.start != start { problem = "a line's parts begin at two places" }
            if part == .whole, open != nil { problem = "a line began within another one" }
            var line = open ?? Line(start: start, bytes: [])
            bytes.withUnsafeBytes { line.bytes.append(contentsOf: $0) }
            open = part == .more ? line : nil
            if part != .more { lines.append(line) }
        }
        for piece in pieces {
            framer.append(piece.span.bytes, take)
            try require(framer.pendingBytes <= bound, "\(framer.pendingBytes) bytes are held")
        }
        framer.finish(take)
        if let problem { throw Violation(description: problem) }
        try require(open == nil, "a line has no end")
        return lines
    }
}
