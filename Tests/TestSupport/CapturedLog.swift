import Logging

/// Keeps what is logged.
package final class CapturedLog: LogHandler, @unchecked Sendable {
    package private(set) var lines: [String] = []
    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level = .trace

    package init() {}

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: Logging.LogEvent) {
        lines.append("\(event.level) \(event.message)")
    }

    package var logger: Logger { Logger(label: "test") { _ in self } }

    /// All of it.
    package var text: String { lines.joined(separator: "\n") }

    package func count(of part: String) -> Int { lines.count { $0.contains(part) } }
}
