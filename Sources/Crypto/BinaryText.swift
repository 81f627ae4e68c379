import CCrypto

/// Bytes written in characters.
package enum Base64 {
    /// RFC 4648, section 4, with padding.
    package static func encode(_ bytes: [UInt8]) -> String {
        // A NUL follows the text.
        let capacity = (bytes.count + 2) / 3 * 4 + 1
        let text = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            unsafe bytes.withUnsafeBytes { bytes in
                unsafe ccrypto_base64_encode(bytes.baseAddress, bytes.count, buffer.baseAddress)
            }
            count = capacity - 1
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// RFC 4648, section 5, without padding: what JSON Web Tokens are made of.
    package static func encodeForURL(_ bytes: [UInt8]) -> String {
        let text = encode(bytes).utf8.compactMap { character -> UInt8? in
            switch character {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            case UInt8(ascii: "="): nil
            default: character
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes of a text of that kind; nil for any other text.
    package static func decodeForURL(_ text: String) -> [UInt8]? {
        let characters = text.utf8.map { character -> UInt8 in
            switch character {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            // These belong to the other form.
            case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): 0
            default: character
            }
        }
        let padding = String(repeating: "=", count: (4 - characters.count % 4) % 4)
        return decode(String(decoding: characters, as: UTF8.self) + padding)
    }

    /// The bytes of a text with padding; nil for any other text.
    package static func decode(_ text: String) -> [UInt8]? {
        let characters = Array(text.utf8)
        var isValid = true
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: characters.count / 4 * 3) { buffer, count in
            let size = unsafe characters.withUnsafeBytes { characters in
                unsafe ccrypto_base64_decode(characters.baseAddress, characters.count, buffer.baseAddress)
            }
            isValid = size >= 0
            count = max(size, 0)
        }
        // libcrypto takes padding in the middle, and bits behind the last byte.
        return isValid && encode(bytes) == text ? bytes : nil
    }
}

extension [UInt8] {
    /// Two lower-case hexadecimal digits a byte.
    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
