import Foundation

/// S3 in Python, `Tests/Storage/s3_server.py`, in a process of its own.
final class S3Server {
    struct Failure: Error { var what: String }

    struct User: Decodable {
        var key: String
        var secret: String
    }

    struct Facts: Decodable {
        var port: Int
        var owner: User
        var stranger: User
        /// The name of a role that may do everything, for whoever brings a web identity.
        var role: String
    }

    let facts: Facts
    private let process = Process()
    private let lifeline = Pipe()

    init() throws {
        let output = Pipe()
        process.executableURL = try Self.python.get()
        process.arguments = [Self.path("Tests/Storage/s3_server.py")]
        process.standardInput = lifeline
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
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

    var endpoint: String { "http://127.0.0.1:\(facts.port)" }

    /// Reads an object with boto3; nil where it finds none.
    func read(bucket: String, key: String) throws -> (contentType: String, bytes: [UInt8])? {
        let answer = try Self.run(
            Self.python.get(),
            [
                Self.path("Tests/Storage/s3_read.py"), endpoint, facts.owner.key, facts.owner.secret, bucket,
                key,
            ]
        )
        guard answer.status == 0, let end = answer.output.firstIndex(of: UInt8(ascii: "\n")) else {
            return nil
        }
        return (String(decoding: answer.output[..<end], as: UTF8.self), Array(answer.output[(end + 1)...]))
    }

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../..").standardizedFileURL

    private static func path(_ relative: String) -> String { root.appendingPathComponent(relative).path }

    /// The Python that has moto and boto3.
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
        process.standardError = FileHandle.nullDevice
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, Array(said))
    }
}
