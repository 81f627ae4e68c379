import CBench

/// A digest of a body that comes piece by piece.
final class BodyDigest {
    enum Algorithm {
        case sha256
        case md5
    }

    private var context: UnsafeMutableRawPointer?

    init(_ algorithm: Algorithm) {
        context = cbench_digest_begin(algorithm == .sha256 ? 1 : 0)
        precondition(context != nil, "libcrypto has neither memory nor this digest")
    }

    deinit {
        _ = finish()
    }

    func add(_ bytes: UnsafeRawBufferPointer) {
        guard let context else { return }
        cbench_digest_add(context, bytes.baseAddress, bytes.count)
    }

    /// The digest; empty when it has been asked for before.
    func finish() -> [UInt8] {
        guard let context else { return [] }
        self.context = nil
        return [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
            count = Int(cbench_digest_end(context, buffer.baseAddress))
        }
    }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self
        )
    }

    static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << ((3 - group.count) * 8)
            for position in 0..<4 {
                text.append(position <= group.count ? digits[bits >> (18 - 6 * position) & 63] : 0x3D)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
