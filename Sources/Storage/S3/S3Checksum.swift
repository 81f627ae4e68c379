import Crypto
import HTTP

/// The checksum that goes with an object's bytes. Buckets with object lock demand one of them.
///
/// Source: "PutObject", "UploadPart", "CreateMultipartUpload" and "CompleteMultipartUpload", Amazon S3 API Reference.
package enum S3Checksum: Hashable, Sendable {
    /// Understood by every store. S3 names objects by it, so that an upload can be recognised.
    case md5
    /// Where libcrypto has no MD5, as in FIPS mode.
    case sha256

    /// What this process can compute.
    package static var available: S3Checksum { Digest(.md5) == nil ? .sha256 : .md5 }

    var header: String {
        switch self {
        case .md5: "Content-MD5"
        case .sha256: "x-amz-checksum-sha256"
        }
    }

    /// Nil where libcrypto does not have it.
    func digest(of bytes: [UInt8]) -> [UInt8]? {
        switch self {
        case .md5: Digest.md5(bytes)
        case .sha256: Digest.sha256(bytes)
        }
    }

    /// What the beginning of a multipart upload has to say, so that its parts may carry the checksum.
    var announcement: [HTTPHeader] {
        switch self {
        case .md5: []
        case .sha256: [HTTPHeader("x-amz-checksum-algorithm", "SHA256")]
        }
    }

    /// The header that a HEAD needs, so that the answer carries the checksum.
    var question: [HTTPHeader] {
        switch self {
        case .md5: []
        case .sha256: [HTTPHeader("x-amz-checksum-mode", "ENABLED")]
        }
    }

    /// What the end of a multipart upload repeats for a part; S3 refuses an end without it.
    func element(ofPart checksum: [UInt8]) -> String {
        switch self {
        case .md5: ""
        case .sha256: "<ChecksumSHA256>\(Base64.encode(checksum))</ChecksumSHA256>"
        }
    }
}
