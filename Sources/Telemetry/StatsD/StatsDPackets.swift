/// Joins lines into packets of a bounded size. No line is in two packets.
struct StatsDPackets {
    private let maxBytes: Int
    private var full: [[UInt8]] = []
    private var current: [UInt8] = []

    init(maxBytes: Int) {
        self.maxBytes = maxBytes
    }

    /// Adds one line.
    ///
    /// - Parameter write: appends the line with its line feed, and says whether there is one.
    /// - Returns: false where there is none, or where it is longer than a packet. It is left out.
    mutating func add(_ write: (inout [UInt8]) -> Bool) -> Bool {
        let start = current.count
        guard write(&current), current.count - start <= maxBytes else {
            current.removeSubrange(start...)
            return false
        }
        if current.count > maxBytes {
            let line = Array(current[start...])
            current.removeSubrange(start...)
            full.append(current)
            current = line
        }
        return true
    }

    /// All packets, in order; none is empty.
    var all: [[UInt8]] { current.isEmpty ? full : full + [current] }
}
