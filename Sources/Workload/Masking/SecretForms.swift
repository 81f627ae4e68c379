import AirbyteProtocol
import Crypto
import Text

/// The ways in which programs write a secret: as it is, escaped, or encoded.
enum SecretForms {
    /// From this length on, in bytes, a secret is also found within longer text in Base64, such as `user:password` in
    /// an `Authorization` header. The part that is the same whatever stands before and after a shorter one is too short
    /// to be told from other text.
    private static let minEmbeddedLength = 8

    /// All forms, without those that are shorter than `minLength` bytes; some can be the same.
    static func all(of secret: String, minLength: Int) -> [[UInt8]] {
        let plain = Array(secret.utf8)
        let forms =
            [plain] + json(plain) + python(secret) + percentEncoded(plain) + base64(plain) + [html(plain)]
        return forms.filter { $0.count >= minLength }
    }

    /// In a JSON string and in a JSON string within one; also as writers have it that escape slashes, or all that is
    /// not ASCII (RFC 8259, section 7).
    private static func json(_ plain: [UInt8]) -> [[UInt8]] {
        let once = jsonEscaped(plain)
        let ascii = asciiEscaped(once)
        let slashes = once.flatMap { $0 == UInt8(ascii: "/") ? Array("\\/".utf8) : [$0] }
        return [once, ascii, slashes, jsonEscaped(once), jsonEscaped(ascii)]
    }

    private static func jsonEscaped(_ text: [UInt8]) -> [UInt8] {
        var writer = JSONWriter()
        writer.string(utf8: text)
        return Array(writer.bytes.dropFirst().dropLast())
    }

    /// `é` as `\u00e9`, what lies beyond 16 bits as a pair.
    private static func asciiEscaped(_ text: [UInt8]) -> [UInt8] {
        String(decoding: text, as: UTF8.self).utf16.flatMap { unit -> [UInt8] in
            unit < 0x80 ? [UInt8(unit)] : escape("u", unit, digits: 4)
        }
    }

    /// As Python's `repr` quotes text and bytes: control characters and backslashes escaped, quotation marks escaped
    /// only where both kinds occur (Python's documentation, "String and Bytes literals").
    private static func python(_ secret: String) -> [[UInt8]] {
        let text = secret.unicodeScalars.flatMap { scalar -> [UInt8] in
            scalar.value < 0x20 || 0x7F..<0xA0 ~= scalar.value
                ? pythonEscaped(UInt8(scalar.value)) : pythonEscapedIfASCII(scalar)
        }
        let bytes = secret.utf8.flatMap { $0 < 0x80 ? pythonEscaped($0) : escape("x", UInt16($0), digits: 2) }
        let quoted = { (form: [UInt8]) in form.flatMap { $0 == UInt8(ascii: "'") ? Array("\\'".utf8) : [$0] }
        }
        return [text, quoted(text), bytes, quoted(bytes)]
    }

    private static func pythonEscapedIfASCII(_ scalar: Unicode.Scalar) -> [UInt8] {
        scalar.isASCII ? pythonEscaped(UInt8(scalar.value)) : Array(String(scalar).utf8)
    }

    private static func pythonEscaped(_ byte: UInt8) -> [UInt8] {
        switch byte {
        case UInt8(ascii: "\\"): Array("\\\\".utf8)
        case UInt8(ascii: "\n"): Array("\\n".utf8)
        case UInt8(ascii: "\r"): Array("\\r".utf8)
        case UInt8(ascii: "\t"): Array("\\t".utf8)
        case 0x20..<0x7F: [byte]
        default: escape("x", UInt16(byte), digits: 2)
        }
    }

    /// A backslash, a letter and hexadecimal digits.
    private static func escape(_ letter: Unicode.Scalar, _ value: UInt16, digits count: Int) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        let shifts = stride(from: 4 * (count - 1), through: 0, by: -4)
        return [UInt8(ascii: "\\"), UInt8(ascii: letter)] + shifts.map { digits[Int(value >> $0 & 15)] }
    }

    /// Percent-encoded, in either case of the hexadecimal digits, with the characters left alone that common writers
    /// leave alone.
    private static func percentEncoded(_ plain: [UInt8]) -> [[UInt8]] {
        // RFC 3986, section 2.3; Python's `quote`; JavaScript's `encodeURIComponent`; and for forms, with a plus for a
        // space, the URL Standard's serializer (also Java's `URLEncoder`) and Python's `quote_plus`.
        let writers: [(allowed: String, plus: Bool)] = [
            ("-._~", false), ("-._~/", false), ("-._~!*'()", false), ("-._*", true), ("-._~", true),
        ]
        return writers.flatMap { writer in
            [false, true].map { usesLowercaseDigits in
                PercentEncoder(
                    allowing: writer.allowed,
                    spaceBecomesPlus: writer.plus,
                    usesLowercaseDigits: usesLowercaseDigits
                ).encode(plain)
            }
        }
    }

    /// RFC 4648 in both alphabets: alone, and as the part of longer text that does not depend on its neighbours.
    private static func base64(_ plain: [UInt8]) -> [[UInt8]] {
        let standard = Base64.encode(plain)
        var forms = [standard, standard.filter { $0 != "=" }, Base64.encodeForURL(plain)].map {
            Array($0.utf8)
        }
        guard plain.count >= minEmbeddedLength else { return forms }
        for offset in 0..<3 {
            let shifted = [UInt8](repeating: 0, count: offset) + plain
            // A character holds six bits: the first ones share theirs with what comes before, the last one with what
            // follows.
            let (first, end) = ((offset * 8 + 5) / 6, shifted.count * 8 / 6)
            for text in [Base64.encode(shifted), Base64.encodeForURL(shifted)] {
                forms.append(Array(text.utf8.prefix(end).dropFirst(first)))
            }
        }
        return forms
    }

    /// The five characters that HTML's writers escape, the apostrophe as Python's `html.escape` has it.
    private static func html(_ plain: [UInt8]) -> [UInt8] {
        plain.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "&"): Array("&amp;".utf8)
            case UInt8(ascii: "<"): Array("&lt;".utf8)
            case UInt8(ascii: ">"): Array("&gt;".utf8)
            case UInt8(ascii: "\""): Array("&quot;".utf8)
            case UInt8(ascii: "'"): Array("&#x27;".utf8)
            default: [byte]
            }
        }
    }
}
