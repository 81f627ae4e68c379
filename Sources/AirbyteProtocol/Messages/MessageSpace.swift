/// What may stand around the messages of a line.
enum MessageSpace {
    /// How many bytes of JSON's white space and zero bytes there are at the beginning. A file that was truncated under its
    /// writer has zero bytes up to where the writer goes on.
    static func leading(in bytes: RawSpan) -> Int {
        unsafe bytes.withUnsafeBytes { bytes in
            var count = 0
            while count < bytes.count, unsafe isSpace(bytes[count]) { count &+= 1 }
            return count
        }
    }

    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D || byte == 0
    }
}
