import Glibc

/// Cuts a stream of bytes into lines, which end at `\n`, `\r\n` or a lone `\r`.
///
/// Lines are handed out without their ends, in order. One that lies whole within a chunk is not copied; one
/// that does not is held until it is complete.
public struct LineFramer: Sendable {
    /// Of a longer line only so many bytes are handed out, which makes it no message. The longest line that a user has
    /// reported had 49,287,161 bytes; this leaves room for five times that, and ends what a hostile connector can cost.
    public static let maximumLineLength = 256 * 1_024 * 1_024

    private let maximumLineLength: Int
    /// The beginning of a line whose end has not come yet.
    private var pending: [UInt8] = []
    /// Whether the last byte was a `\r`: a `\n` that follows it belongs to the same line end.
    private var endedWithCarriageReturn = false

    public init(maximumLineLength: Int = LineFramer.maximumLineLength) {
        self.maximumLineLength = maximumLineLength
    }

    /// How many bytes of an unfinished line are held.
    public var pendingBytes: Int { pending.count }

    /// Takes the next bytes and calls `line` for each line that they complete, with a span for that call only.
    public mutating func append(_ chunk: RawSpan, _ line: (RawSpan) -> Void) {
        var start = 0
        if endedWithCarriageReturn, chunk.byteCount > 0 {
            endedWithCarriageReturn = false
            if unsafe chunk.unsafeLoad(as: UInt8.self) == UInt8(ascii: "\n") { start = 1 }
        }
        var ends = LineEnds(from: start)
        while let end = ends.next(in: chunk) {
            let rest = chunk.extracting(start..<end.offset)
            if pending.isEmpty {
                line(rest)
            } else {
                hold(rest)
                unsafe line(pending.span.bytes)
                pending.removeAll(keepingCapacity: pending.count <= Self.keptCapacity)
            }
            start = end.next
            endedWithCarriageReturn = end.isOpen
        }
        if start < chunk.byteCount {
            hold(chunk.extracting(start...))
        }
    }

    private mutating func hold(_ part: RawSpan) {
        let room = min(part.byteCount, maximumLineLength - pending.count)
        unsafe part.extracting(first: room).withUnsafeBytes { unsafe pending.append(contentsOf: $0) }
    }

    /// Ends the stream: a last line without an end is handed out, if it has any bytes.
    public mutating func finish(_ line: (RawSpan) -> Void) {
        if !pending.isEmpty { unsafe line(pending.span.bytes) }
        pending = []
        endedWithCarriageReturn = false
    }

    /// The buffer of a line up to this long is kept for the next; most lines that cross chunks are shorter.
    private static let keptCapacity = 1 << 20
}

/// Finds a chunk's line ends one by one.
private struct LineEnds {
    private var position: Int
    /// The next `\r`, if it is known: in most outputs there is none, and then it is looked for once a chunk.
    private var carriageReturn: Int?

    init(from position: Int) {
        self.position = position
    }

    /// Where a line ends, where the next begins, and whether a `\n` in the next chunk belongs to this end.
    struct End {
        var offset: Int
        var next: Int
        var isOpen: Bool
    }

    mutating func next(in chunk: RawSpan) -> End? {
        let count = chunk.byteCount
        let carriageReturn: Int
        if let known = self.carriageReturn, known >= position {
            carriageReturn = known
        } else {
            carriageReturn = Self.find("\r", in: chunk, from: position, to: count)
            self.carriageReturn = carriageReturn
        }
        let newline = Self.find("\n", in: chunk, from: position, to: carriageReturn)
        if newline < carriageReturn {
            position = newline + 1
            return End(offset: newline, next: position, isOpen: false)
        }
        guard carriageReturn < count else { return nil }
        position = carriageReturn + 1
        let isOpen = position == count
        if !isOpen, unsafe chunk.unsafeLoad(fromByteOffset: position, as: UInt8.self) == UInt8(ascii: "\n") {
            position += 1
        }
        return End(offset: carriageReturn, next: position, isOpen: isOpen)
    }

    /// The first such byte in the range; `end` if there is none.
    private static func find(
        _ byte: Unicode.Scalar,
        in chunk: RawSpan,
        from start: Int,
        to end: Int
    ) -> Int {
        unsafe chunk.withUnsafeBytes { bytes in
            guard start < end, let base = bytes.baseAddress,
                let found = unsafe memchr(base + start, Int32(byte.value), end - start)
            else { return end }
            return unsafe UnsafeRawPointer(found) - base
        }
    }
}
