import Text

/// Finds passwords in URLs: `postgres://user:password@host` (RFC 3986, section 3.2.1).
enum URLPasswords {
    /// Where the passwords stand, in order.
    static func places(in text: Span<UInt8>) -> [Range<Int>] {
        var places: [Range<Int>] = []
        var position = 0
        while let start = authority(in: text, from: position) {
            var end = start
            var at: Int?
            while end < text.count, !endsAuthority(text[end]) {
                // A password can hold an unescaped one itself: the last one counts.
                if text[end] == UInt8(ascii: "@") { at = end }
                end += 1
            }
            position = end
            guard let at else { continue }
            let colon = ByteSearch.first(UInt8(ascii: ":"), in: text, from: start)
            if colon + 1 < at { places.append(colon + 1..<at) }
        }
        return places
    }

    /// The position behind the next `://`.
    private static func authority(in text: Span<UInt8>, from start: Int) -> Int? {
        var colon = ByteSearch.first(UInt8(ascii: ":"), in: text, from: start)
        while colon + 2 < text.count {
            if text[colon + 1] == UInt8(ascii: "/"), text[colon + 2] == UInt8(ascii: "/") { return colon + 3 }
            colon = ByteSearch.first(UInt8(ascii: ":"), in: text, from: colon + 1)
        }
        return nil
    }

    private static func endsAuthority(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "\""),
            UInt8(ascii: "'"), UInt8(ascii: "<"), UInt8(ascii: ">"):
            true
        default: false
        }
    }
}
