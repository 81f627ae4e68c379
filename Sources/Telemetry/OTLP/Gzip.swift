import CZlib

/// The gzip format (RFC 1952).
enum Gzip {
    /// The bytes in that format; nil where memory is short.
    static func compressed(_ bytes: [UInt8]) -> [UInt8]? {
        // What cannot be compressed grows by far less.
        let capacity = bytes.count + bytes.count / 8 + 256
        let compressed = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { output, count in
            count = unsafe bytes.withUnsafeBytes { input in
                unsafe czlib_gzip(input.baseAddress, input.count, output.baseAddress, capacity)
            }
        }
        return compressed.isEmpty ? nil : compressed
    }
}
