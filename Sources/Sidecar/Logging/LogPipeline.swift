import AirbyteProtocol
import Logging
import Scheduling
import Telemetry
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
    private var waiting = WaitingEvents()
    /// Takes every event too, where the platform's log store is known.
    var jobLog: JobLogUploader?
    /// Takes every event too, where log events are sent.
    var telemetry: Telemetry?
    /// How many events have been passed on.
    private(set) var counts = LevelCounts()

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
        write(
            JobLogEvent(timestamp: now, level: level, source: source, caller: caller),
            message.utf8.span
        )
    }

    /// The time of an event that happens now, in milliseconds since 1970.
    var now: Int64 { wallClock.millisecondsSince1970 }

    /// Takes an event whose message is in UTF-8.
    func write(_ event: JobLogEvent, _ message: Span<UInt8>) {
        guard accepts(event.level) else { return }
        // What is left out anyway is not held, and not looked through for secrets.
        let held = message.beginning(Self.maxMessageLength + Self.maxSecretLength)
        waiting.append(event, message.extracting(first: held), leftOut: message.count - held)
        if waiting.count >= Self.maxWaitingEvents || waiting.size >= Self.maxWaitingBytes { forwardWaiting() }
    }

    /// Few enough to be no burden, and far more than a job says about its end.
    private static let maxWaitingEvents = 128
    private static let maxWaitingBytes = 64 * 1_024

    /// Hides secrets in the events that wait, and hands them to everybody who takes events.
    func forwardWaiting() {
        guard waiting.count > 0 else { return }
        // What is said meanwhile waits for the next time.
        var events = WaitingEvents()
        swap(&events, &waiting)
        let mask = secrets.mask
        events.forEach { event, message, leftOut in
            guard let masked = mask.masked(message) else { return forward(event, message, leftOut) }
            forward(event, masked.span, leftOut)
        }
        console.flushIfCrowded()
        events.removeAll()
        // The memory serves again.
        if waiting.count == 0 { swap(&events, &waiting) }
    }

    /// Also writes them to the console. For a line that somebody watches being written.
    func flush() {
        forwardWaiting()
        console.flush()
    }

    private func forward(_ event: JobLogEvent, _ message: Span<UInt8>, _ leftOut: Int) {
        guard leftOut == 0, message.count <= Self.maxMessageLength else {
            let cut = Self.cut(message, leftOut: leftOut)
            return hand(event, cut.span)
        }
        hand(event, message)
    }

    private func hand(_ event: JobLogEvent, _ message: Span<UInt8>) {
        counts.add(event.level)
        formatter.format(event, message, into: &console.pending)
        jobLog?.append(event, message)
        telemetry?.log(
            timestamp: event.timestamp,
            LogRecord.Severity(event.level),
            source: event.source.rawValue,
            message
        )
    }

    /// Writes the job's last line, to the console only: the job's log is stored already.
    func write(_ summary: WorkloadSummary) {
        forwardWaiting()
        guard accepts(.info) else { return }
        let event = JobLogEvent(timestamp: now, level: .info, source: .platform)
        formatter.format(event, summary, into: &console.pending)
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
    private static func cut(_ text: Span<UInt8>, leftOut: Int) -> [UInt8] {
        var cut: [UInt8] = []
        guard leftOut > 0 || text.count > maxMessageLength + maxNoteLength else {
            cut.append(text)
            return cut
        }
        let safe = leftOut > 0 ? max(0, text.count - maxSecretLength) : text.count
        let kept = text.beginning(min(maxMessageLength, safe))
        cut.append(text.extracting(first: kept))
        cut.append(contentsOf: "… (\(text.count - kept + leftOut) more bytes)".utf8)
        return cut
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
    /// Appends the event with its message, which is UTF-8, and its last newline.
    mutating func format(_ event: JobLogEvent, _ message: Span<UInt8>, into output: inout [UInt8])

    /// Appends an event whose message is the summary of a job.
    mutating func format(_ event: JobLogEvent, _ summary: WorkloadSummary, into output: inout [UInt8])
}

extension LogFormatter {
    mutating func format(_ event: JobLogEvent, _ summary: WorkloadSummary, into output: inout [UInt8]) {
        format(event, summary.text.utf8.span, into: &output)
    }
}

/// Counts events by the platform's levels.
struct LevelCounts {
    private static let levels: [Logger.Level] = [.trace, .debug, .info, .warning, .error]
    private var counts = SIMD8<Int>()

    mutating func add(_ level: Logger.Level) { counts[level.platformPlace] += 1 }

    /// The levels that have events, by their names in the platform's logs.
    var list: [(level: String, count: Int)] {
        Self.levels.compactMap { level in
            let count = counts[level.platformPlace]
            return count > 0 ? (level.platformName, count) : nil
        }
    }
}

extension LogRecord.Severity {
    fileprivate init(_ level: Logger.Level) {
        switch level {
        case .trace: self = .trace
        case .debug: self = .debug
        case .info, .notice: self = .info
        case .warning: self = .warn
        case .error, .critical: self = .error
        }
    }
}

/// Events that wait, their messages one behind the other: a flood of them takes no memory line by line.
private struct WaitingEvents {
    /// An event, but for its caller: most have none, and what holds references is not copied as fast.
    private struct Entry {
        var timestamp: Int64
        var level: Logger.Level
        var source: LogSource
        /// Where the message ends in `text`.
        var end: Int
        /// How many bytes of the message have been left out.
        var leftOut: Int
    }

    private var entries: [Entry] = []
    private var text: [UInt8] = []
    /// Of the few events that have one.
    private var callers: [(place: Int, caller: JobLogEvent.Caller)] = []

    /// A buffer up to this size is kept: twice as much as hardly ever waits.
    private static let keptCapacity = 128 * 1_024

    var count: Int { entries.count }
    /// Of all messages, in bytes.
    var size: Int { text.count }

    mutating func append(_ event: JobLogEvent, _ message: Span<UInt8>, leftOut: Int) {
        text.append(message)
        if let caller = event.caller { callers.append((entries.count, caller)) }
        entries.append(
            Entry(
                timestamp: event.timestamp,
                level: event.level,
                source: event.source,
                end: text.count,
                leftOut: leftOut
            )
        )
    }

    func forEach(_ body: (_ event: JobLogEvent, _ message: Span<UInt8>, _ leftOut: Int) -> Void) {
        var start = 0
        for (place, entry) in entries.enumerated() {
            let event = JobLogEvent(
                timestamp: entry.timestamp,
                level: entry.level,
                source: entry.source,
                caller: caller(at: place)
            )
            body(event, text.span.extracting(start..<entry.end), entry.leftOut)
            start = entry.end
        }
    }

    private func caller(at place: Int) -> JobLogEvent.Caller? {
        callers.isEmpty ? nil : callers.first { $0.place == place }?.caller
    }

    mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        if !callers.isEmpty { callers.removeAll() }
        text.removeAll(keepingCapacity: text.capacity <= Self.keptCapacity)
    }
}
