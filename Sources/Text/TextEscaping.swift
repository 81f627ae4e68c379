extension StringProtocol {
    /// The same text with control characters spelled out, so that it stays on one line and moves no cursor.
    package func escapingControlCharacters(keeping kept: Set<Unicode.Scalar> = []) -> String {
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
    package func trimmingWhitespace() -> String {
        // ASCII is trimmed as bytes: what other characters are takes tables that nothing else needs.
        if let bytes = utf8.withContiguousStorageIfAvailable({ unsafe Array($0) }),
            bytes.allSatisfy({ $0 < 0x80 })
        {
            let isBlank = { (byte: UInt8) in byte == 0x20 || 0x09...0x0D ~= byte }
            guard let first = bytes.firstIndex(where: { !isBlank($0) }),
                let last = bytes.lastIndex(where: { !isBlank($0) })
            else { return "" }
            return String(decoding: bytes[first...last], as: UTF8.self)
        }
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
    package var firstLine: String { String(prefix { !$0.isLineEnd }) }
}

extension Character {
    /// `\n` or `\r\n`, which is one character.
    package var isLineEnd: Bool { self == "\n" || self == "\r\n" }
}

extension String {
    /// Whether the text holds no line end and no control character but tabs.
    package var isPlainLine: Bool {
        let text = utf8.span
        var index = 0
        while index < text.count {
            if index + 8 <= text.count,
                ByteSearch.isPrintableASCII(
                    unsafe text.bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
                )
            {
                index += 8
            } else if Self.isControl(at: index, of: text) {
                return false
            } else {
                index += 1
            }
        }
        return true
    }

    /// Whether a control character (see `Unicode.Scalar.isControl`) other than a tab begins at a byte of UTF-8.
    private static func isControl(at index: Int, of text: Span<UInt8>) -> Bool {
        switch text[index] {
        case 0x09: false
        case 0..<0x20, 0x7F: true
        case 0xC2: text[index + 1] < 0xA0
        case 0xE2: text[index + 1] == 0x80 && (text[index + 2] == 0xA8 || text[index + 2] == 0xA9)
        default: false
        }
    }
}
