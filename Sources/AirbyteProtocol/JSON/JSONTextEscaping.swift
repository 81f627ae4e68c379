import Text

/// Text in UTF-8 as it stands between the quotes of a JSON string (RFC 8259, section 7).
extension Array<UInt8> {
    /// Appends a text, with those characters escaped that have to be.
    public mutating func append(escapedForJSON text: Span<UInt8>) {
        if text.count > Self.maxUnmeasured { return append(escapedLong: text) }
        var start = 0
        while start < text.count {
            // What needs no escape goes in at once: every event of the job's log comes by here.
            let end = unsafe EscapeFinder.first(in: text.bytes, from: start)
            append(text.extracting(start..<end))
            if end < text.count { append(escaping: text[end]) }
            start = end + 1
        }
    }

    /// Appends a text, with those characters escaped that have to be or that disturb text, see
    /// `Unicode.Scalar.disturbsText`.
    public mutating func append(escapedForConsole text: Span<UInt8>) {
        var start = 0
        while start < text.count {
            let end = EscapeFinder.firstForConsole(in: text, from: start)
            append(text.extracting(start..<end))
            guard end < text.count else { return }
            start = end + append(escapingCharacterAt: end, of: text)
        }
    }

    /// Returns the length of the character in UTF-8.
    private mutating func append(escapingCharacterAt index: Int, of text: Span<UInt8>) -> Int {
        if EscapeFinder.isEscaped(text[index]) {
            append(escaping: text[index])
            return 1
        }
        let length = TextDisturbance.characterLength(startingWith: text[index])
        let character = String(decoding: (index..<index + length).map { text[$0] }, as: UTF8.self)
        for unit in character.utf16 {
            append(contentsOf: "\\u".utf8)
            for shift in stride(from: 12, through: 0, by: -4) {
                append(hexDigits[Int(unit >> shift & 15)])
            }
        }
        return length
    }

    /// A longer text is measured first, in bytes: a buffer that grows takes up to three times as much for a while.
    private static var maxUnmeasured: Int { 64 * 1_024 }

    /// How many bytes a text has when it is escaped.
    private static func escapedLength(of text: Span<UInt8>) -> Int {
        var length = text.count
        for index in text.indices {
            switch text[index] {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), 0x08, 0x09, 0x0A, 0x0C, 0x0D: length &+= 1
            case 0..<0x20: length &+= 5
            default: break
            }
        }
        return length
    }

    private mutating func append(escapedLong text: Span<UInt8>) {
        let start = count
        let length = Self.escapedLength(of: text)
        // Some more for what follows.
        reserveCapacity(start + length + 1_024)
        append(contentsOf: repeatElement(0, count: length))
        unsafe withUnsafeMutableBufferPointer { bytes in
            var index = start
            for source in text.indices {
                let byte = text[source]
                guard EscapeFinder.isEscaped(byte) else {
                    unsafe bytes[index] = byte
                    index &+= 1
                    continue
                }
                unsafe bytes[index] = UInt8(ascii: "\\")
                if let letter = Self.letter(escaping: byte) {
                    unsafe bytes[index &+ 1] = letter
                    index &+= 2
                } else {
                    unsafe bytes[index &+ 1] = UInt8(ascii: "u")
                    unsafe bytes[index &+ 2] = UInt8(ascii: "0")
                    unsafe bytes[index &+ 3] = UInt8(ascii: "0")
                    unsafe bytes[index &+ 4] = hexDigits[Int(byte >> 4)]
                    unsafe bytes[index &+ 5] = hexDigits[Int(byte & 15)]
                    index &+= 6
                }
            }
        }
    }

    private mutating func append(escaping byte: UInt8) {
        append(UInt8(ascii: "\\"))
        if let letter = Self.letter(escaping: byte) {
            append(letter)
        } else {
            append(contentsOf: "u00".utf8)
            append(hexDigits[Int(byte >> 4)])
            append(hexDigits[Int(byte & 15)])
        }
    }

    /// What follows the backslash; nil where the byte has no short escape.
    private static func letter(escaping byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
        case 0x08: UInt8(ascii: "b")
        case 0x09: UInt8(ascii: "t")
        case 0x0A: UInt8(ascii: "n")
        case 0x0C: UInt8(ascii: "f")
        case 0x0D: UInt8(ascii: "r")
        default: nil
        }
    }
}

private let hexDigits = Array("0123456789abcdef".utf8)
