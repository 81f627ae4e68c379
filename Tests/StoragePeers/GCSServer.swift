import Foundation

/// Google's storage behind a door that asks for tokens, and the token endpoint: `Tests/StoragePeers/servers/google_token_server.py`.
package final class GCSServer: @unchecked Sendable {
    /// One for all tests that do not tell it what to do.
    package static let shared = Result { try GCSServer() }

    /// What the server tells of itself.
    package struct Facts: Decodable {
        /// Where tokens are given, and where storage asks for them.
        package var port: Int
        /// Storage without a door.
        package var storagePort: Int
        /// A service account's file.
        package var account: String
        /// The same with a key that nobody knows.
        package var stranger: String
        /// What a federated identity brings.
        package var subjectToken: String
    }

    package var facts: Facts { process.facts }
    private let process: PeerProcess<Facts>

    package init() throws {
        process = try PeerProcess(script: "google_token_server.py")
    }

    package var origin: String { "http://127.0.0.1:\(facts.port)" }

    /// Tells the door what to do, as its own description says, and gives what it has been asked so far.
    @discardableResult
    package func control(_ wishes: String) throws -> [String] {
        let answer = try StoragePeers.exchange("POST", "\(origin)/control", Array(wishes.utf8))
        return try JSONDecoder().decode([String].self, from: Data(answer))
    }

    /// Makes a bucket, without the door.
    package func makeBucket(_ name: String) throws {
        let url = "http://127.0.0.1:\(facts.storagePort)/storage/v1/b?project=peer"
        _ = try StoragePeers.exchange("POST", url, Array(#"{"name": "\#(name)"}"#.utf8))
    }

    /// An object's bytes as the storage keeps them; nil where there is none. Quicker than Google's client.
    package func peek(bucket: String, key: String) throws -> [UInt8]? {
        let name = key.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let url = "http://127.0.0.1:\(facts.storagePort)/storage/v1/b/\(bucket)/o/\(name)?alt=media"
        let answer = try StoragePeers.ask("GET", url, nil)
        return answer.status == 200 ? answer.body : nil
    }

    /// Reads an object with google-cloud-storage; nil where it finds none.
    package func read(bucket: String, key: String) throws -> (contentType: String, bytes: [UInt8])? {
        try StoragePeers.read("google_read.py", ["http://127.0.0.1:\(facts.storagePort)", bucket, key])
            .map { ($0.line, $0.bytes) }
    }

    /// The names of a bucket's objects as google-cloud-storage lists them, in order.
    package func keys(bucket: String) throws -> [String] {
        try StoragePeers.list("google_read.py", ["http://127.0.0.1:\(facts.storagePort)", bucket])
    }
}
