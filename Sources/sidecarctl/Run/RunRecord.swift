import AirbyteProtocol
import ControlPlane
import Scheduling
import Workload

/// Something that happens while a job runs.
enum RunEvent {
    /// A line of the sidecar's own log.
    case sidecarLine(String)
    /// A line of the connector's standard error.
    case connectorError(String)
    /// A line of the connector's output.
    case message(LinePosition, DecodedLine, SecretMask)
    case call(ReceivedCall)
    case connectorEnded(Int32)
    case sidecarEnded(Int32)
    /// `run` was told to end, by the signal with this number.
    case interrupted(Int32)
    /// One line about the reading of the output.
    case note(String)
}

/// What has happened so far, as far as it is shown later. All its texts are masked.
struct RunRecord {
    /// So many of the last lines are kept.
    private static let keptLines = 20

    let job: LocalJob
    let start: Instant
    var timeLine = TimeLine()
    var lineCount = 0
    var byteCount = 0
    /// The last log line or line of text of the connector's.
    var lastLine: (level: LogLevel?, text: String)?
    var hasResult = false
    /// The connector's catalog in one line.
    var catalog: String?
    var lastContact: Instant?
    var heartbeats = 0
    var wroteCatalog = false
    var jobOutput: SentOutput?
    var report: SentReport?
    /// What is wrong with requests that were not served.
    var violations = LastTexts(most: keptLines)
    var connectorExit: Int32?
    var sidecarExit: Int32?
    var interruption: Int32?
    var connectorErrors = LastTexts(most: keptLines)
    var sidecarLines = LastTexts(most: keptLines)

    init(_ job: LocalJob, start: Instant) {
        self.job = job
        self.start = start
    }

    /// What the job is doing, for people.
    var phase: String {
        if let report { return "reported as \(report.isSuccess ? "successful" : "failed")" }
        if interruption != nil { return "ending" }
        if connectorExit != nil { return "the connector has ended, the sidecar delivers" }
        if jobOutput != nil { return "the result is delivered, the connector has not ended yet" }
        if hasResult { return "the connector has given its result" }
        if lineCount > 0 { return "the connector is running" }
        return lastContact == nil ? "starting" : "waiting for the connector's first line"
    }

    mutating func note(_ event: RunEvent, at moment: Instant) {
        switch event {
        case .sidecarLine(let line): sidecarLines.append(line)
        case .connectorError(let line): connectorErrors.append(line)
        case .message(_, let line, let mask): note(line, mask)
        case .call(let call): note(call)
        case .connectorEnded(let code):
            connectorExit = code
            timeLine.add("the connector ended with exit code \(code)", at: moment - start)
        case .sidecarEnded(let code):
            sidecarExit = code
            timeLine.add("the sidecar ended with exit code \(code)", at: moment - start)
        case .interrupted(let signal):
            interruption = signal
            timeLine.add("interrupted by \(signalName(signal))", at: moment - start)
        case .note: break
        }
    }

    private mutating func note(_ line: DecodedLine, _ mask: SecretMask) {
        switch line {
        case .message(.log(let log)): lastLine = (log.level, mask.shown(log.message.firstText))
        case .message(.catalog(let catalog)):
            self.catalog = catalog.summary(list: "stream", name: "name", mask)
        case .message(.destinationCatalog(let catalog)):
            self.catalog = catalog.summary(list: "operation", name: "object_name", mask)
        case .notAMessage(looksLikeRecord: false, let text, _): lastLine = (nil, mask.shown(text))
        default: break
        }
    }

    private mutating func note(_ call: ReceivedCall) {
        timeLine.add(call, at: call.arrival - start)
        if let problem = call.problem { violations.append(problem) }
        switch call.kind {
        case .running, .heartbeat:
            if call.status < 300 { lastContact = call.arrival }
            if call.kind == .heartbeat { heartbeats += 1 }
        case .success where call.status < 300: report = SentReport(isSuccess: true)
        case .failure where call.status < 300:
            let document = try? JSONDocument(parsing: call.body)
            report = SentReport(isSuccess: false, reason: document?.root[member: "reason"]?.string)
        case .writeCatalog: wroteCatalog = true
        case .writeOutput: jobOutput = SentOutput(call)
        default: break
        }
    }
}

/// What the sidecar has reported last.
struct SentReport {
    var isSuccess: Bool
    var reason: String?
}

/// The job output that the sidecar has sent last.
struct SentOutput {
    /// The document; nil where it is too long to be held, or no JSON text.
    let document: JSONDocument?
    /// Of the request.
    let byteCount: Int

    init(_ call: ReceivedCall) {
        byteCount = call.byteCount
        let text =
            call.isWhole ? (try? JSONDocument(parsing: call.body))?.root[member: "output"]?.string : nil
        document = text.flatMap { try? JSONDocument(parsing: Array($0.utf8)) }
    }
}

/// The last few of many texts.
struct LastTexts {
    private let most: Int
    private(set) var texts: [String] = []

    init(most: Int) {
        self.most = most
    }

    mutating func append(_ text: String) {
        if texts.count == most { texts.removeFirst() }
        texts.append(text)
    }
}

extension String {
    /// The first line that has more than blanks.
    fileprivate var firstText: String {
        split(whereSeparator: \.isNewline).first { !$0.allSatisfy(\.isWhitespace) }.map(String.init) ?? ""
    }
}
