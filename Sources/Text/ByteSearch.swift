import Glibc

/// Finding bytes in bytes.
package enum ByteSearch {
    /// Where `needle` begins first in `text` at or after `start`; nil where it does not, or is empty.
    package static func first(_ needle: [UInt8], in text: [UInt8], from start: Int) -> Int? {
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

    /// Whether the character of ASCII stands anywhere in the text.
    package static func contains(_ character: Unicode.Scalar, in text: Span<UInt8>) -> Bool {
        contains(byte: UInt8(ascii: character), in: text)
    }

    /// Whether the byte stands anywhere in the text.
    package static func contains(byte: UInt8, in text: Span<UInt8>) -> Bool {
        first(byte, in: text) < text.count
    }

    /// Where the byte stands first at or after `start`; the text's end where it does not.
    package static func first(_ byte: UInt8, in text: Span<UInt8>, from start: Int = 0) -> Int {
        unsafe text.withUnsafeBufferPointer { text in
            guard start < text.count, let base = text.baseAddress,
                let found = unsafe memchr(base + start, Int32(byte), text.count - start)
            else { return text.count }
            return unsafe UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) - base
        }
    }

    /// Whether all eight bytes are 20 to 7E.
    package static func isPrintableASCII(_ word: UInt64) -> Bool { unprintable(in: word) == 0 }

    /// Flags the highest bit of each of eight bytes that is not 20 to 7E, in the manner of Warren, "Hacker's Delight"
    /// (2012), section 6-1: it tells of a subtraction's borrow. The lowest flag is exact, those above it may not be.
    @inlinable
    package static func unprintable(in word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let belowSpace = (word &- ones &* 0x20) & ~word
        let noDelete = word ^ ones &* 0x7F
        let isDelete = (noDelete &- ones) & ~noDelete
        return (word | belowSpace | isDelete) & (ones &* 0x80)
    }
}
