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

extension StringProtocol {
    /// The text up to its first line end.
    var firstLine: String { String(prefix { !$0.isLineEnd }) }
}

extension Character {
    /// `\n` or `\r\n`, which is one character.
    var isLineEnd: Bool { self == "\n" || self == "\r\n" }
}
