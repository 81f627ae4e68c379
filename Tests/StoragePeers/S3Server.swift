import Foundation

/// S3 and STS as moto plays them, `Tests/StoragePeers/servers/s3_server.py`.
package final class S3Server: @unchecked Sendable {
    /// One for all tests that do not tell it what to do: each takes a second to start.
    package static let shared = Result { try S3Server() }

    package struct User: Decodable {
        package var key: String
        package var secret: String
    }

    package struct Facts: Decodable {
        package var port: Int
        package var owner: User
        package var stranger: User
        /// The name of a role that may do everything, for whoever brings a web identity.
        package var role: String
    }

    package var facts: Facts { process.facts }
    private let process: PeerProcess<Facts>

    package init() throws {
        process = try PeerProcess(script: "s3_server.py")
    }

    package var endpoint: String { "http://127.0.0.1:\(facts.port)" }

    /// Tells the server what to do, as its own description says, and gives what it has been asked so far: `PUT
    /// /bucket//key 200 KEYID`.
    @discardableResult
    package func control(_ wishes: String = "{}") throws -> [String] {
        let answer = try StoragePeers.exchange("POST", "\(endpoint)/control", Array(wishes.utf8))
        return try JSONDecoder().decode([String].self, from: Data(answer))
    }

    /// An object's bytes as the server keeps them; nil where there is none. Quicker than boto3.
    package func peek(bucket: String, key: String) throws -> [UInt8]? {
        let wanted = Array(try JSONEncoder().encode([bucket, key]))
        let answer = try StoragePeers.ask("POST", "\(endpoint)/peek", wanted)
        return answer.status == 200 ? answer.body : nil
    }

    /// Reads an object with boto3; nil where it finds none.
    package func read(bucket: String, key: String) throws -> S3Object? {
        try S3Object(endpoint, facts.owner, bucket: bucket, key: key)
    }

    /// The keys of a bucket's objects as boto3 lists them, in order.
    package func keys(bucket: String) throws -> [String] {
        try StoragePeers.list("s3_read.py", [endpoint, facts.owner.key, facts.owner.secret, bucket])
    }
}
