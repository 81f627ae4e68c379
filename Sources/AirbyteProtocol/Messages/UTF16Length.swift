/// Lengths as the platform counts them: in UTF-16 units.
enum UTF16Length {
    /// The length of UTF-8 text.
    static func of(_ text: some Sequence<UInt8>) -> Int {
        // Every character has one byte that is no continuation; those of four bytes make two units.
        text.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : $1 >= 0xF0 ? 2 : 1) }
    }

    /// The length of a text that is not repaired yet.
    static func of(_ text: RawSpan) -> Int {
        guard UTF8Repair.isValid(text) else { return of(UTF8Repair.text(of: text)) }
        return unsafe text.withUnsafeBytes { unsafe ofValid($0) }
    }

    /// The same, eight bytes at once.
    static func ofValid(_ text: UnsafeRawBufferPointer) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var units = text.count
        var index = 0
        while index &+ 8 <= text.count {
            if index &+ 32 <= text.count, unsafe isASCII(text, at: index) {
                index &+= 32
                continue
            }
            let word = unsafe text.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            index &+= 8
            let high = word &>> 7
            // Nearly all words are ASCII, and counting bits takes a dozen steps where the processor may not do it.
            if high & ones == 0 { continue }
            // Bits 7 and 6 of a continuation are 1 and 0; the four high bits of a lead of four bytes are 1.
            let continuations = high & ~(word &>> 6) & ones
            let leads = high & (word &>> 6) & (word &>> 5) & (word &>> 4) & ones
            units &+= leads.nonzeroBitCount &- continuations.nonzeroBitCount
        }
        let rest = unsafe text[index...]
        return unsafe units &- rest.count &+ of(rest)
    }

    /// Whether the 32 bytes from there on are ASCII.
    @inline(__always)
    private static func isASCII(_ text: UnsafeRawBufferPointer, at index: Int) -> Bool {
        let words = unsafe text.loadUnaligned(fromByteOffset: index, as: SIMD4<UInt64>.self)
        return (words[0] | words[1] | words[2] | words[3]) & 0x8080_8080_8080_8080 == 0
    }
}
