/// Percent-encoding of text for URLs and forms (RFC 3986, section 2.1).
///
/// Letters and digits of ASCII always stay; each other byte of the UTF-8 becomes `%` and two digits unless it is allowed.
package struct PercentEncoder: Hashable, Sendable {
    /// The characters that stay besides letters and digits.
    package var allowed: Set<UInt8>
    /// Whether a space becomes `+`, as in `application/x-www-form-urlencoded`.
    package var spaceBecomesPlus: Bool
    private var digits: [UInt8]

    /// - Parameters:
    ///   - allowed: the characters of ASCII that stay besides letters and digits.
    ///   - usesLowercaseDigits: RFC 3986, section 2.1, asks for uppercase ones.
    package init(
        allowing allowed: String,
        spaceBecomesPlus: Bool = false,
        usesLowercaseDigits: Bool = false
    ) {
        precondition(allowed.utf8.allSatisfy { $0 < 0x80 }, "only ASCII can stay")
        self.allowed = Set(allowed.utf8)
        self.spaceBecomesPlus = spaceBecomesPlus
        digits = Array((usesLowercaseDigits ? "0123456789abcdef" : "0123456789ABCDEF").utf8)
    }

    /// Keeps only the unreserved characters (RFC 3986, section 2.3): for one part of a path or a query.
    package static let component = PercentEncoder(allowing: "-._~")
    /// As `component`, but slashes stay: for several parts of a path.
    package static let path = PercentEncoder(allowing: "-._~/")

    package func encode(_ text: String) -> String {
        String(decoding: encode(Array(text.utf8)), as: UTF8.self)
    }

    package func encode(_ bytes: [UInt8]) -> [UInt8] {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(bytes.count)
        for byte in bytes {
            if byte.isASCIILetterOrDigit || allowed.contains(byte) {
                encoded.append(byte)
            } else if spaceBecomesPlus && byte == UInt8(ascii: " ") {
                encoded.append(UInt8(ascii: "+"))
            } else {
                encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return encoded
    }

    /// Decodes `%` and two digits of either case. A percent sign without two digits stands for itself.
    package static func decode(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard text.contains(UInt8(ascii: "%")) else { return text }
        var decoded: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let high = rest.first?.hexDigit,
                let low = rest.dropFirst().first?.hexDigit
            {
                decoded.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                decoded.append(byte)
            }
        }
        return decoded[...]
    }
}

extension UInt8 {
    fileprivate var isASCIILetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    fileprivate var hexDigit: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
