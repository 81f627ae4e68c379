import AirbyteProtocol
import Scheduling
import Workload

/// A request as it is sent.
package struct SentCall {
    package var kind: CallKind
    package var url: String
    package var body: [UInt8]
}

/// Watches a run from outside, and notes what must not happen.
///
/// It knows nothing of the sidecar's inside: what is sent, answered, written and returned has to be enough.
package final class Invariants {
    /// How an attempt at a report has ended.
    private enum ReportEnd {
        case open
        case accepted
        /// The platform cannot have taken it.
        case refused
        /// It can have arrived.
        case uncertain
    }

    private struct Attempt {
        var kind: CallKind
        var end = ReportEnd.open
    }

    /// No run of the sidecar needs more.
    private static let maxTimers = 24
    private static let maxRequests = 6
    private static let maxBytesInTick = 256 * 1_024
    /// One job log document of the bound that the sidecar has, and one event.
    private static let maxBody = 8 * 1_024 * 1_024
    /// Those that are delivered early, and the final one where the wait ends before the connector does.
    private static let maxOutputsWhileRunning = 4

    package private(set) var violations: [Violation] = []
    private let timeline: Timeline
    private let scenario: Scenario
    private var search = SecretSearch()

    private var reports: [Attempt] = []
    private(set) var calls: [SentCall] = []
    private(set) var lastContactStart: Instant?
    private var lastAttempt: Instant?
    private(set) var lastContactSuccess = Timeline.start
    /// A 410 has arrived.
    private(set) var isGone = false
    private var mustBeMarked = false
    private(set) var outputWasAccepted = false
    private(set) var successWasAccepted = false
    private(set) var failureWasAccepted = false
    /// The document of the output that was sent last.
    private(set) var lastOutput: [UInt8]?
    /// The body of the catalog that was sent last.
    private(set) var lastCatalog: [UInt8]?
    /// How many requests have met with something, and when the last did.
    private(set) var troubles = 0
    private var hasEnded = false
    /// What the sink holds; set by the run.
    var sink: () -> [UInt8]? = { nil }
    /// Whether the connector runs; set by the run.
    var isConnectorRunning: () -> Bool = { false }
    /// The outputs that were sent while it did.
    private(set) var earlyOutputs: Set<[UInt8]> = []
    /// Whether `TERMINATED` is written; set by the run.
    var isMarked: () -> Bool = { false }
    /// Called before a report goes out.
    var beforeReport: (CallKind) -> Void = { _ in }

    init(_ timeline: Timeline, _ scenario: Scenario) {
        self.timeline = timeline
        self.scenario = scenario
        for secret in scenario.secrets { secret.needles.forEach { search.add($0) } }
    }

    func violated(_ invariant: Invariant, _ text: String) {
        // The first of each kind tells enough.
        guard !violations.contains(where: { $0.invariant == invariant }) else { return }
        violations.append(Violation(invariant: invariant, text: text))
    }

    /// Another secret, from now on.
    func hide(_ token: String) {
        search.add(Array(token.utf8.suffix(20)))
    }

    // MARK: Requests

    func sent(_ call: SentCall, _ fate: Fate) {
        calls.append(call)
        if fate != .answered { troubles += 1 }
        if hasEnded || isMarked(), call.kind != .putLog {
            violated(.reportsOnce, "\(call.kind.rawValue) is sent after the end")
        }
        if call.body.count > Self.maxBody {
            violated(.staysInBounds, "\(call.kind.rawValue) has \(call.body.count) bytes")
        }
        searchForSecrets(call)
        if call.kind.isContact { contactStarted(call.kind) }
        // A contact can begin with the fetch of a token.
        if call.kind.isContact || call.kind == .token { attempted(call.kind) }
        if call.kind.storesOutput { outputSent(call) }
        if call.kind == .writeCatalog { lastCatalog = call.body }
        if call.kind.isReport { reported(call.kind) }
    }

    private func outputSent(_ call: SentCall) {
        let document = Self.document(of: call)
        lastOutput = document
        guard isConnectorRunning() else { return }
        earlyOutputs.insert(document)
        if earlyOutputs.count > Self.maxOutputsWhileRunning {
            violated(.staysInBounds, "\(earlyOutputs.count) outputs are sent while the connector runs")
        }
    }

    private func searchForSecrets(_ call: SentCall) {
        // These two hand secrets over on purpose.
        guard call.kind != .token, call.kind != .updateActor else { return }
        if search.finds(in: call.body) || search.finds(in: Array(call.url.utf8)) {
            violated(
                .showsNoSecret,
                "\(call.kind.rawValue) holds a secret: \(String(decoding: call.body.prefix(2_000), as: UTF8.self))"
            )
        }
    }

    private func contactStarted(_ kind: CallKind) {
        if isGone, reports.isEmpty { violated(.reportsOnce, "\(kind.rawValue) follows a 410") }
        lastContactStart = timeline.now
    }

    private func attempted(_ kind: CallKind) {
        checkGap(until: "\(kind.rawValue)")
        lastAttempt = timeline.now
    }

    /// Between two attempts lie at most the first one's timeout, the interval, and two fetches of a token.
    private func checkGap(until what: String) {
        guard let last = lastAttempt, reports.isEmpty else { return }
        let bound = scenario.limits.heartbeat + .seconds(60 + 2 * 10 + 1) + timeline.timeFrozen(since: last)
        if timeline.now - last > bound {
            violated(.keepsContact, "no contact was tried for \(timeline.now - last) before \(what)")
        }
    }

    private func reported(_ kind: CallKind) {
        beforeReport(kind)
        if reports.isEmpty {
            checkGap(until: "the report")
            if isGone { violated(.reportsOnce, "\(kind.rawValue) follows a 410") }
        }
        for report in reports where report.kind != kind {
            if kind == .success { violated(.reportsOnce, "a success follows a failure") }
            if report.end != .refused {
                violated(.reportsOnce, "a failure contradicts a success that may have arrived")
            }
        }
        if kind == .success, lastOutput != nil, sink() != lastOutput {
            violated(.lastOutputCounts, "the sink does not hold the output that was sent last")
        }
        reports.append(Attempt(kind: kind))
    }

    func answered(_ call: SentCall, status: Int, isGenuine: Bool) {
        let isSuccess = (200..<300).contains(status)
        if !isSuccess { troubles += 1 }
        if call.kind.isContact, isSuccess, isGenuine { lastContactSuccess = timeline.now }
        if call.kind.isReport { reportEnded(call.kind, status, isSuccess && isGenuine) }
        if call.kind.storesOutput, isSuccess, isGenuine { outputWasAccepted = true }
        guard status == 410 else { return }
        if call.kind.isReport {
            isGone = true
            mustBeMarked = true
        } else if call.kind.isContact {
            isGone = true
            // It can be the echo of a report that is under way.
            if reports.isEmpty { mustBeMarked = true }
        }
    }

    private func reportEnded(_ kind: CallKind, _ status: Int, _ isAccepted: Bool) {
        if isAccepted {
            if kind == .success { successWasAccepted = true } else { failureWasAccepted = true }
            mustBeMarked = true
        }
        let isRefused = (400..<500).contains(status) && ![408, 429].contains(status)
        endReport(kind, isAccepted ? .accepted : isRefused ? .refused : .uncertain)
    }

    func unanswered(_ call: SentCall) {
        if call.kind.isReport { endReport(call.kind, .uncertain) }
    }

    private func endReport(_ kind: CallKind, _ end: ReportEnd) {
        guard let index = reports.lastIndex(where: { $0.kind == kind && $0.end == .open }) else { return }
        reports[index].end = end
    }

    /// The job output in a request.
    private static func document(of call: SentCall) -> [UInt8] {
        guard call.kind == .writeOutput, let body = try? JSONDocument(parsing: call.body),
            let output = body.root[member: "output"]?.string
        else { return call.body }
        return Array(output.utf8)
    }

    // MARK: The process

    /// After each of the sidecar's events.
    func tickEnded(marked: Bool, requests: Int, bytesRead: Int) {
        if mustBeMarked, !marked {
            violated(.markerBeforeWaits, "TERMINATED is missing after the last answer")
        }
        mustBeMarked = false
        if timeline.waitingForSidecar > Self.maxTimers {
            violated(.staysInBounds, "\(timeline.waitingForSidecar) events wait for the sidecar")
        }
        if requests > Self.maxRequests { violated(.staysInBounds, "\(requests) requests are open") }
        if bytesRead > Self.maxBytesInTick {
            violated(.staysInBounds, "\(bytesRead) bytes were read in a tick")
        }
    }

    func wrote(_ console: [UInt8]) {
        if search.finds(in: console) { violated(.showsNoSecret, "the console shows a secret") }
    }

    /// The process has ended.
    func ended(_ end: RunEnd) {
        hasEnded = true
        if end.status == 0, !(outputWasAccepted && successWasAccepted) {
            violated(
                .exitZeroIsEarned,
                "exit code 0 without an accepted output or without an accepted success"
            )
        }
        if !end.isMarked { violated(.markerBeforeWaits, "TERMINATED is missing at the end") }
        checkStatus(end)
        checkSignal(end)
        checkGivingUp(end)
    }

    private func checkStatus(_ end: RunEnd) {
        let kinds = Set(reports.map(\.kind))
        switch end.status {
        case 0:
            if kinds != [.success] { violated(.reportMatchesVerdict, "exit code 0 without a success") }
        case 2:
            if !kinds.contains(.failure) { violated(.reportMatchesVerdict, "exit code 2 without a failure") }
        case 1:
            if kinds == [.success], successWasAccepted {
                violated(.reportMatchesVerdict, "exit code 1 after an accepted success")
            }
        case 78:
            if !calls.isEmpty { violated(.reportMatchesVerdict, "exit code 78 after calls") }
        case 143:
            if end.signalled == nil { violated(.reportMatchesVerdict, "exit code 143 without a signal") }
        default: violated(.reportMatchesVerdict, "exit code \(end.status)")
        }
    }

    private func checkSignal(_ end: RunEnd) {
        guard let signalled = end.signalled, end.status != 78 else { return }
        if end.status != 143 { violated(.obeysSignals, "exit code \(end.status) after a signal") }
        if timeline.now - signalled > .seconds(25) + timeline.timeFrozen(since: signalled) {
            violated(.obeysSignals, "the end comes \(timeline.now - signalled) after the signal")
        }
        let isHealthy = troubles == 0 && !isGone && timeline.freezes.isEmpty
        if isHealthy, !successWasAccepted, !failureWasAccepted {
            violated(.obeysSignals, "no report although the API answers")
        }
    }

    /// The only end without a report and without a 410 is that of a lost contact.
    private func checkGivingUp(_ end: RunEnd) {
        guard end.status == 1, reports.isEmpty, !isGone, end.signalled == nil else { return }
        if timeline.now - lastContactSuccess < scenario.limits.contact - .seconds(1) {
            violated(
                .triesAfterFreeze,
                "giving up only \(timeline.now - lastContactSuccess) after the last success"
            )
        }
        // A freeze of seconds takes too little of the time to matter, unless it is what uses the time up.
        let due = lastContactSuccess + scenario.limits.contact
        for freeze in timeline.freezes where freeze.upperBound > lastContactSuccess {
            let thaw = freeze.upperBound
            guard thaw - freeze.lowerBound > .seconds(60) || thaw - due > WorkloadMachine.maxLateness else {
                continue
            }
            // An attempt that began before the freeze says nothing.
            if lastContactStart.map({ $0 < thaw }) ?? true {
                violated(.triesAfterFreeze, "giving up after a freeze without another attempt")
            }
        }
    }

    /// How a run ended.
    struct RunEnd {
        var status: Int32
        var isMarked: Bool
        /// When the first signal reached the process.
        var signalled: Instant?
    }
}
