import Logging
import TestSupport

/// Keeps what is logged.
final class LogLines: LogHandler, @unchecked Sendable {
    private(set) var text = ""
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: Logging.LogEvent) { text += "\(event.level) \(event.message)\n" }
}
