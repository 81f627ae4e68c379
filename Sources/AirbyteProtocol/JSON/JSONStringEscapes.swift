/// The escape sequences of JSON strings (RFC 8259, section 7).
enum JSONStringEscapes {
    /// The UTF-8 of a valid string's content. A surrogate without its partner becomes `?`.
    static func decoded(_ content: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(content.count)
        var index = content.startIndex
        while index < content.endIndex {
            let byte = content[index]
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            let letter = content[index]
            index += 1
            switch letter {
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"): appendScalar(to: &result, from: content, at: &index)
            // A quote, a backslash or a slash stands for itself.
            default: result.append(letter)
            }
        }
        return result
    }

    /// Decodes the digits at `index`, and the low surrogate's escape behind a high surrogate's.
    private static func appendScalar(
        to result: inout [UInt8],
        from content: ArraySlice<UInt8>,
        at index: inout Int
    ) {
        var value = hexadecimal(content[index..<(index + 4)])
        index += 4
        if 0xD800...0xDBFF ~= value, content.endIndex - index >= 6, content[index] == UInt8(ascii: "\\"),
            content[index + 1] == UInt8(ascii: "u")
        {
            let low = hexadecimal(content[(index + 2)..<(index + 6)])
            if 0xDC00...0xDFFF ~= low {
                value = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00)
                index += 6
            }
        }
        if let scalar = Unicode.Scalar(value) {
            result.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        } else {
            result.append(UInt8(ascii: "?"))
        }
    }

    private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> UInt32 {
        digits.reduce(0) { value, digit in
            // Bit 6 tells letters of either case from digits; the letters' low four bits begin with 1.
            (value << 4) + UInt32(digit & 0x0F) + (digit & 0x40 != 0 ? 9 : 0)
        }
    }
}
