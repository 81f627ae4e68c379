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
        var forms = [plain] + base64(plain)
        // Most keys and tokens look the same in all other forms.
        if !plain.allSatisfy(isNeverEscaped) {
            forms += json(plain) + python(secret) + percentEncoded(plain) + html(plain) + quoted(secret)
        }
        return forms.filter { $0.count >= minLength }
    }

    private static func isNeverEscaped(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// In a JSON string and in a JSON string within one; also as writers have it that escape slashes, all that is not
    /// ASCII, or what means something in HTML (RFC 8259, section 7).
    private static func json(_ plain: [UInt8]) -> [[UInt8]] {
        let once = jsonEscaped(plain)
        let ascii = asciiEscaped(once)
        let slashes = [once, ascii].map { text in
            text.flatMap { $0 == UInt8(ascii: "/") ? Array("\\/".utf8) : [$0] }
        }
        // Go's encoding/json; Gson; .NET's System.Text.Json, which also has ASCII alone and other digits.
        let safe = [
            escaped(once, "<>&", usesUppercase: false), escaped(once, "<>&='", usesUppercase: false),
            escaped(asciiEscaped(once, usesUppercase: true), "<>&'+`", usesUppercase: true),
        ]
        let all = [once, ascii] + slashes + safe
        return all + all.map(jsonEscaped)
    }

    /// Escapes some characters of ASCII by their numbers.
    private static func escaped(_ text: [UInt8], _ characters: String, usesUppercase: Bool) -> [UInt8] {
        let characters = Array(characters.utf8)
        return text.flatMap { byte -> [UInt8] in
            characters.contains(byte)
                ? escape("u", UInt16(byte), digits: 4, usesUppercase: usesUppercase) : [byte]
        }
    }

    private static func jsonEscaped(_ text: [UInt8]) -> [UInt8] {
        var writer = JSONWriter()
        writer.string(utf8: text)
        return Array(writer.bytes.dropFirst().dropLast())
    }

    /// `é` as `\u00e9`, what lies beyond 16 bits as a pair.
    private static func asciiEscaped(_ text: [UInt8], usesUppercase: Bool = false) -> [UInt8] {
        String(decoding: text, as: UTF8.self).utf16.flatMap { unit -> [UInt8] in
            unit < 0x80 ? [UInt8(unit)] : escape("u", unit, digits: 4, usesUppercase: usesUppercase)
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
    private static func escape(
        _ letter: Unicode.Scalar,
        _ value: UInt16,
        digits count: Int,
        usesUppercase: Bool = false
    ) -> [UInt8] {
        let digits = Array((usesUppercase ? "0123456789ABCDEF" : "0123456789abcdef").utf8)
        let shifts = stride(from: 4 * (count - 1), through: 0, by: -4)
        return [UInt8(ascii: "\\"), UInt8(ascii: letter)] + shifts.map { digits[Int(value >> $0 & 15)] }
    }

    /// Percent-encoded, in either case of the hexadecimal digits, with the characters left alone that common writers
    /// leave alone.
    private static func percentEncoded(_ plain: [UInt8]) -> [[UInt8]] {
        percentEncoders.map { $0.encode(plain) }
    }

    /// RFC 3986, section 2.3; Python's `quote`; older writers, which do not know the tilde; JavaScript's
    /// `encodeURIComponent` and `encodeURI`; a path's segment (RFC 3986, section 3.3; Go's `PathEscape`). For forms, with
    /// a plus for a space: the URL Standard's serializer (also Java's `URLEncoder`), Python's `quote_plus`, PHP's
    /// `urlencode`.
    private static let percentEncoders: [PercentEncoder] = {
        let writers: [(allowed: String, plus: Bool)] = [
            ("-._~", false), ("-._~/", false), ("-._", false), ("-._/", false), ("-._~!*'()", false),
            ("-._~!*'();,/?:@&=+$#", false), ("-._~!$&'()*+,;=:@", false), ("-._~$&+=:@", false),
            ("-._*", true), ("-._~", true), ("-._", true),
        ]
        return writers.flatMap { writer in
            [false, true].map {
                PercentEncoder(
                    allowing: writer.allowed,
                    spaceBecomesPlus: writer.plus,
                    usesLowercaseDigits: $0
                )
            }
        }
    }()

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

    /// The characters that writers of HTML and XML escape: Python's `html.escape`; MarkupSafe and Go; Django and PHP;
    /// XML's own names; text between tags, where quotation marks stay.
    private static func html(_ plain: [UInt8]) -> [[UInt8]] {
        let quotes = [
            ("&quot;", "&#x27;"), ("&#34;", "&#39;"), ("&quot;", "&#39;"), ("&quot;", "&apos;"),
            ("&quot;", "'"),
            ("\"", "'"),
        ]
        return quotes.map { quote, apostrophe in
            plain.flatMap { byte -> [UInt8] in
                switch byte {
                case UInt8(ascii: "&"): Array("&amp;".utf8)
                case UInt8(ascii: "<"): Array("&lt;".utf8)
                case UInt8(ascii: ">"): Array("&gt;".utf8)
                case UInt8(ascii: "\""): Array(quote.utf8)
                case UInt8(ascii: "'"): Array(apostrophe.utf8)
                default: [byte]
                }
            }
        }
    }

    /// As the sidecar's own messages quote text: on one line, with control characters spelled out.
    private static func quoted(_ secret: String) -> [[UInt8]] {
        let onOneLine = secret.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return [onOneLine, secret.escapingControlCharacters()].map { Array($0.utf8) }
    }
}
