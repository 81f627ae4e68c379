/// Counts lines by the order of magnitude of their length.
public struct LineCounts: Hashable, Sendable {
    /// The highest order that is told apart: longer lines are quoted in part only.
    public static let maxOrder = 6

    /// By order: lines of 0 to 9 bytes, of 10 to 99, and so on.
    private var counts = SIMD8<Int>()

    public init() {}

    /// Of all lines.
    public var total: Int { counts.wrappedSum() }

    /// How many lines there are of each length, rounded down to a power of ten; lengths without lines are left out.
    public var byLength: [(length: Int, count: Int)] {
        var length = 1
        var lines: [(length: Int, count: Int)] = []
        for order in 0...Self.maxOrder {
            if counts[order] > 0 { lines.append((length, counts[order])) }
            length *= 10
        }
        return lines
    }

    /// Counts a line, of so many bytes as far as it is known.
    mutating func add(length: Int) {
        var order = 0
        var rest = length / 10
        while rest > 0, order < Self.maxOrder {
            order += 1
            rest /= 10
        }
        counts[order] += 1
    }
}
