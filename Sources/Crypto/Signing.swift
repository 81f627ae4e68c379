import CCrypto

/// Signatures that storage services ask for.
package enum Signing {
    /// The largest RSA key that is taken, in bytes of its signature: 16,384 bits.
    private static let maxSignatureSize = 2_048

    /// RFC 2104 with SHA-256.
    package static func hmacSHA256(key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        let size = CCRYPTO_SHA256_SIZE
        return unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            unsafe key.withUnsafeBytes { key in
                unsafe bytes.withUnsafeBytes { bytes in
                    unsafe ccrypto_hmac_sha256(
                        key.baseAddress,
                        key.count,
                        bytes.baseAddress,
                        bytes.count,
                        buffer.baseAddress
                    )
                }
            }
            count = size
        }
    }

    /// RS256 (RFC 7518, section 3.3) by an RSA private key in PEM, PKCS #8 or PKCS #1. Nil where the key is none.
    package static func rs256(privateKey pem: String, _ bytes: [UInt8]) -> [UInt8]? {
        let key = Array(pem.utf8)
        var isSigned = false
        let signature = unsafe [UInt8](unsafeUninitializedCapacity: maxSignatureSize) { buffer, count in
            var size = maxSignatureSize
            let result = unsafe key.withUnsafeBytes { key in
                unsafe bytes.withUnsafeBytes { bytes in
                    unsafe ccrypto_rs256_sign(
                        key.baseAddress,
                        key.count,
                        bytes.baseAddress,
                        bytes.count,
                        buffer.baseAddress,
                        &size
                    )
                }
            }
            isSigned = result == 0
            count = isSigned ? size : 0
        }
        return isSigned ? signature : nil
    }
}
