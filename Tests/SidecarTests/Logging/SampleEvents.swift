import Logging

@testable import Sidecar

/// An event with its message.
struct SampleEvent {
    var event: JobLogEvent
    var message: String
}

/// An event of a fixed time.
func event(
    _ message: String,
    _ level: Logger.Level = .info,
    _ source: LogSource = .source,
    at timestamp: Int64 = 1_700_000_000_123,
    caller: JobLogEvent.Caller? = nil
) -> SampleEvent {
    SampleEvent(
        event: JobLogEvent(timestamp: timestamp, level: level, source: source, caller: caller),
        message: message
    )
}

extension LogFormatter {
    mutating func format(_ sample: SampleEvent, into output: inout [UInt8]) {
        format(sample.event, sample.message.utf8.span, into: &output)
    }
}

/// What the formatter makes of the event.
func formatted(_ formatter: some LogFormatter, _ event: SampleEvent) -> String {
    var formatter = formatter
    var output: [UInt8] = []
    formatter.format(event, into: &output)
    return String(decoding: output, as: UTF8.self)
}
