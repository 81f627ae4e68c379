import Foundation
import TestSupport

/// Requests to S3 as botocore makes and signs them, nothing of which is sent: `Tests/StoragePeers/servers/s3_sign.py`.
package enum S3Signer {
    package struct Request: Decodable, CustomStringConvertible {
        /// `put` is a document as the program stores it, with exactly its fields; else any other request.
        package var kind: String
        package var bucket: String
        /// Nil for the bucket itself.
        package var key: String?
        package var region: String
        package var endpoint: String?
        package var isPathStyle: Bool
        package var token: String?
        package var body: String
        package var milliseconds: Int64
        package var method: String
        package var url: String
        package var fields: [String: String]
        /// Names and values, not encoded.
        package var query: [[String]]

        package var description: String { "\(kind) \(key ?? "") \(url)" }
    }

    /// The keys that all are signed with, which Amazon has published.
    package static let keyID = "AKIDEXAMPLE"
    package static let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

    /// So many random requests, the same for the same seed.
    package static func requests(seed: Int, count: Int) throws -> [Request] {
        let text = try StoragePeers.run("s3_sign.py", ["\(seed)", "\(count)"])
        return try JSONDecoder().decode([Request].self, from: Data(text))
    }
}
