/// Which bytes cannot stand for themselves in a JSON string (RFC 8259, section 7).
enum EscapeFinder {
    /// Whether a byte has to be escaped.
    static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// Whether none of eight bytes has to be escaped, in the manner of Warren, "Hacker's Delight" (2012), section 6-1: a
    /// byte's highest bit tells of its subtraction's borrow.
    static func findsNone(in word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let belowSpace = (word &- ones &* 0x20) & ~word
        let noQuote = word ^ ones &* UInt64(UInt8(ascii: "\""))
        let isQuote = (noQuote &- ones) & ~noQuote
        let noBackslash = word ^ ones &* UInt64(UInt8(ascii: "\\"))
        let isBackslash = (noBackslash &- ones) & ~noBackslash
        return (belowSpace | isQuote | isBackslash) & (ones &* 0x80) == 0
    }
}
