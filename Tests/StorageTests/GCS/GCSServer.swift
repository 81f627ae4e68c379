import Foundation

/// Google's services in Python, `Tests/Storage/google_token_server.py`, in a process of its own.
final class GCSServer {
    struct Failure: Error { var what: String }

    /// What the server tells of itself.
    struct Facts: Decodable {
        /// Where tokens are given, and where storage asks for them.
        var port: Int
        /// Storage without a door.
        var storagePort: Int
        /// A service account's file.
        var account: String
        /// The same with a key that nobody knows.
        var stranger: String
        /// What a federated identity brings.
        var subjectToken: String
    }

    let facts: Facts
    private let process = Process()
    private let lifeline = Pipe()

    init() throws {
        let output = Pipe()
        process.executableURL = try Self.python.get()
        process.arguments = [Self.path("Tests/Storage/google_token_server.py")]
        process.standardInput = lifeline
        process.standardOutput = output
        try process.run()
        var line = Data()
        while case let chunk = output.fileHandleForReading.availableData, !chunk.isEmpty {
            line += chunk
            if line.last == UInt8(ascii: "\n") { break }
        }
        facts = try JSONDecoder().decode(Facts.self, from: line)
    }

    deinit {
        try? lifeline.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    var origin: String { "http://127.0.0.1:\(facts.port)" }

    /// Reads an object with google-cloud-storage; nil where it finds none.
    func read(bucket: String, key: String) throws -> (contentType: String, bytes: [UInt8])? {
        let answer = try Self.run(
            Self.python.get(),
            [
                Self.path("Tests/Storage/google_read.py"), "http://127.0.0.1:\(facts.storagePort)", bucket,
                key,
            ]
        )
        if answer.status == 3 { return nil }
        guard answer.status == 0, let end = answer.output.firstIndex(of: UInt8(ascii: "\n")) else {
            throw Failure(what: "google_read.py failed")
        }
        return (String(decoding: answer.output[..<end], as: UTF8.self), Array(answer.output[(end + 1)...]))
    }

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../..").standardizedFileURL

    private static func path(_ relative: String) -> String { root.appendingPathComponent(relative).path }

    /// The Python that has the servers and Google's client.
    private static let python = Result { () throws -> URL in
        let answer = try run(
            URL(fileURLWithPath: path("scripts/fetch-storage-peers")),
            [path(".build/storage-peers")]
        )
        let line = String(decoding: answer.output, as: UTF8.self).trimmingCharacters(
            in: .whitespacesAndNewlines
        )
        guard answer.status == 0 else { throw Failure(what: "scripts/fetch-storage-peers failed") }
        return URL(fileURLWithPath: line)
    }

    private static func run(_ program: URL, _ arguments: [String]) throws -> (status: Int32, output: [UInt8])
    {
        let process = Process()
        let output = Pipe()
        process.executableURL = program
        process.arguments = arguments
        process.standardOutput = output
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, Array(said))
    }
}
