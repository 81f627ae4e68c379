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
