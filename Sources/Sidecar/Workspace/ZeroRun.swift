import AirbyteProtocol
import Glibc

/// How many zero bytes were read last, counted by whole reads: a hole can follow them.
package struct ZeroRun {
    private var count = 0

    package init() {}

    /// Whether zero bytes that follow need not be read, see `TranscriptReader.skipZeros`.
    package var maySkip: Bool { count >= TranscriptReader.minZerosBeforeSkip }

    /// Takes the bytes of a read.
    package mutating func note(_ bytes: RawSpan) {
        count = Self.isZero(bytes) ? count + bytes.byteCount : 0
    }

    private static func isZero(_ bytes: RawSpan) -> Bool {
        unsafe bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, unsafe bytes[0] == 0 else { return false }
            // Each byte is the one before it.
            return unsafe memcmp(base, base + 1, bytes.count - 1) == 0
        }
    }
}
