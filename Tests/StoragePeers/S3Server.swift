/// S3 and STS as moto plays them, `Tests/Storage/s3_server.py`.
package final class S3Server {
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

    /// Reads an object with boto3; nil where it finds none.
    package func read(bucket: String, key: String) throws -> (contentType: String, bytes: [UInt8])? {
        try StoragePeers.read("s3_read.py", [endpoint, facts.owner.key, facts.owner.secret, bucket, key])
            .map { ($0.line, $0.bytes) }
    }

    /// The keys of a bucket's objects as boto3 lists them, in order.
    package func keys(bucket: String) throws -> [String] {
        try StoragePeers.list("s3_read.py", [endpoint, facts.owner.key, facts.owner.secret, bucket])
    }
}
