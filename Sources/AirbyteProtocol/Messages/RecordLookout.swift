import Glibc

/// Tells lines that may hold a customer's data from lines for people. Takes a line in pieces, cut anywhere.
struct RecordLookout {
    /// How every connector's libraries begin a `RECORD` message.
    private static let beginning: StaticString = #"{"type":"record","record":"#

    /// Whether the beginning of a record stands anywhere in the line; white space and letter case do not count.
    private(set) var hasFound = false

    /// How much of the beginning stands right before the next byte.
    private var matched = 0

    /// Takes the line's next bytes.
    mutating func look(at bytes: RawSpan) {
        guard !hasFound else { return }
        unsafe bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            let beginning = unsafe Self.beginning.utf8Start
            var index = 0
            while index < bytes.count {
                if matched == 0 {
                    // All that is no brace is stepped over at once.
                    let brace = unsafe Int32(beginning[0])
                    guard let found = unsafe memchr(base + index, brace, bytes.count &- index) else { return }
                    index = unsafe UnsafeRawPointer(found) - base &+ 1
                    if let mismatch = unsafe Self.mismatch(in: bytes, at: index) {
                        index = mismatch
                    } else {
                        matched = 1
                    }
                    continue
                }
                let byte = unsafe bytes[index]
                index &+= 1
                // White space.
                if byte == 0x20 || byte &- 0x09 < 5 { continue }
                let lowerCase = byte &- 0x41 < 26 ? byte | 0x20 : byte
                if unsafe lowerCase == beginning[matched] {
                    matched &+= 1
                    hasFound = matched == Self.beginning.utf8CodeUnitCount
                    if hasFound { return }
                } else {
                    // The opening brace stands nowhere else in the beginning, so that a match can only restart with one.
                    matched = unsafe lowerCase == beginning[0] ? 1 : 0
                }
            }
        }
    }

    /// Where the eight bytes behind an opening brace differ from the beginning of a record, if that is certain: schemas
    /// and messages are full of braces, and nearly every one is ruled out so at once.
    private static func mismatch(in bytes: UnsafeRawBufferPointer, at index: Int) -> Int? {
        guard index &+ 8 <= bytes.count else { return nil }
        let word = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        // `"type":"`. With bit 5 set, letters are lower case and the other bytes of it stay as they are; a few more bytes
        // look like them, but white space does not.
        let difference = (word | 0x2020_2020_2020_2020) ^ 0x223A_2265_7079_7422
        guard difference != 0 else { return nil }
        let mismatch = index &+ difference.trailingZeroBitCount / 8
        let byte = unsafe bytes[mismatch]
        return byte == 0x20 || byte &- 0x09 < 5 ? nil : mismatch
    }
}
