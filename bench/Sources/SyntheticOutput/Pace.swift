/// How fast something is written.
public enum Pace: Hashable, Sendable {
    case unlimited
    case bytesPerSecond(Double)
    case linesPerSecond(Double)

    /// Understands `10MB/s`, `64KiB/s` and `1000lines/s`; nil for all else.
    public init?(_ text: String) {
        let text = text.lowercased()
        guard text.hasSuffix("/s") else { return nil }
        let amount = text.dropLast(2)
        if amount.hasSuffix("lines") {
            guard let lines = Double(amount.dropLast(5)), lines > 0, lines.isFinite else { return nil }
            self = .linesPerSecond(lines)
        } else {
            guard let size = ByteSize(String(amount)), size.bytes > 0 else { return nil }
            self = .bytesPerSecond(Double(size.bytes))
        }
    }
}
