import Text

/// Which bytes cannot stand for themselves in a JSON string (RFC 8259, section 7).
enum EscapeFinder {
    /// Whether a byte has to be escaped.
    static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// Flags the highest bit of each of eight bytes that has to be escaped, in the manner of Warren, "Hacker's Delight"
    /// (2012), section 6-1: it tells of a subtraction's borrow. The lowest flag is exact, those above it may not be.
    static func flags(in word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let belowSpace = (word &- ones &* 0x20) & ~word
        let noQuote = word ^ ones &* UInt64(UInt8(ascii: "\""))
        let isQuote = (noQuote &- ones) & ~noQuote
        let noBackslash = word ^ ones &* UInt64(UInt8(ascii: "\\"))
        let isBackslash = (noBackslash &- ones) & ~noBackslash
        return (belowSpace | isQuote | isBackslash) & (ones &* 0x80)
    }

    /// Where the first byte from `start` on stands that has to be escaped; the text's length if there is none.
    @inline(__always)
    static func first(in text: RawSpan, from start: Int = 0) -> Int {
        let count = text.byteCount
        var index = start
        while index &+ 8 <= count {
            let word = unsafe text.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            let flags = flags(in: UInt64(littleEndian: word))
            if flags != 0 { return index &+ flags.trailingZeroBitCount / 8 }
            index &+= 8
        }
        while index < count, unsafe !isEscaped(text.unsafeLoad(fromByteOffset: index, as: UInt8.self)) {
            index &+= 1
        }
        return index
    }

    /// Where the first character from `start` on begins that has to be escaped or disturbs text in a terminal, see
    /// `Unicode.Scalar.disturbsText`; the text's length if there is none.
    static func firstForConsole(in text: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < text.count {
            if index &+ 8 <= text.count {
                let loaded = unsafe text.bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
                let word = UInt64(littleEndian: loaded)
                let flags = flags(in: word) | ByteSearch.unprintable(in: word)
                if flags == 0 {
                    index &+= 8
                    continue
                }
                index &+= flags.trailingZeroBitCount / 8
            }
            if isEscaped(text[index]) || TextDisturbance.stands(at: index, of: text) { return index }
            index += TextDisturbance.characterLength(startingWith: text[index])
        }
        return text.count
    }
}
