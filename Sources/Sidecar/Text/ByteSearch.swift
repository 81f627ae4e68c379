import Glibc

/// Finding bytes in bytes.
enum ByteSearch {
    /// Where `needle` begins first in `text` at or after `start`; nil where it does not, or is empty.
    static func first(_ needle: [UInt8], in text: [UInt8], from start: Int) -> Int? {
        guard let head = needle.first else { return nil }
        return unsafe text.withUnsafeBytes { bytes in
            var position = start
            // memchr(3) finds the first byte fast; the rest is compared only there.
            while position <= bytes.count - needle.count, let base = bytes.baseAddress,
                let found = unsafe memchr(
                    base + position,
                    Int32(head),
                    bytes.count - needle.count - position + 1
                )
            {
                position = unsafe UnsafeRawPointer(found) - base
                if unsafe bytes[position..<position + needle.count].elementsEqual(needle) { return position }
                position += 1
            }
            return nil
        }
    }
}
