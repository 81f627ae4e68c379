import Glibc

/// Cuts chunks into lines at `\n`, for subjects that have nothing of the kind.
struct LineSplitter {
    private var pending: [UInt8] = []

    mutating func append(_ chunk: RawSpan, _ line: (RawSpan) -> Void) {
        var start = 0
        while let end = Self.newline(in: chunk, from: start) {
            let rest = chunk.extracting(start..<end)
            if pending.isEmpty {
                line(rest)
            } else {
                rest.withUnsafeBytes { pending.append(contentsOf: $0) }
                line(pending.span.bytes)
                pending.removeAll(keepingCapacity: true)
            }
            start = end + 1
        }
        chunk.extracting(start...).withUnsafeBytes { pending.append(contentsOf: $0) }
    }

    mutating func finish(_ line: (RawSpan) -> Void) {
        if !pending.isEmpty { line(pending.span.bytes) }
        pending = []
    }

    private static func newline(in chunk: RawSpan, from start: Int) -> Int? {
        chunk.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, start < bytes.count,
                let found = memchr(base + start, Int32(UInt8(ascii: "\n")), bytes.count - start)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }
}

/// Does nothing but cut lines.
struct LineCounter: ParseSubject {
    private var splitter = LineSplitter()
    private var lines = 0

    init() {}

    mutating func read(_ chunk: RawSpan) {
        splitter.append(chunk) { _ in lines += 1 }
    }

    mutating func finish() -> ParseOutcome {
        splitter.finish { _ in lines += 1 }
        return ParseOutcome(others: lines)
    }
}
