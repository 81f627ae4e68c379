/// The last lines of a connector's log: what people need first when it failed without saying why.
public struct LastLines: Hashable, Sendable {
    /// How many are kept: a stack trace is one of them, since it stands within a message.
    static let most = 10

    /// A longer line is not kept whole, in bytes. It cannot be kept in part either: whoever hides secrets in it later
    /// would not know one of which only the beginning is there.
    static let longest = 64 * 1_024

    /// In UTF-8. Each is written over the one that it replaces: every line of a flood comes by here.
    private var ring: [[UInt8]] = []
    /// Where the next line goes once the ring is full: the place of the oldest.
    private var next = 0

    public init() {}

    /// The lines, oldest first.
    public var lines: [String] { (ring[next...] + ring[..<next]).map { String(decoding: $0, as: UTF8.self) } }

    mutating func append(_ log: ConnectorLog) {
        let length = log.message.utf8.count + (log.stackTrace?.utf8.count ?? 0)
        // A long message and its stack trace are not joined for nothing.
        append(length <= Self.longest ? log.textWithStackTrace : Self.note(length))
    }

    mutating func append(_ line: String) {
        unsafe append(line.utf8.span.bytes)
    }

    /// - Parameter line: valid UTF-8.
    mutating func append(_ line: RawSpan) {
        guard line.byteCount <= Self.longest else { return append(Self.note(line.byteCount)) }
        if ring.count < Self.most {
            ring.append(unsafe line.withUnsafeBytes { unsafe Array($0) })
        } else {
            ring[next].removeAll(keepingCapacity: true)
            unsafe line.withUnsafeBytes { unsafe ring[next].append(contentsOf: $0) }
            next = next + 1 == Self.most ? 0 : next + 1
        }
    }

    private static func note(_ length: Int) -> String { "[a line of \(length) bytes]" }
}
