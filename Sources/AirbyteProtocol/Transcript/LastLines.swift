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

    mutating func append(_ line: String) {
        let kept = line.utf8.count <= Self.longest ? line : "[a line of \(line.utf8.count) bytes]"
        if ring.count < Self.most {
            ring.append(kept)
        } else {
            ring[next] = kept
            next = (next + 1) % Self.most
        }
    }
}
