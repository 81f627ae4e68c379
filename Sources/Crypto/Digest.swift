import CCrypto

/// A hash that takes its input in pieces.
@safe package final class Digest {
    package enum Algorithm {
        /// RFC 1321: a checksum of what storage services receive, no protection against anybody.
        case md5
        /// FIPS 180-4.
        case sha256
    }

    private let raw: OpaquePointer
    private let size: Int

    /// Nil where libcrypto does not give the algorithm, as it does with MD5 in FIPS mode.
    package init?(_ algorithm: Algorithm) {
        let made =
            switch algorithm {
            case .md5: unsafe ccrypto_md5_new()
            case .sha256: unsafe ccrypto_sha256_new()
            }
        guard let made = unsafe made else { return nil }
        unsafe raw = made
        size = algorithm == .md5 ? CCRYPTO_MD5_SIZE : CCRYPTO_SHA256_SIZE
    }

    deinit {
        unsafe ccrypto_digest_free(raw)
    }

    package func update(_ bytes: some Collection<UInt8>) {
        let taken: Void? = bytes.withContiguousStorageIfAvailable { buffer in
            unsafe ccrypto_digest_update(raw, buffer.baseAddress, buffer.count)
        }
        if taken == nil { update(Array(bytes)) }
    }

    /// The hash of all input. Nothing may be added after it.
    package func finish() -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            unsafe ccrypto_digest_finish(raw, buffer.baseAddress)
            count = size
        }
    }

    /// The MD5 of the bytes; nil where libcrypto does not offer it (FIPS).
    package static func md5(_ bytes: some Collection<UInt8>) -> [UInt8]? {
        guard let digest = Digest(.md5) else { return nil }
        digest.update(bytes)
        return digest.finish()
    }

    /// The SHA-256 of the bytes.
    package static func sha256(_ bytes: some Collection<UInt8>) -> [UInt8] {
        guard let digest = Digest(.sha256) else { preconditionFailure("libcrypto has no SHA-256") }
        digest.update(bytes)
        return digest.finish()
    }
}
