/// A number of bytes as people write it: `49287161`, `64KiB`, `1.5MB`, `1GiB`.
public struct ByteSize: Hashable, Sendable {
    public var bytes: Int

    public init(_ bytes: Int) {
        self.bytes = bytes
    }

    private static let units: [(name: String, bytes: Double)] = [
        ("kib", 1_024), ("mib", 1_048_576), ("gib", 1_073_741_824), ("kb", 1e3), ("mb", 1e6), ("gb", 1e9),
        ("k", 1_024), ("m", 1_048_576), ("g", 1_073_741_824), ("b", 1),
    ]

    /// Takes decimal and binary units in any letter case; `k`, `m` and `g` alone are binary. Nil for all else, and for
    /// what is below 0 or beyond 1 PiB.
    public init?(_ text: String) {
        let text = text.lowercased()
        let unit = Self.units.first { text.hasSuffix($0.name) }
        let digits = text.dropLast(unit?.name.count ?? 0)
        guard digits.allSatisfy({ $0.isNumber || $0 == "." }), let number = Double(digits) else { return nil }
        let bytes = number * (unit?.bytes ?? 1)
        guard bytes <= 1_125_899_906_842_624 else { return nil }
        self.init(Int(bytes.rounded()))
    }
}

extension ByteSize: CustomStringConvertible {
    /// In the largest unit that leaves no rest, else in bytes.
    public var description: String {
        for (name, size) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        where bytes >= size && bytes.isMultiple(of: size) {
            return "\(bytes / size) \(name)"
        }
        return "\(bytes) B"
    }
}
