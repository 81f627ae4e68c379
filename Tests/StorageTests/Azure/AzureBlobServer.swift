import CurlTransport
import Foundation
import Reactor

/// The blob service in Python, `Tests/Storage/azure_blob_server.py`, in a process of its own.
final class AzureBlobServer {
    struct Failure: Error { var what: String }

    /// What the server tells of itself.
    struct Facts: Decodable {
        var port: Int
        var account: String
        var key: String
        var clientID: String
        var tenantID: String
        var accountSAS: String
        var containerSAS: String
        var readSAS: String
        var endedSAS: String
    }

    /// A blob as Azure's own client has read it.
    struct Blob {
        struct Properties: Decodable {
            var size: Int
            var type: String
            var md5: String?
            var blocks: Int
        }

        var properties: Properties
        var bytes: [UInt8]
    }

    let facts: Facts
    private let process = Process()
    private let lifeline = Pipe()

    init() throws {
        let output = Pipe()
        process.executableURL = try Self.python.get()
        process.arguments = [Self.script("azure_blob_server.py")]
        process.standardInput = lifeline
        process.standardOutput = output
        try process.run()
        var line: [UInt8] = []
        while case let chunk = output.fileHandleForReading.availableData, !chunk.isEmpty {
            line += chunk
            if line.last == UInt8(ascii: "\n") { break }
        }
        facts = try JSONDecoder().decode(Facts.self, from: Data(line))
    }

    deinit {
        try? lifeline.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    var origin: String { "http://127.0.0.1:\(facts.port)" }

    /// As an emulator has it, with the account in the path.
    var endpoint: String { "\(origin)/\(facts.account)" }

    var connectionString: String { "\(endpointOnly);AccountName=\(facts.account);AccountKey=\(facts.key)" }

    var endpointOnly: String { "BlobEndpoint=\(endpoint)" }

    /// Tells the server what to do, as its own description says.
    func control(_ wishes: String) throws {
        _ = try exchange("POST", Array(wishes.utf8))
    }

    /// What has been asked of the server, without signatures.
    func requests() throws -> [String] {
        struct Seen: Decodable { var requests: [String] }
        return try JSONDecoder().decode(Seen.self, from: Data(try exchange("GET", nil))).requests
    }

    private func exchange(_ method: String, _ body: [UInt8]?) throws -> [UInt8] {
        let reactor = try Reactor(backend: .epoll)
        let transport = try CurlTransport(reactor: reactor, options: .init(userAgent: "Test"))
        var end: Result<HTTPResponse, HTTPTransportError>?
        let request = HTTPRequest(
            method: method,
            url: "\(origin)/control",
            body: body,
            connectTimeout: .seconds(30),
            totalTimeout: .seconds(60)
        )
        _ = transport.send(request) { end = $0 }
        while end == nil { try reactor.tick() }
        guard let response = try end?.get(), response.status == 200 else {
            throw Failure(what: "the server does not take \(method) /control")
        }
        return response.body
    }

    /// Reads a blob with azure-storage-blob; nil where its client finds none.
    func read(container: String, key: String) throws -> Blob? {
        let answer = try Self.run(
            Self.python.get(),
            [Self.script("azure_read.py"), endpoint, facts.account, facts.key, container, key]
        )
        guard answer.status == 0, let end = answer.output.firstIndex(of: UInt8(ascii: "\n")) else {
            return nil
        }
        return Blob(
            properties: try JSONDecoder().decode(Blob.Properties.self, from: answer.output[..<end]),
            bytes: Array(answer.output[(end + 1)...])
        )
    }

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../..").standardizedFileURL

    private static func script(_ name: String) -> String {
        root.appendingPathComponent("Tests/Storage/\(name)").path
    }

    /// The Python that has azure-storage-blob.
    private static let python = Result {
        let answer = try run(
            root.appendingPathComponent("scripts/fetch-azure-client"),
            [root.appendingPathComponent(".build/azure-client").path]
        )
        guard answer.status == 0 else { throw Failure(what: "scripts/fetch-azure-client has failed") }
        let path = String(decoding: answer.output, as: UTF8.self)
        return URL(fileURLWithPath: path.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    private static func run(
        _ executable: URL,
        _ arguments: [String]
    ) throws -> (status: Int32, output: Data) {
        let process = Process()
        let output = Pipe()
        process.executableURL = executable
        process.arguments = arguments
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, said)
    }
}
