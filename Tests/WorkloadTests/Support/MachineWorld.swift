import AirbyteProtocol
import HTTP
import Scheduling

@testable import Workload

/// A machine in a world where time passes only when a test says so: keeps its timers and writes down what it wants.
struct MachineWorld {
    private(set) var machine: WorkloadMachine
    private(set) var now = Instant(nanoseconds: 1_000_000_000_000)
    let started: Instant
    let operation: AirbyteProtocol.Operation
    private(set) var timers: [WorkloadMachine.TimerName: Instant] = [:]
    /// Everything that the machine has wanted, timers and log lines left out.
    private(set) var steps: [Step] = []
    private(set) var logged: [String] = []
    /// The last output that was to be stored.
    private(set) var output: JobOutput?
    /// How long each contact may have taken.
    private(set) var contactTimeouts: [Duration] = []
    /// Why the reading of the output was to stop.
    private(set) var stopReasons: [String] = []
    /// How often the workspace was to be looked at. Each look is answered at once, with what is to be found.
    private(set) var looks = 0
    var found: [WorkloadMachine.Event] = []
    /// What the connector was made to say in the log.
    private(set) var connectorLog: [String] = []
    /// Whether the job's log takes time to be stored; else it is stored at once, and that is no step.
    var storesLogSlowly = false

    init(
        _ input: SidecarInput,
        interval: Duration = .seconds(30),
        contactTimeout: Duration = .seconds(300),
        startTimeout: Duration? = .seconds(1_800),
        fileTimeout: Duration? = .seconds(540),
        retryDelay: Duration = .seconds(2),
        deliversEarly: Bool = true,
        seed: UInt64 = 1
    ) {
        started = now
        operation = input.operation
        machine = WorkloadMachine(
            settings: WorkloadMachine.Settings(
                heartbeat: HeartbeatSettings(interval: interval, contactTimeout: contactTimeout),
                contactRetries: RetryPolicy(firstDelay: retryDelay, maxRetries: 5),
                startTimeout: startTimeout,
                fileTimeout: fileTimeout,
                lostConnectorGrace: .seconds(10),
                deliversEarly: deliversEarly
            ),
            input: input,
            now: now,
            seed: seed
        )
    }

    /// Hands in an event; what the machine wants in answer, timers and log lines left out.
    @discardableResult
    mutating func send(_ event: WorkloadMachine.Event) -> [Step] {
        var wanted: [Step] = []
        var answers: [WorkloadMachine.Event] = []
        for action in machine.handle(event, now: now) {
            switch action {
            case .lookAtWorkspace:
                looks += 1
                answers += found + [.workspaceLookedAt]
            case .contact(_, let timeout):
                contactTimeouts.append(timeout)
                wanted.append(action.step)
            case .stopReading(let reason):
                stopReasons.append(reason)
                wanted.append(action.step)
            case .arm(let timer, let deadline): timers[timer] = deadline
            case .disarm(let timer): timers[timer] = nil
            case .log(let level, let message): logged.append("\(level) \(message)")
            case .logFromConnector(let level, let message): connectorLog.append("\(level) \(message)")
            case .storeLog where !storesLogSlowly: answers.append(.logStored)
            case .deliver(.storeOutput(let output)), .deliverEarly(.storeOutput(let output)):
                self.output = output
                wanted.append(action.step)
            default: wanted.append(action.step)
            }
        }
        steps += wanted
        for answer in answers { wanted += send(answer) }
        return wanted
    }

    /// Starts, has the announcement accepted, and the connector open its output.
    mutating func announce() {
        send(.started)
        send(.contactAnswered(.running, .accepted(body: [])))
        send(.outputOpened)
    }

    /// Lets so much time pass; what fires in it, fires at its own time. What the machine wants in answer.
    @discardableResult
    mutating func advance(by time: Duration) -> [Step] {
        let end = now + time
        var wanted: [Step] = []
        while let next = timers.filter({ $0.value <= end }).min(by: { $0.value < $1.value }) {
            now = max(now, next.value)
            timers[next.key] = nil
            wanted += send(.timerFired(next.key))
        }
        now = end
        return wanted
    }

    /// The process is stopped for so long; what has become due fires afterwards, all at once.
    @discardableResult
    mutating func freeze(for time: Duration) -> [Step] {
        now = now + time
        return advance(by: .zero)
    }

    /// How long until the timer fires; nil where it is not armed.
    func delay(of timer: WorkloadMachine.TimerName) -> Duration? {
        timers[timer].map { $0 - now }
    }

    var isEnded: Bool {
        guard case .exit = steps.last else { return false }
        return true
    }
}

/// What an action is, without most of what it carries.
enum Step: Hashable {
    case running, heartbeat, look, read, stopReading, verify, update, catalog, store, storeLog, success, log
    /// Before the connector has ended.
    case earlyCatalog, earlyStore
    case failure(FailureOrigin)
    case arm(WorkloadMachine.TimerName)
    case disarm(WorkloadMachine.TimerName)
    case exit(Int32)

    var isFailure: Bool {
        guard case .failure = self else { return false }
        return true
    }

    var isReport: Bool { self == .success || isFailure }
}

extension WorkloadMachine.Action {
    var step: Step {
        switch self {
        case .contact(.running, _): .running
        case .contact(.heartbeat, _): .heartbeat
        case .lookAtWorkspace: .look
        case .readTranscript: .read
        case .stopReading: .stopReading
        case .verifyOutputClosed: .verify
        case .deliver(.updateConfiguration): .update
        case .deliver(.writeCatalog): .catalog
        case .deliver(.storeOutput): .store
        case .deliverEarly(.updateConfiguration): .update
        case .deliverEarly(.writeCatalog): .earlyCatalog
        case .deliverEarly(.storeOutput): .earlyStore
        case .storeLog: .storeLog
        case .report(.success): .success
        case .report(.failure(let source, _)): .failure(source)
        case .arm(let timer, _): .arm(timer)
        case .disarm(let timer): .disarm(timer)
        case .log, .logFromConnector: .log
        case .exit(let status): .exit(status)
        }
    }
}

extension CallOutcome {
    static let ok = CallOutcome.accepted(body: [])
    static let down = CallOutcome.unavailable("down", retryAfter: nil)
}
