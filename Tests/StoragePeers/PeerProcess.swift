import CurlTransport
import Foundation
import HTTP
import Reactor
import TestSupport

/// A storage service in Python, in a process of its own, which tells in one line of JSON what a test has to know of it.
/// Ends when the object does.
package final class PeerProcess<Facts: Decodable> {
    package let facts: Facts
    private let pid: pid_t
    private let lifeline: SpawnPipe

    /// - Parameter script: a file in `Tests/Storage`.
    init(script: String, _ arguments: [String] = []) throws {
        let output = try SpawnPipe()
        lifeline = try SpawnPipe()
        pid = try Spawn.start(
            StoragePeers.python.get(),
            [StoragePeers.path("Tests/StoragePeers/servers/\(script)")] + arguments,
            input: lifeline.reader.fileDescriptor,
            output: output.writer.fileDescriptor
        )
        try output.writer.close()
        facts = try JSONDecoder().decode(Facts.self, from: output.firstLine())
    }

    deinit {
        try? lifeline.writer.close()
        Spawn.wait(for: pid)
    }
}

/// The servers and clients that storage is tested with.
enum StoragePeers {
    struct Failure: Error { var what: String }

    /// An answer of a client in Python: a line of text, then an object's bytes.
    struct Answer {
        var line: String
        var bytes: [UInt8]
    }

    /// The Python that has them all.
    static let python = Result { () throws -> String in
        let answer = try Spawn.run(path("scripts/fetch-storage-peers"), [path(".build/storage-peers")])
        let line = String(decoding: answer.output, as: UTF8.self).trimmingCharacters(
            in: .whitespacesAndNewlines
        )
        guard answer.exitCode == 0 else { throw Failure(what: "scripts/fetch-storage-peers failed") }
        return line
    }

    /// Runs a client, a file in `Tests/Storage`; nil where it says that there is no such object.
    static func read(_ script: String, _ arguments: [String]) throws -> Answer? {
        let answer = try Spawn.run(python.get(), [path("Tests/StoragePeers/servers/\(script)")] + arguments)
        if answer.exitCode == 3 { return nil }
        guard answer.exitCode == 0, let end = answer.output.firstIndex(of: UInt8(ascii: "\n")) else {
            throw Failure(what: "\(script) failed")
        }
        return Answer(
            line: String(decoding: answer.output[..<end], as: UTF8.self),
            bytes: Array(answer.output[(end + 1)...])
        )
    }

    /// Runs a script, a file in `Tests/Storage`, and gives what it prints.
    static func run(_ script: String, _ arguments: [String]) throws -> [UInt8] {
        let answer = try Spawn.run(python.get(), [path("Tests/StoragePeers/servers/\(script)")] + arguments)
        guard answer.exitCode == 0 else { throw Failure(what: "\(script) failed") }
        return Array(answer.output)
    }

    /// A client of `read` without a key: the names of all objects; none where there is no such place.
    static func list(_ script: String, _ arguments: [String]) throws -> [String] {
        guard let answer = try read(script, arguments) else { return [] }
        return try JSONDecoder().decode([String].self, from: Data(answer.line.utf8))
    }

    /// One request to a peer's own controls; throws where it is not answered with 200.
    static func exchange(_ method: String, _ url: String, _ body: [UInt8]?) throws -> [UInt8] {
        let response = try ask(method, url, body)
        guard response.status == 200 else { throw Failure(what: "\(url) does not take \(method)") }
        return response.body
    }

    /// One request to a peer's own controls.
    static func ask(_ method: String, _ url: String, _ body: [UInt8]?) throws -> HTTPResponse {
        var options = CurlTransport.Options(userAgent: "Test")
        // An object of a test.
        options.maxResponseBytes = 64 * 1_024 * 1_024
        let reactor = try Reactor(backend: .epoll)
        let transport = try CurlTransport(reactor: reactor, options: options)
        var end: Result<HTTPResponse, HTTPTransportError>?
        let request = HTTPRequest(
            method: method,
            url: url,
            body: body,
            connectTimeout: .seconds(30),
            totalTimeout: .seconds(60)
        )
        _ = transport.send(request) { end = $0 }
        while end == nil { try reactor.tick() }
        guard let response = try end?.get() else { throw Failure(what: "\(url) gives no answer") }
        return response
    }

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../..").standardizedFileURL

    static func path(_ relative: String) -> String { root.appendingPathComponent(relative).path }
}
