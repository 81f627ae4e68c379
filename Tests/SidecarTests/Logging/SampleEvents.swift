import Logging

@testable import Sidecar

/// An event of a fixed time.
func event(
    _ message: String,
    _ level: Logger.Level = .info,
    _ source: LogSource = .source,
    caller: JobLogEvent.Caller? = nil
) -> JobLogEvent {
    JobLogEvent(
        timestamp: 1_700_000_000_123,
        level: level,
        source: source,
        message: message,
        caller: caller
    )
}

/// What the formatter makes of the event.
func formatted(_ formatter: some LogFormatter, _ event: JobLogEvent) -> String {
    var formatter = formatter
    var output: [UInt8] = []
    formatter.format(event, into: &output)
    return String(decoding: output, as: UTF8.self)
}
