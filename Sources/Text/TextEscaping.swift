extension StringProtocol {
    /// The same text with control characters spelled out, so that it stays on one line, moves no cursor and shows its
    /// characters in their order.
    package func escapingControlCharacters(keeping kept: Set<Unicode.Scalar> = []) -> String {
        guard unicodeScalars.contains(where: { $0.disturbsText && !kept.contains($0) }) else {
            return String(self)
        }
        var escaped = ""
        for scalar in unicodeScalars {
            guard scalar.disturbsText, !kept.contains(scalar) else {
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
    /// C0, DEL and C1 control characters (Unicode category Cc), the two line separators, and the characters that change
    /// the order in which others are shown (Unicode Standard Annex #9, section 2).
    package var disturbsText: Bool {
        switch value {
        case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
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
    /// Whether the text holds no line end and nothing that disturbs text (see `Unicode.Scalar.disturbsText`) but tabs.
    package var isPlainLine: Bool { utf8.span.isPlainLine }
}

extension Span<UInt8> {
    /// The same of a text in UTF-8.
    package var isPlainLine: Bool { TextDisturbance.first(in: self, from: 0, keepingTabs: true) == count }
}

/// Finds characters that disturb text in UTF-8, see `Unicode.Scalar.disturbsText`.
package enum TextDisturbance {
    /// Where the first one begins at or after `start`; the text's end where there is none.
    static func first(in text: Span<UInt8>, from start: Int, keepingTabs: Bool) -> Int {
        var index = start
        while index < text.count {
            if index + 8 <= text.count {
                let word = unsafe text.bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
                let flags = ByteSearch.unprintable(in: UInt64(littleEndian: word))
                if flags == 0 {
                    index += 8
                    continue
                }
                index += flags.trailingZeroBitCount / 8
            }
            if stands(at: index, of: text), !keepingTabs || text[index] != 0x09 { return index }
            index += characterLength(startingWith: text[index])
        }
        return text.count
    }

    /// How many bytes of UTF-8 a character has, by its first.
    package static func characterLength(startingWith byte: UInt8) -> Int {
        byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
    }

    /// Whether one begins at a byte of UTF-8.
    package static func stands(at index: Int, of text: Span<UInt8>) -> Bool {
        switch text[index] {
        case 0..<0x20, 0x7F: true
        case 0xC2: index + 1 < text.count && text[index + 1] < 0xA0
        case 0xD8: index + 1 < text.count && text[index + 1] == 0x9C
        case 0xE2: index + 2 < text.count && standsBeyond2000(text[index + 1], text[index + 2])
        default: false
        }
    }

    /// Of U+2000 and above, by the second and third byte: 200E, 200F, 2028 to 202E, 2066 to 2069.
    private static func standsBeyond2000(_ second: UInt8, _ third: UInt8) -> Bool {
        switch (second, third) {
        case (0x80, 0x8E...0x8F), (0x80, 0xA8...0xAE), (0x81, 0xA6...0xA9): true
        default: false
        }
    }
}

extension Array<UInt8> {
    /// JSON text in UTF-8, in which characters that disturb text, and can stand only in strings, become `\u202e`.
    package var escapingDisturbancesInJSON: [UInt8] {
        let end = TextDisturbance.first(in: span, from: 0, keepingTabs: false)
        return end == count ? self : escapedInJSON(from: end)
    }

    private func escapedInJSON(from first: Int) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        var escaped: [UInt8] = []
        var position = 0
        var next = first
        while next < count {
            escaped += self[position..<next]
            position = next + TextDisturbance.characterLength(startingWith: self[next])
            let scalars = String(decoding: self[next..<position], as: UTF8.self).unicodeScalars
            for scalar in scalars {
                escaped += Array("\\u".utf8)
                escaped += stride(from: 12, through: 0, by: -4).map {
                    digits[Int(scalar.value >> UInt32($0) & 15)]
                }
            }
            next = TextDisturbance.first(in: span, from: position, keepingTabs: false)
        }
        return escaped + self[position...]
    }
}

extension [UInt8] {
    /// Appends a text of several lines in UTF-8; what disturbs text (see `Unicode.Scalar.disturbsText`) is spelled out, but
    /// for tabs.
    ///
    /// - Parameter indent: stands before each further line.
    package mutating func append(lines bytes: Span<UInt8>, indent: String) {
        var start = 0
        while true {
            var index = TextDisturbance.first(in: bytes, from: start, keepingTabs: true)
            append(bytes.extracting(start..<index))
            guard index < bytes.count else { return }
            let isEnd = bytes[index] == UInt8(ascii: "\r") && index + 1 < bytes.count
            if isEnd, bytes[index + 1] == UInt8(ascii: "\n") { index += 1 }
            if bytes[index] == UInt8(ascii: "\n") {
                append(UInt8(ascii: "\n"))
                append(contentsOf: indent.utf8)
                start = index + 1
            } else {
                let length = TextDisturbance.characterLength(startingWith: bytes[index])
                let character = String(decoding: (index..<index + length).map { bytes[$0] }, as: UTF8.self)
                append(contentsOf: character.escapingControlCharacters().utf8)
                start = index + length
            }
        }
    }
}
