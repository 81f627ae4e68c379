import Foundation

/// OpenStack Swift 2.38.3 with its S3 interface, `Tests/StoragePeers/servers/openstack_server.py`.
package final class OpenStackServer: @unchecked Sendable {
    /// One for all tests: it takes some seconds to start.
    package static let shared = Result { try OpenStackServer() }

    package struct Facts: Decodable {
        package var port: Int
        package var region: String
        package var owner: S3Server.User
    }

    package var facts: Facts { process.facts }
    private let process: PeerProcess<Facts>

    /// - Parameter region: the one for which requests have to be signed.
    package init(region: String = "us-east-1") throws {
        process = try PeerProcess(script: "openstack_server.py", [region])
    }

    package var endpoint: String { "http://127.0.0.1:\(facts.port)" }

    /// Reads an object with boto3; nil where it finds none.
    package func read(bucket: String, key: String) throws -> S3Object? {
        try S3Object(endpoint, facts.owner, bucket: bucket, key: key)
    }

    /// The keys of a bucket's objects as boto3 lists them, in order.
    package func keys(bucket: String) throws -> [String] {
        try StoragePeers.list("s3_read.py", [endpoint, facts.owner.key, facts.owner.secret, bucket])
    }
}
