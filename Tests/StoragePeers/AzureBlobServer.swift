import Foundation

/// Azure's blob service, which checks with Azure's own code: `Tests/StoragePeers/servers/azure_blob_server.py`.
package final class AzureBlobServer: @unchecked Sendable {
    /// One for all tests that do not tell it what to do.
    package static let shared = Result { try AzureBlobServer() }

    /// What the server tells of itself.
    package struct Facts: Decodable {
        package var port: Int
        package var account: String
        package var key: String
        package var clientID: String
        package var tenantID: String
        package var accountSAS: String
        package var containerSAS: String
        package var readSAS: String
        package var endedSAS: String
    }

    /// A blob as Azure's own client has read it.
    package struct Blob {
        package struct Properties: Decodable {
            package var size: Int
            package var type: String
            package var md5: String?
            package var blocks: Int
        }

        package var properties: Properties
        package var bytes: [UInt8]
    }

    package var facts: Facts { process.facts }
    private let process: PeerProcess<Facts>

    package init() throws {
        process = try PeerProcess(script: "azure_blob_server.py")
    }

    package var origin: String { "http://127.0.0.1:\(facts.port)" }

    /// As an emulator has it, with the account in the path.
    package var endpoint: String { "\(origin)/\(facts.account)" }

    package var connectionString: String {
        "\(endpointOnly);AccountName=\(facts.account);AccountKey=\(facts.key)"
    }

    package var endpointOnly: String { "BlobEndpoint=\(endpoint)" }

    /// Tells the server what to do, as its own description says.
    package func control(_ wishes: String) throws {
        _ = try StoragePeers.exchange("POST", "\(origin)/control", Array(wishes.utf8))
    }

    /// What has been asked of the server, without signatures.
    package func requests() throws -> [String] {
        struct Seen: Decodable { var requests: [String] }
        let answer = try StoragePeers.exchange("GET", "\(origin)/control", nil)
        return try JSONDecoder().decode(Seen.self, from: Data(answer)).requests
    }

    /// The names of a container's blobs as the server keeps them, in order.
    package func keys(container: String) throws -> [String] {
        struct Seen: Decodable { var blobs: [String: [String]] }
        let answer = try StoragePeers.exchange("GET", "\(origin)/control", nil)
        return try JSONDecoder().decode(Seen.self, from: Data(answer)).blobs[container] ?? []
    }

    /// A blob's bytes as the server keeps them; nil where there is none. Quicker than Azure's client.
    package func peek(container: String, key: String) throws -> [UInt8]? {
        let wanted = Array(try JSONEncoder().encode([container, key]))
        let answer = try StoragePeers.ask("POST", "\(origin)/peek", wanted)
        return answer.status == 200 ? answer.body : nil
    }

    /// Reads a blob with azure-storage-blob; nil where its client finds none.
    package func read(container: String, key: String) throws -> Blob? {
        try StoragePeers.read(
            "azure_read.py",
            [endpoint, facts.account, facts.key, container, key]
        ).map { answer in
            Blob(
                properties: try JSONDecoder().decode(Blob.Properties.self, from: Data(answer.line.utf8)),
                bytes: answer.bytes
            )
        }
    }
}
