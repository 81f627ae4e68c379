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
        return unsafe text.withUnsafeBytes { unsafe of($0) }
    }
}
