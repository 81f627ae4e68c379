import Logging

/// The source of an event: the platform (this program) or the connector.
enum LogSource: String, Sendable {
    case platform
    case source
    case destination
}

/// One event of a job's log. Its message lies elsewhere, since most events are lines of a flood: UTF-8 that may hold several
/// lines, as a stack trace stands below the message.
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

    /// The place of that level among the platform's five.
    var platformPlace: Int {
        switch self {
        case .trace: 0
        case .debug: 1
        case .info, .notice: 2
        case .warning: 3
        case .error, .critical: 4
        }
    }
}

/// A text for each level and source, made when it is first needed: the lines of a flood differ in little else.
struct EventTexts {
    /// Five levels as the platform has them, three sources.
    private static let none = [[UInt8]](repeating: [], count: 5 * 3)

    private var texts = none

    /// The text, which depends on the event's level and source only.
    mutating func text(of event: JobLogEvent, _ make: () -> [UInt8]) -> [UInt8] {
        let place = Self.place(of: event)
        if texts[place].isEmpty { texts[place] = make() }
        return texts[place]
    }

    mutating func removeAll() { texts = Self.none }

    private static func place(of event: JobLogEvent) -> Int {
        let source =
            switch event.source {
            case .platform: 0
            case .source: 1
            case .destination: 2
            }
        return event.level.platformPlace * 3 + source
    }
}
