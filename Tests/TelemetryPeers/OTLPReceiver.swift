import Foundation
import TestSupport

/// A receiver of OTLP in Python that decodes what comes, and breaks what it is told to:
/// `Tests/TelemetryPeers/servers/otlp_receiver.py`.
package final class OTLPReceiver {
    /// How it answers, as its own description says.
    package enum Fault: String, Sendable, CaseIterable {
        case ok, partial, empty, later, unavailable, error, bad, unauthorized, page, close, hang, refuse
        case partialNull = "partial-null"
        case retryDate = "retry-date"
        case retrySeconds = "retry-seconds"
    }

    /// A request that it has read.
    package struct Request: Decodable {
        package var path: String
        package var headers: [String: String]
        package var gzip: Bool
        package var fault: String
        package var items: [Item]?
        /// Why it could not be decoded.
        package var problem: String?
    }

    /// A point, a span or a log record.
    package struct Item: Decodable {
        package var resource: [String: Value]
        package var attributes: [String: Value]
        package var name: String?
        package var description: String?
        package var unit: String?
        package var kind: Value?
        package var temporality: String?
        package var monotonic: Bool?
        package var value: Double?
        package var count: UInt64?
        package var buckets: [UInt64]?
        package var bounds: [Double]?
        package var min: Double?
        package var max: Double?
        package var start: Int64?
        package var time: Int64?
        package var end: Int64?
        package var trace: String?
        package var span: String?
        package var parent: String?
        package var status: Int?
        package var message: String?
        package var observed: Int64?
        package var severity: Int?
        package var level: String?
        package var body: String?
    }

    package enum Value: Decodable, Hashable {
        case string(String)
        case int(Int64)
        case double(Double)
        case bool(Bool)

        package init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let value = try? container.decode(Bool.self) {
                self = .bool(value)
            } else if let value = try? container.decode(Int64.self) {
                self = .int(value)
            } else if let value = try? container.decode(Double.self) {
                self = .double(value)
            } else {
                self = .string(try container.decode(String.self))
            }
        }
    }

    private struct Facts: Decodable { var port: UInt16 }

    package let port: UInt16
    private let process: ReceiverProcess

    /// - Parameter faults: one for each request, and the last one for all that follow.
    package init(_ faults: [Fault] = [.ok]) throws {
        let script = TelemetryPeers.path("Tests/TelemetryPeers/servers/otlp_receiver.py")
        let process = try ReceiverProcess(
            [TelemetryPeers.python.get(), script] + faults.map(\.rawValue),
            in: TemporaryDirectory()
        )
        self.process = process
        try ReceiverProcess.wait(for: "the receiver's port") { process.output.contains("\n") }
        let line = process.output.prefix { $0 != "\n" }
        guard let facts = try? JSONDecoder().decode(Facts.self, from: Data(line.utf8)) else {
            throw ReceiverProcess.Failure(what: "a receiver of OTLP that starts: \(process.output)")
        }
        port = facts.port
    }

    package var origin: String { "http://127.0.0.1:\(port)" }

    private var read: [Request] = []

    /// Everything that it has read so far.
    package func requests() throws -> [Request] {
        // The first line has the port, and the last one may not be whole yet.
        let lines = process.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            .dropFirst()
        for line in lines.dropFirst(read.count) {
            read.append(try JSONDecoder().decode(Request.self, from: Data(line.utf8)))
        }
        return read
    }

    /// Blocks until so many items have come; gives all of them.
    package func items(_ count: Int) throws -> [Item] {
        var items: [Item] = []
        try ReceiverProcess.wait(for: "\(count) items") {
            items = try self.requests().flatMap { $0.items ?? [] }
            return items.count >= count
        }
        return items
    }
}

/// rotel 0.0.1a15, which receives OTLP and passes it on.
package final class Rotel {
    package let port: UInt16
    private let process: ReceiverProcess

    /// - Parameter receiver: gets everything, in protobuf with gzip.
    package init(before receiver: OTLPReceiver) throws {
        let directory = TemporaryDirectory()
        let program = try Spawn.run(
            TelemetryPeers.python.get(),
            [
                "-c",
                "import os, rotel; print(os.path.join(os.path.dirname(rotel.__file__), 'rotel-agent'), end='')",
            ]
        )
        port = try Self.freePort()
        process = try ReceiverProcess(
            [
                String(decoding: program.output, as: UTF8.self), "start",
                "--otlp-http-endpoint", "127.0.0.1:\(port)",
                "--otlp-grpc-endpoint", "127.0.0.1:\(Self.freePort())",
                "--exporter", "otlp",
                "--otlp-exporter-endpoint", receiver.origin,
                "--otlp-exporter-protocol", "http",
                "--disable-batching",
                "--pid-file", directory.path("pid"),
                "--log-file", directory.path("log"),
            ],
            in: directory
        )
        try process.waitUntilItListens(on: port, .tcp)
    }

    package var origin: String { "http://127.0.0.1:\(port)" }

    /// A port that nobody listens on, below those that Linux gives out by itself: none of the many connections of other
    /// tests gets it before rotel does, which cannot choose one.
    private static func freePort() throws -> UInt16 {
        for _ in 0..<100 {
            let port = UInt16.random(in: 20_000..<32_000)
            let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(socket) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            let code = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            if code == 0 { return port }
        }
        throw ReceiverProcess.Failure(what: "a free port")
    }
}

/// What telemetry is tested with, from PyPI.
enum TelemetryPeers {
    /// The Python that has it all.
    static let python = Result { () throws -> String in
        let answer = try Spawn.run(path("scripts/fetch-telemetry-peers"), [path(".build/telemetry-peers")])
        guard answer.exitCode == 0 else {
            throw ReceiverProcess.Failure(what: "a success of scripts/fetch-telemetry-peers")
        }
        return String(decoding: answer.output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../..").standardizedFileURL

    static func path(_ relative: String) -> String { root.appendingPathComponent(relative).path }
}
