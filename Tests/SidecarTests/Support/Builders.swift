import AirbyteProtocol
import Glibc
import Logging
import Reactor

@testable import Sidecar

/// A setting without which nothing can be read.
let minimalEnvironment = ["WORKLOAD_API_HOST": "http://workload-api:8007"]

/// The configuration that the minimal environment gives with some variables added.
func configuration(
    _ variables: [String: String] = [:],
    paths: PathProbe = .everything
) throws -> Configuration {
    try Configuration(environment: minimalEnvironment.merging(variables) { $1 }, paths: paths)
}

/// What stops the start with the minimal environment once some variables are added.
func problems(with variables: [String: String], paths: PathProbe = .everything) -> [ConfigurationProblem] {
    do {
        _ = try Configuration(environment: minimalEnvironment.merging(variables) { $1 }, paths: paths)
        return []
    } catch {
        return error.problems
    }
}

/// What is wrong with the minimal environment once some variables are added, while the job goes on.
func warnings(with variables: [String: String], paths: PathProbe = .everything) throws
    -> [ConfigurationWarning]
{
    try configuration(variables, paths: paths).warnings
}

extension PathProbe {
    /// A machine on which every folder is there and every file can be read.
    static let everything = PathProbe(isFolder: { _ in true }, readingProblem: { _ in nil })
    static let nothingButFolders = PathProbe(isFolder: { _ in true }, readingProblem: { _ in "ENOENT" })
    /// A machine that has nothing.
    static let nothing = PathProbe(isFolder: { _ in false }, readingProblem: { _ in "ENOENT" })
}

/// An input for the operation, as the launcher writes it.
func sidecarInput(
    _ operation: AirbyteProtocol.Operation,
    of kind: ConnectorKind = .source,
    manual: Bool = true
) throws -> SidecarInput {
    try SidecarInput(
        parsing: Array(
            """
            {"workloadId": "w-1", "operationType": "\(operation.rawValue)", "logPath": "logs/1",
             "integrationLauncherConfig": {"jobId": "j-1", "attemptId": 2, "dockerImage": "airbyte/\(kind.rawValue)-x:1"},
             "checkConnectionInput": {"actorType": "\(kind.rawValue)", "actorId": "a-1"},
             "discoverCatalogInput": {"sourceId": "a-1", "connectorVersion": "1.0", "configHash": "h-1",
                                      "manual": \(manual)}}
            """.utf8
        )
    )
}

/// What a connector that wrote these lines has said.
func transcript(_ lines: String...) -> Transcript {
    var reader = TranscriptReader()
    for line in lines { _ = reader.read(Array((line + "\n").utf8)) }
    _ = reader.finish()
    return reader.transcript
}

/// Lines of a connector's output.
enum Line {
    static let succeeded = #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"#
    static let failed =
        #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":"wrong password"}}"#
    static let spec =
        #"{"type":"SPEC","spec":{"connectionSpecification":{"max":1.50,"x-own":true},"documentationUrl":"u"}}"#
    static let catalog =
        #"{"type":"CATALOG","catalog":{"streams":[{"name":"s","json_schema":{},"supported_sync_modes":["full_refresh"]}]}}"#
    /// Two streams of one name, the second with a key that its schema does not have.
    static let oddCatalog =
        #"{"type":"CATALOG","catalog":{"streams":[{"name":"s","json_schema":{}},{"name":"s","source_defined_primary_key":[["id"]],"json_schema":{"properties":{"x":{}}}}]}}"#
    static let namelessCatalog = #"{"type":"CATALOG","catalog":{"streams":[{"json_schema":{}}]}}"#
    static let destinationCatalog =
        #"{"type":"DESTINATION_CATALOG","destination_catalog":{"operations":[{"object_name":"o","sync_mode":"append","json_schema":{}}]}}"#
    static let trace =
        #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1700000000000,"error":{"message":"no such table","internal_message":"SQL 42","stack_trace":"at x","failure_type":"config_error"}}}"#
    static let control =
        #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":{"token":"new"}}}}"#
    static let bareTrace = #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1700000000000}}"#

    /// The line that brings what the operation is for.
    static func result(of operation: AirbyteProtocol.Operation, kind: ConnectorKind) -> String {
        switch operation {
        case .spec: spec
        case .check: succeeded
        case .discover: kind == .source ? catalog : destinationCatalog
        }
    }
}

/// The value of a JSON text.
func json(_ bytes: some Sequence<UInt8>) throws -> JSONValue {
    try JSONDocument(parsing: Array(bytes)).root
}

extension JSONValue {
    /// A member, followed through objects: `failureReason.metadata`.
    func at(_ path: String) -> JSONValue? {
        var value: JSONValue? = self
        for name in path.split(separator: ".") { value = value?[member: String(name)] }
        return value
    }

    func text(_ path: String) -> String? { at(path)?.string }

    /// The names of an object's members, in order.
    var names: [String] { members.compactMap { $0.key.string } }

    /// The value as it is written.
    var written: String { String(decoding: rawJSON, as: UTF8.self) }
}

/// Keeps what is logged.
final class CapturedLog: LogHandler, @unchecked Sendable {
    private(set) var lines: [String] = []
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: Logging.LogEvent) {
        lines.append("\(event.level) \(event.message)")
    }

    var logger: Logger { Logger(label: "test") { _ in self } }

    /// All of it.
    var text: String { lines.joined(separator: "\n") }

    func count(of part: String) -> Int { lines.count { $0.contains(part) } }
}

/// A text that long.
func text(ofLength count: Int) -> String { String(repeating: "x", count: count) }

/// A JSON Web Token with these claims; its signature is none.
func webToken(_ claims: String) -> String {
    "eyJhbGciOiJub25lIn0.\(base64URL(Array(claims.utf8))).c2lnbmF0dXJl"
}

/// RFC 4648, section 5, without padding.
private func base64URL(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    var text = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
        for place in 0...group.count { text.append(alphabet[bits >> (18 - 6 * place) & 63]) }
    }
    return text
}

extension JobOutput {
    /// The document's bytes, all of which are held.
    func encoded() -> [UInt8] { document.bytes ?? [] }
}

/// For parts that have no document of which anything would have to be read again.
func noConnectorOutput(_ range: Range<UInt64>) throws(DocumentError) -> [UInt8] {
    throw DocumentError("there is no connector's output")
}
