/// The first and the last bytes that were read of a file, to be compared with what stands there later.
struct ReadSamples {
    /// Bytes in each place: enough to tell two outputs apart, few enough to copy with every read.
    private static let length = 64

    private var first: [UInt8] = []
    private var last: [UInt8] = []
    private var lastOffset: UInt64 = 0

    /// Remembers bytes that were read in a row.
    ///
    /// - Parameter end: the offset in the file behind the last of them.
    mutating func record(_ bytes: RawSpan, upTo end: UInt64) {
        if first.isEmpty { first = Self.copy(bytes.extracting(first: Self.length)) }
        last = Self.copy(bytes.extracting(last: Self.length))
        lastOffset = end - UInt64(last.count)
    }

    /// Whether the file still holds them. What cannot be read counts as held.
    func match(_ file: any WorkspaceFile) -> Bool {
        matches(first, file, at: 0) && matches(last, file, at: lastOffset)
    }

    private func matches(_ sample: [UInt8], _ file: any WorkspaceFile, at offset: UInt64) -> Bool {
        guard !sample.isEmpty, let bytes = try? file.bytes(at: offset, count: sample.count) else {
            return true
        }
        return bytes == sample
    }

    private static func copy(_ bytes: RawSpan) -> [UInt8] {
        unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }
}
