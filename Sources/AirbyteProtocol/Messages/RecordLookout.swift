/// Tells lines that may hold a customer's data from lines for people.
enum RecordLookout {
    /// How every connector's libraries begin a `RECORD` message.
    private static let beginning = Array(#"{"type":"record","record":"#.utf8)

    /// Whether the beginning of a record stands anywhere in the line; white space and letter case do not count.
    static func suspects(_ line: [UInt8]) -> Bool {
        var matched = 0
        for byte in line {
            switch byte {
            case 0x09...0x0D, 0x20: continue
            default: break
            }
            let lowerCase = 0x41...0x5A ~= byte ? byte | 0x20 : byte
            if lowerCase == beginning[matched] {
                matched += 1
                if matched == beginning.count { return true }
            } else {
                // The opening brace stands nowhere else in the beginning, so that a match can only restart
                // with one.
                matched = lowerCase == beginning[0] ? 1 : 0
            }
        }
        return false
    }
}
