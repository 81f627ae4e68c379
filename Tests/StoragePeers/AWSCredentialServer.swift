import Foundation

/// The services that give keys to containers and machines, here those of a role that an `S3Server` knows:
/// `Tests/StoragePeers/servers/aws_credentials_server.py`.
package final class AWSCredentialServer {
    struct Facts: Decodable { var port: Int }

    private let process: PeerProcess<Facts>

    package init(for server: S3Server) throws {
        process = try PeerProcess(
            script: "aws_credentials_server.py",
            ["\(server.endpoint)/", server.facts.role]
        )
    }

    package var origin: String { "http://127.0.0.1:\(process.facts.port)" }

    /// The container's address of its credentials.
    package var containerPath: String { "/v1/credentials" }

    /// Tells the server what to do, as its own description says, and gives what it has been asked so far: `GET
    /// /v1/credentials 200 KEYID`.
    @discardableResult
    package func control(_ wishes: String = "{}") throws -> [String] {
        let answer = try StoragePeers.exchange("POST", "\(origin)/control", Array(wishes.utf8))
        return try JSONDecoder().decode([String].self, from: Data(answer))
    }
}
