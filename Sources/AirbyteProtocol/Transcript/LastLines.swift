/// The last lines of a connector's log: what people need first when it failed without saying why.
public struct LastLines: Hashable, Sendable {
    /// How many are kept: a stack trace is one of them, since it stands within a message.
    static let most = 10

    /// A longer line is not kept whole, in bytes. It cannot be kept in part either: whoever hides secrets in it later
    /// would not know one of which only the beginning is there.
    static let longest = 64 * 1_024

    private var ring: [String] = []
    /// Where the next line goes once the ring is full: the place of the oldest.
    private var next = 0

    public init() {}

    /// The lines, oldest first.
    public var lines: [String] { Array(ring[next...] + ring[..<next]) }

    mutating func append(_ log: ConnectorLog) {
        let length = log.message.utf8.count + (log.stackTrace?.utf8.count ?? 0)
        // A long message and its stack trace are not joined for nothing.
        length <= Self.longest ? append(log.textWithStackTrace) : keep(Self.note(length))
    }

    mutating func append(_ line: String) {
        keep(line.utf8.count <= Self.longest ? line : Self.note(line.utf8.count))
    }

    private static func note(_ length: Int) -> String { "[a line of \(length) bytes]" }

    private mutating func keep(_ kept: String) {
        if ring.count < Self.most {
            ring.append(kept)
        } else {
            ring[next] = kept
            next = (next + 1) % Self.most
        }
    }
}
