import Glibc

/// Cuts a stream of bytes into lines, which end at `\n`, `\r\n` or a lone `\r`.
///
/// Lines are handed out without their ends, in order. One that lies whole within a chunk is not copied; one
/// that does not is held until it is complete, or until it is too long for that: then it is handed out in parts.
public struct LineFramer: Sendable {
    /// Longer lines are handed out in parts, in bytes. Nearly all messages are far shorter, and two buffers of this size
    /// are little beside the program itself.
    public static let maxHeldLineLength = 1_024 * 1_024

    /// A line, or what is at hand of it.
    public enum Part: Hashable, Sendable {
        case whole
        /// Some of a line that is too long to be held, the first part or one that follows.
        case more
        /// The end of such a line, perhaps without any bytes; the first part too where there was none before.
        case last
    }

    private let maxHeldLineLength: Int
    /// The beginning of a line whose end has not come yet.
    private var pending: [UInt8] = []
    /// Whether parts of the present line have been handed out.
    private var isInParts = false
    /// Whether the last byte was a `\r`: a `\n` that follows it belongs to the same line end.
    private var endedWithCarriageReturn = false
    /// How many bytes have come before the chunk at hand.
    private var offset: UInt64 = 0
    /// Where the present line begins in the stream.
    private var lineStart: UInt64 = 0

    /// Takes a line or a part of one, and where that line begins in the stream. The span lives for the call only.
    public typealias Handler = (_ bytes: RawSpan, _ part: Part, _ lineStart: UInt64) -> Void

    public init(maxHeldLineLength: Int = LineFramer.maxHeldLineLength) {
        self.maxHeldLineLength = maxHeldLineLength
    }

    /// How many bytes of an unfinished line are held.
    public var pendingBytes: Int { pending.count }

    /// Takes the next bytes and calls `handler` for each line that they complete.
    public mutating func append(_ chunk: RawSpan, _ handler: Handler) {
        var start = 0
        if endedWithCarriageReturn, chunk.byteCount > 0 {
            endedWithCarriageReturn = false
            if unsafe chunk.unsafeLoad(as: UInt8.self) == UInt8(ascii: "\n") {
                start = 1
                lineStart += 1
            }
        }
        var ends = LineEnds(from: start)
        while let end = ends.next(in: chunk) {
            endLine(with: chunk.extracting(start..<end.offset), handler)
            start = end.next
            lineStart = offset + UInt64(start)
            endedWithCarriageReturn = end.isOpen
        }
        if start < chunk.byteCount { take(chunk.extracting(start...), handler) }
        offset += UInt64(chunk.byteCount)
    }

    /// Passes over bytes of a line that is handed out in parts.
    mutating func skip(_ count: UInt64) {
        precondition(isInParts, "only some of a long line can be skipped")
        offset += count
    }

    private mutating func endLine(with rest: RawSpan, _ handler: Handler) {
        if pending.isEmpty, !isInParts, rest.byteCount <= maxHeldLineLength {
            return handler(rest, .whole, lineStart)
        }
        take(rest, handler)
        unsafe handler(pending.span.bytes, isInParts ? .last : .whole, lineStart)
        isInParts = false
        pending.removeAll(keepingCapacity: pending.capacity <= Self.keptCapacity)
    }

    /// Holds some of a line, or hands it out where it is too long.
    private mutating func take(_ bytes: RawSpan, _ handler: Handler) {
        guard isInParts || pending.count + bytes.byteCount > maxHeldLineLength else {
            return unsafe bytes.withUnsafeBytes { unsafe pending.append(contentsOf: $0) }
        }
        if !pending.isEmpty {
            unsafe handler(pending.span.bytes, .more, lineStart)
            pending = []
        }
        isInParts = true
        if bytes.byteCount > 0 { handler(bytes, .more, lineStart) }
    }

    /// Ends the stream: a last line without an end is handed out, if it has any bytes.
    public mutating func finish(_ handler: Handler) {
        if isInParts || !pending.isEmpty {
            unsafe handler(pending.span.bytes, isInParts ? .last : .whole, lineStart)
        }
        pending = []
        isInParts = false
        endedWithCarriageReturn = false
        lineStart = offset
    }

    /// The buffer of a line up to this long is kept for the next; most lines that cross chunks are shorter.
    private static let keptCapacity = 64 * 1_024
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
