import CSimdjson

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
            guard let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
            let beginning = unsafe Self.beginning.utf8Start
            var index = 0
            while index < bytes.count {
                if matched == 0 {
                    // Schemas and messages are full of braces; nearly every one is stepped over.
                    unsafe index = csimdjson_find_record(base, index, bytes.count)
                    if index == bytes.count { return }
                    matched = 1
                    index &+= 1
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
}
