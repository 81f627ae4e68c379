extension StringProtocol {
    /// The same text with control characters spelled out, so that it stays on one line and moves no cursor.
    func escapingControlCharacters(keeping kept: Set<Unicode.Scalar> = []) -> String {
        guard unicodeScalars.contains(where: { $0.isControl && !kept.contains($0) }) else {
            return String(self)
        }
        var escaped = ""
        for scalar in unicodeScalars {
            guard scalar.isControl, !kept.contains(scalar) else {
                escaped.unicodeScalars.append(scalar)
                continue
            }
            switch scalar {
            case "\n": escaped += "\\n"
            case "\r": escaped += "\\r"
            case "\t": escaped += "\\t"
            default: escaped += "\\u{" + String(scalar.value, radix: 16) + "}"
            }
        }
        return escaped
    }

    /// The text without white space at its ends.
    func trimmingWhitespace() -> String {
        guard let first = firstIndex(where: { !$0.isWhitespace }),
            let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}

extension Unicode.Scalar {
    /// C0, DEL and C1 control characters (Unicode category Cc), and the two line separators.
    fileprivate var isControl: Bool {
        value < 0x20 || (0x7F...0x9F).contains(value) || value == 0x2028 || value == 0x2029
    }
}

extension Duration {
    /// For people: "9 minutes", "30 seconds", "1.5 seconds"; minutes where they come out even.
    var spokenDescription: String {
        let milliseconds = nanosecondsRounded / 1_000_000
        if milliseconds >= 60_000, milliseconds % 6_000 == 0 {
            return Self.counted(milliseconds, per: 60_000, unit: "minute")
        }
        return Self.counted(milliseconds, per: 1_000, unit: "second")
    }

    private var nanosecondsRounded: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    private static func counted(_ amount: Int64, per size: Int64, unit: String) -> String {
        let whole = amount / size
        var fraction = String((amount % size) * 1_000 / size)
        fraction = String(repeating: "0", count: 3 - fraction.count) + fraction
        while fraction.hasSuffix("0") { fraction.removeLast() }
        let number = fraction.isEmpty ? "\(whole)" : "\(whole).\(fraction)"
        return number == "1" ? "1 \(unit)" : "\(number) \(unit)s"
    }
}
