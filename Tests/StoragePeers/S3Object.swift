import Foundation

/// An object as boto3 reads it.
package struct S3Object {
    package struct Facts: Decodable {
        package var contentType: String
        /// `AES256`, `aws:kms`; nil where the store says nothing of it.
        package var encryption: String?
        package var kmsKeyID: String?
    }

    package var facts: Facts
    package var bytes: [UInt8]

    package var contentType: String { facts.contentType }

    /// Nil where there is no such object.
    init?(_ endpoint: String, _ user: S3Server.User, bucket: String, key: String) throws {
        let arguments = [endpoint, user.key, user.secret, bucket, key]
        guard let answer = try StoragePeers.read("s3_read.py", arguments) else { return nil }
        facts = try JSONDecoder().decode(Facts.self, from: Data(answer.line.utf8))
        bytes = answer.bytes
    }
}
