import Glibc

/// A text as a key of a table: its UTF-8, compared byte by byte.
///
/// Swift's own strings count as equal where they look alike, and an array's bytes are hashed one by one.
struct ByteString: Hashable {
    let bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
    }

    static func == (left: ByteString, right: ByteString) -> Bool {
        left.bytes.count == right.bytes.count && left.bytes.elementsEqual(right.bytes)
    }

    func hash(into hasher: inout Hasher) {
        unsafe bytes.withUnsafeBytes { bytes in unsafe hasher.combine(bytes: bytes) }
        hasher.combine(bytes.count)
    }
}

extension ArraySlice<UInt8> {
    /// Whether a text stands anywhere within.
    func holds(_ needle: StaticString) -> Bool {
        let length = needle.utf8CodeUnitCount
        return unsafe withUnsafeBytes { text in
            guard let base = text.baseAddress else { return false }
            var position = 0
            // memchr(3) finds the first byte fast; the rest is compared only there.
            while position + length <= text.count,
                let found = unsafe memchr(
                    base + position,
                    Int32(needle.utf8Start[0]),
                    text.count - length - position + 1
                )
            {
                position = unsafe UnsafeRawPointer(found) - base
                if unsafe memcmp(base + position, needle.utf8Start, length) == 0 { return true }
                position += 1
            }
            return false
        }
    }
}
