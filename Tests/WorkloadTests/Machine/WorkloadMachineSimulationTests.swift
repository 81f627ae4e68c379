import AirbyteProtocol
import Glibc
import HTTP
import ProtocolTestSupport
import Scheduling
import TestSupport
import Testing
import WorkloadTestSupport

@testable import Workload

/// Thousands of workloads whose every event is drawn from a seed: whatever happens, some things must hold.
@Suite struct WorkloadMachineSimulationTests {
    /// Seeds are run in batches, so that a failing one is named without a test case for each.
    private static let batches = 20
    private static let seedsInABatch = 200

    @Test(arguments: 0..<batches)
    func invariantsHold(_ batch: Int) throws {
        for seed in batch * Self.seedsInABatch..<(batch + 1) * Self.seedsInABatch {
            var simulation = try Simulation(seed: UInt64(seed))
            simulation.run()
            #expect(simulation.broken == [], "seed \(seed): \(simulation.history)")
        }
    }

    @Test func sameSeedIsTheSameRun() throws {
        var first = try Simulation(seed: 77)
        var second = try Simulation(seed: 77)
        first.run()
        second.run()
        #expect(first.history == second.history)
        #expect(!first.history.isEmpty)
    }
}

/// One workload in a world that answers at random.
private struct Simulation {
    private var machine: WorkloadMachine
    private var now = Instant(nanoseconds: 0)
    private var random: SplitMix64
    private let operation: AirbyteProtocol.Operation

    private var timers: [WorkloadMachine.TimerName: Instant] = [:]
    private var contact: ContactCall?
    private var isReading = false
    private var isVerifying = false
    private var isLooking = false
    private var isUpdating = false
    private var isWritingCatalog = false
    private var isStoring = false
    private var earlyStep: DeliveryStep?
    private var isStoringLog = false
    private var report: Report?

    private var hasOpened = false
    private var finalTranscript = Transcript()
    /// What the sink holds; nil where that is not known.
    private var inSink: JobOutput?
    private var sent: JobOutput?
    private var finalStores = 0
    private var logWasStored = false
    /// A success went out whose answer was lost.
    private var successMayHaveArrived = false
    private var signalled = false
    private var sawGone = false
    private var lastReportAccepted: Report?
    private var exits: [Int32] = []

    /// Rules that did not hold.
    private(set) var broken: [String] = []
    private(set) var history: [Step] = []

    init(seed: UInt64) throws {
        random = SplitMix64(seed: seed)
        operation = [.spec, .check, .discover].randomElement(using: &random) ?? .check
        let kind: ConnectorKind = Bool.random(using: &random) ? .source : .destination
        machine = WorkloadMachine(
            settings: WorkloadMachine.Settings(
                heartbeat: HeartbeatSettings(interval: .seconds(30), contactTimeout: .seconds(300)),
                contactRetries: RetryPolicy(firstDelay: .seconds(2), maxRetries: 5),
                startTimeout: .seconds(Int.random(in: 1...900, using: &random)),
                fileTimeout: .seconds(Int.random(in: 1...900, using: &random)),
                lostConnectorGrace: .seconds(10),
                deliversEarly: seed % 4 != 0
            ),
            input: try sidecarInput(operation, of: kind),
            now: now,
            seed: seed
        )
    }

    mutating func run() {
        take(.started)
        for _ in 0..<Int.random(in: 5...120, using: &random) where exits.isEmpty {
            randomStep()
        }
        // From here on everything that was asked for is answered: the end has to come.
        var left = 2_000
        while exits.isEmpty, left > 0 {
            left -= 1
            if !answerSomething(kindly: true) { fireNextTimer() }
        }
        expect(exits.count == 1, "ends once")
        expect(timers.isEmpty, "no timer is left")
        checkExit()
        for _ in 0..<20 { strayEvent() }
        expect(exits.count == 1, "nothing follows the end")
    }

    // MARK: Events

    private mutating func randomStep() {
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<9:
            if !answerSomething(kindly: false) { fireNextTimer() }
        case 9..<14: fireNextTimer()
        case 14: freeze()
        case 15: take(Bool.random(using: &random) ? .outputClosed : .outputOpened)
        case 16:
            take(.outputTouched)
            let transcript = randomTranscript()
            take(.resultChanged(transcript.result(for: operation) == nil ? nil : transcript))
        case 17: take(.exitCodeFound(exit()))
        case 18: strayEvent()
        default:
            if Int.random(in: 0..<4, using: &random) == 0 { take(.signalled(SIGTERM)) }
        }
    }

    /// The process is stopped, for moments or for longer than anybody waits; then all that is due fires.
    private mutating func freeze() {
        now = now + .seconds(Bool.random(using: &random) ? 2 : Int.random(in: 0...900, using: &random))
        while exits.isEmpty, timers.values.contains(where: { $0 <= now }) { fireNextTimer() }
    }

    private mutating func fireNextTimer() {
        guard let next = timers.min(by: { ($0.value, $0.key.order) < ($1.value, $1.key.order) }) else {
            return expect(false, "something is waited for")
        }
        now = max(now, next.value)
        timers[next.key] = nil
        take(.timerFired(next.key))
    }

    /// Answers one of the calls that are under way; false where none is.
    private mutating func answerSomething(kindly: Bool) -> Bool {
        var answers: [WorkloadMachine.Event] = []
        if let contact { answers.append(.contactAnswered(contact, outcome(kindly: kindly))) }
        if isReading { answers.append(.transcriptRead(randomTranscript())) }
        if isVerifying {
            let writers: [WorkloadMachine.Writers] = [.present, .none, .unknown]
            answers.append(.outputVerified(writers.randomElement(using: &random) ?? .none))
        }
        if isLooking { answers.append(.workspaceLookedAt) }
        if isUpdating { answers.append(.delivered(roll(kindly) ? .configurationUpdated : .failed("x"))) }
        if isWritingCatalog {
            answers.append(.delivered(roll(kindly) ? .catalogWritten(id: "c") : .failed("x")))
        }
        if isStoring { answers.append(.delivered(roll(kindly) ? .outputStored : .failed("x"))) }
        switch earlyStep {
        case nil: break
        case .updateConfiguration: broken.append("no configuration is updated early")
        case .writeCatalog: answers.append(.delivered(roll(kindly) ? .catalogWritten(id: "e") : .failed("x")))
        case .storeOutput: answers.append(.delivered(roll(kindly) ? .outputStored : .failed("x")))
        }
        if isStoringLog { answers.append(.logStored) }
        if report != nil { answers.append(.reportAnswered(outcome(kindly: kindly))) }
        guard let answer = answers.randomElement(using: &random) else { return false }
        take(answer)
        return true
    }

    /// An answer that comes late, as a race can have it: must be harmless.
    private mutating func strayEvent() {
        var strays: [WorkloadMachine.Event] = []
        if contact != .heartbeat { strays.append(.contactAnswered(.heartbeat, .gone)) }
        if contact != .running { strays.append(.contactAnswered(.running, .gone)) }
        if logWasStored, !isStoringLog { strays.append(.logStored) }
        if let stray = strays.randomElement(using: &random) { take(stray) }
    }

    private mutating func roll(_ kindly: Bool) -> Bool {
        kindly || Int.random(in: 0..<4, using: &random) > 0
    }

    private mutating func outcome(kindly: Bool) -> CallOutcome {
        if roll(kindly) { return .ok }
        let outcomes: [CallOutcome] = [
            .gone, .notFound("404"), .down, .down, .down, .unavailable("busy", retryAfter: .seconds(90)),
            .unauthorized("401"), .refused("422"),
        ]
        return outcomes.randomElement(using: &random) ?? .ok
    }

    private mutating func exit() -> ConnectorExit {
        [.code(0), .code(0), .code(1), .code(137), .unusable("is empty")].randomElement(using: &random)
            ?? .code(0)
    }

    private mutating func randomTranscript() -> Transcript {
        Self.transcripts[operation]?.randomElement(using: &random) ?? Transcript()
    }

    /// What connectors can have said, all pairs of some lines.
    private static let transcripts = Dictionary(
        uniqueKeysWithValues: AirbyteProtocol.Operation.allCases.map { operation in
            let lines = [
                Line.result(of: operation, kind: .source), Line.result(of: operation, kind: .destination),
                Line.trace, Line.bareTrace, Line.namelessCatalog, Line.control, "plain",
            ]
            return (operation, lines.flatMap { first in lines.map { transcript(first, $0) } })
        }
    )

    // MARK: Rules

    private mutating func expect(_ holds: Bool, _ rule: String) {
        if !holds { broken.append(rule) }
    }

    private mutating func take(_ event: WorkloadMachine.Event) {
        let wasEnded = !exits.isEmpty
        note(event)
        let actions = machine.handle(event, now: now)
        expect(!wasEnded || actions.isEmpty, "nothing follows the end")
        for action in actions { perform(action) }
        guard exits.isEmpty else { return }
        expect(timers[.contactTimeout] != nil, "patience with the platform has an end")
        let isReporting = report != nil
        expect(
            contact != nil || timers[.contact] != nil || (sawGone && (isReporting || timers[.report] != nil)),
            "heartbeats go on"
        )
    }

    private mutating func note(_ event: WorkloadMachine.Event) {
        switch event {
        case .contactAnswered(let call, let outcome):
            if contact == call {
                contact = nil
                if outcome == .gone { sawGone = true }
            }
        case .transcriptRead(let transcript, _, _):
            isReading = false
            finalTranscript = transcript
        case .outputVerified: isVerifying = false
        case .workspaceLookedAt: isLooking = false
        case .outputOpened: hasOpened = true
        case .delivered(let result):
            if case .outputStored = result { inSink = sent }
            earlyStep = nil
            (isUpdating, isWritingCatalog, isStoring) = (false, false, false)
        case .logStored: isStoringLog = false
        case .timerFired(.logStorage): isStoringLog = false
        case .reportAnswered(let outcome):
            if report == .success { successMayHaveArrived = outcome.isUnavailable }
            if case .accepted = outcome, report != nil { lastReportAccepted = report }
            report = nil
        case .signalled: signalled = true
        default: break
        }
    }

    private mutating func perform(_ action: WorkloadMachine.Action) {
        expect(exits.isEmpty, "nothing follows the end")
        switch action {
        case .contact(let call, let timeout):
            expect(contact == nil, "one contact at a time")
            expect(timeout <= .seconds(60), "no contact takes longer than a minute")
            contact = call
        case .readTranscript:
            expect(!isReading, "read once")
            isReading = true
        case .stopReading: expect(isReading, "only a reading can be stopped")
        case .lookAtWorkspace: isLooking = true
        case .verifyOutputClosed:
            expect(hasOpened, "nobody is lost who has not started")
            isVerifying = true
        case .deliver(.updateConfiguration):
            expect(!isDelivering && report == nil, "the update comes first")
            isUpdating = true
        case .deliver(.writeCatalog):
            expect(!isDelivering && report == nil, "one step at a time")
            isWritingCatalog = true
        case .deliver(.storeOutput(let output)):
            expect(!isDelivering && report == nil, "one step at a time")
            expect(finalStores == 0, "the final output is stored once")
            finalStores += 1
            isStoring = true
            (sent, inSink) = (output, nil)
        case .deliverEarly(let step):
            expect(earlyStep == nil && finalStores == 0 && report == nil, "one early step at a time")
            earlyStep = step
            if case .storeOutput(let output) = step { (sent, inSink) = (output, nil) }
        case .storeLog:
            expect(!isDelivering, "the log comes after what it tells of")
            expect(!logWasStored, "the log is stored once before the report")
            (isStoringLog, logWasStored) = (true, true)
        case .report(let report):
            expect(self.report == nil, "one report at a time")
            expect(logWasStored && !isStoringLog, "the log comes before the report")
            expect(report == .success || !successMayHaveArrived, "no failure contradicts a success")
            expect(report != .success || sinkHoldsTheOutcome, "no success before the outcome is stored")
            expect(!isDelivering, "the report comes last")
            self.report = report
        case .arm(let timer, let deadline):
            expect(deadline >= now, "timers lie in the future")
            timers[timer] = deadline
        case .disarm(let timer): timers[timer] = nil
        case .log, .logFromConnector: return
        case .exit(let status): exits.append(status)
        }
        history.append(action.step)
    }

    private var isDelivering: Bool { isUpdating || isStoring || isWritingCatalog || earlyStep != nil }

    /// Whether the output in the sink is that of the connector's whole output, not of an earlier state.
    private var sinkHoldsTheOutcome: Bool {
        guard let inSink else { return false }
        switch finalTranscript.result(for: operation) {
        case nil: return inSink.failureReason != nil
        case .connectionStatus(let status): return inSink.checkConnection?.status == status.status
        case .spec(let spec): return inSink.spec == spec || inSink.failureReason != nil
        case .catalog, .destinationCatalog:
            return inSink.discoverCatalogId != nil || inSink.failureReason != nil
        }
    }

    private mutating func checkExit() {
        let status = exits.first ?? -1
        if signalled { return expect(status == 143, "a signal gives the exit code") }
        expect([0, 1, 2].contains(status), "a known exit code")
        if status == 0 { expect(lastReportAccepted == .success, "0 means that the success was taken") }
        if status == 2 { expect(lastReportAccepted != nil, "2 means that the timeout was reported") }
    }
}

extension WorkloadMachine.TimerName {
    fileprivate var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

extension CallOutcome {
    fileprivate var isUnavailable: Bool {
        if case .unavailable = self { return true }
        return false
    }
}
