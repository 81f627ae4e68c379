import Logging

/// The source of an event: the platform (this program) or the connector.
enum LogSource: String, Sendable {
    case platform
    case source
    case destination
}

/// One event of a job's log.
struct JobLogEvent: Sendable {
    /// Where in this program the event comes from; none for the connector's own.
    struct Caller: Sendable {
        var file: String
        var function: String
        var line: UInt
    }

    /// Milliseconds since 1970.
    var timestamp: Int64
    var level: Logger.Level
    var source: LogSource
    /// May hold several lines: a stack trace stands below the message.
    var message: String
    var caller: Caller?
}

extension Logger.Level {
    /// The level's name in the platform's logs.
    var platformName: String {
        switch self {
        case .trace: "TRACE"
        case .debug: "DEBUG"
        case .info, .notice: "INFO"
        case .warning: "WARN"
        case .error, .critical: "ERROR"
        }
    }
}
