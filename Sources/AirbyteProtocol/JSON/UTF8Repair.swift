import CSimdjson

/// Makes UTF-8 of any bytes, as Java's `InputStreamReader` does.
///
/// Each longest prefix of a sequence that cannot be completed becomes one U+FFFD, and so does a surrogate
/// that was encoded as if it were a character (ED A0..BF 80..BF); every other byte that fits nowhere becomes
/// one of its own.
enum UTF8Repair {
    static func isValid(_ bytes: RawSpan) -> Bool {
        unsafe bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return true }
            return unsafe csimdjson_is_utf8(start, bytes.count)
        }
    }

    /// The bytes, repaired where they are not UTF-8, and as many zero bytes behind them.
    static func text(of bytes: RawSpan, padding: Int = 0) -> [UInt8] {
        guard isValid(bytes) else {
            let copy = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
            return repaired(copy) + [UInt8](repeating: 0, count: padding)
        }
        // One allocation of the right size: this is where a long line is copied.
        return unsafe bytes.withUnsafeBytes { bytes in
            unsafe [UInt8](unsafeUninitializedCapacity: bytes.count + padding) { buffer, count in
                if unsafe !bytes.isEmpty {
                    unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
                }
                unsafe buffer[bytes.count...].initialize(repeating: 0)
                count = bytes.count + padding
            }
        }
    }

    private static func repaired(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + 16)
        var index = 0
        while index < bytes.count {
            let (length, isCharacter) = sequence(at: index, of: bytes)
            if isCharacter {
                result.append(contentsOf: bytes[index..<(index + length)])
            } else {
                result.append(contentsOf: replacement)
            }
            index += length
        }
        return result
    }

    /// U+FFFD.
    private static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

    /// How many bytes from `index` on belong together, and whether they make a character.
    private static func sequence(at index: Int, of bytes: [UInt8]) -> (length: Int, isCharacter: Bool) {
        let lead = bytes[index]
        if lead < 0x80 { return (1, true) }
        let length: Int
        let second: ClosedRange<UInt8>
        switch lead {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return (1, false)
        }
        guard index + 1 < bytes.count, second.contains(bytes[index + 1]) else { return (1, false) }
        for offset in 2..<max(length, 2) {
            guard index + offset < bytes.count, bytes[index + offset] & 0xC0 == 0x80 else {
                return (offset, false)
            }
        }
        // The surrogates' sequences are complete and yet no characters.
        return (length, !(lead == 0xED && bytes[index + 1] >= 0xA0))
    }
}
