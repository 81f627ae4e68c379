import AirbyteProtocol
import Logging
import Scheduling
import Text
import Workload

/// Takes every log event, of the sidecar and of the connector, and passes on what is weighty enough.
///
/// Events wait for `forwardWaiting` to be written out, or until they are many: what a call waits for goes first.
final class LogPipeline {
    let level: Logger.Level
    private let wallClock: WallClock
    private let console: any LogOutput
    private var formatter: any LogFormatter
    private let secrets: JobSecrets
    /// Events that are not written out yet.
    private var waiting: [JobLogEvent] = []
    /// How many bytes of a waiting event's message have been left out, by its place; hardly any has so many.
    private var leftOut: [Int: Int] = [:]
    private var waitingBytes = 0
    /// Takes every event too, where the platform's log store is known.
    var jobLog: JobLogUploader?

    /// - Parameter secrets: are hidden in every message.
    init(
        level: Logger.Level,
        formatter: any LogFormatter,
        secrets: JobSecrets,
        console: any LogOutput,
        wallClock: WallClock
    ) {
        self.level = level
        self.formatter = formatter
        self.secrets = secrets
        self.console = console
        self.wallClock = wallClock
    }

    /// True when events of that level are passed on: what is not need not be made.
    func accepts(_ level: Logger.Level) -> Bool {
        level >= self.level
    }

    func write(
        _ level: Logger.Level,
        from source: LogSource,
        _ message: String,
        caller: JobLogEvent.Caller? = nil
    ) {
        guard accepts(level) else { return }
        var message = message
        let length = message.utf8.count
        if length > Self.maxMessageLength + Self.maxSecretLength {
            // What is left out anyway is not held, and not looked through for secrets.
            message = message.beginning(utf8: Self.maxMessageLength + Self.maxSecretLength)
            leftOut[waiting.count] = length - message.utf8.count
        }
        waiting.append(
            JobLogEvent(
                timestamp: wallClock.millisecondsSince1970,
                level: level,
                source: source,
                message: message,
                caller: caller
            )
        )
        waitingBytes += message.utf8.count
        if waiting.count >= Self.maxWaitingEvents || waitingBytes >= Self.maxWaitingBytes { forwardWaiting() }
    }

    /// Few enough to be no burden, and far more than a job says about its end.
    private static let maxWaitingEvents = 128
    private static let maxWaitingBytes = 64 * 1_024

    /// Hides secrets in the events that wait, and hands them to everybody who takes events.
    func forwardWaiting() {
        guard !waiting.isEmpty else { return }
        // What is said meanwhile waits for the next time.
        let events = waiting
        waiting.removeAll(keepingCapacity: true)
        waitingBytes = 0
        let mask = secrets.mask
        let leftOut = leftOut
        self.leftOut = [:]
        for (place, var event) in events.enumerated() {
            event.message = mask.masked(event.message)
            if !leftOut.isEmpty || event.message.utf8.count > Self.maxMessageLength {
                event.message = Self.cut(event.message, leftOut: leftOut[place] ?? 0)
            }
            formatter.format(event, into: &console.pending)
            console.flushIfCrowded()
            jobLog?.append(event)
        }
    }

    /// The most of a message that is logged, in bytes; more than that helps nobody, and a line that is no message is quoted
    /// as far too.
    static let maxMessageLength = MessageDecoder.maximumQuotedBytes

    /// No known form of a secret is longer, in bytes: all that is learned together has this length
    /// (`SecretCollection.maxLearned`).
    private static let maxSecretLength = 1_024 * 1_024

    /// The note at the end of a line that is quoted does not make it too long.
    private static let maxNoteLength = 64

    /// A masked text as far as it is logged; what is left out is noted at its end.
    ///
    /// - Parameter leftOut: so many bytes have been left out already. The text can end with the beginning of a secret then:
    ///   as much as the longest secret may have is left out too.
    private static func cut(_ text: String, leftOut: Int) -> String {
        guard leftOut > 0 || text.utf8.count > maxMessageLength + maxNoteLength else { return text }
        let safe = leftOut > 0 ? max(0, text.utf8.count - maxSecretLength) : text.utf8.count
        let kept = text.beginning(utf8: min(maxMessageLength, safe))
        return kept + "… (\(text.utf8.count - kept.utf8.count + leftOut) more bytes)"
    }

    /// True while somebody who takes the events is so far behind that nothing should be added that can wait.
    var isStalled: Bool { console.isStalled || jobLog?.isStalled == true }

    /// Calls the handler once, when there is room again somewhere: `isStalled` tells whether it is enough.
    func whenRelieved(_ handler: @escaping () -> Void) {
        if console.isStalled {
            console.whenRelieved(handler)
        } else {
            jobLog?.whenRelieved(handler)
        }
    }

    /// A logger of the ecosystem's own API that writes into this pipeline as the platform.
    func logger(label: String) -> Logger {
        Logger(label: label) { _ in PipelineLogHandler(pipeline: self) }
    }
}

/// Connects swift-log's front to the pipeline.
///
/// swift-log demands handlers that any thread may call. The sidecar has one thread only, on which the pipeline
/// lives from the start of the process to its end.
private struct PipelineLogHandler: LogHandler, @unchecked Sendable {
    let pipeline: LogPipeline
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level

    init(pipeline: LogPipeline) {
        self.pipeline = pipeline
        logLevel = pipeline.level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: Logging.LogEvent) {
        pipeline.write(
            event.level,
            from: .platform,
            event.message.description,
            caller: JobLogEvent.Caller(file: event.file, function: event.function, line: event.line)
        )
    }
}

/// Turns an event into the bytes of its lines on the console.
protocol LogFormatter {
    /// Appends the event, its last newline included.
    mutating func format(_ event: JobLogEvent, into output: inout [UInt8])
}
