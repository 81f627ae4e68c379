/// Finds passwords in URLs: `postgres://user:password@host` (RFC 3986, section 3.2.1).
enum URLPasswords {
    /// Where the passwords stand, in order.
    static func places(in text: [UInt8]) -> [Range<Int>] {
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
            guard let at, let colon = text[start..<at].firstIndex(of: UInt8(ascii: ":")), colon + 1 < at
            else {
                continue
            }
            places.append(colon + 1..<at)
        }
        return places
    }

    /// The position behind the next `://`.
    private static func authority(in text: [UInt8], from start: Int) -> Int? {
        var position = start
        while let colon = text[position...].firstIndex(of: UInt8(ascii: ":")) {
            position = colon + 1
            if text[position...].starts(with: [UInt8(ascii: "/"), UInt8(ascii: "/")]) { return colon + 3 }
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
