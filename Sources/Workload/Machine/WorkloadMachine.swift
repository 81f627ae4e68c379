import AirbyteProtocol
import Containers
import HTTP
import Logging
import Scheduling

/// Decides everything about one workload: when to call the platform, when to give up, what to deliver, how to end.
///
/// A value that does nothing itself: events go in, actions come out, and whoever holds it performs them. Two
/// things go on side by side. The *contact* with the workload API announces the workload as running and then
/// sends heartbeats until the end. The *phase* of the job goes one way:
///
///     waiting ──▶ reading ──▶ delivering ──▶ storing log ──▶ reporting ──▶ ended
///
/// and any phase can jump to `ended`: when the platform says that the workload is over (410), when it has been
/// out of reach for too long, or when the time to stop after a signal is used up.
package struct WorkloadMachine: Sendable {
    package struct Settings: Sendable {
        package var heartbeat: HeartbeatSettings
        /// Delays between announcements or heartbeats that fail; the contact timeout bounds their number.
        package var contactRetries: RetryPolicy
        /// From the start to the connector's open of its output; nil where there is no limit.
        package var startTimeout: Duration?
        /// From the connector's open of its output to its exit code; nil where there is no limit.
        package var fileTimeout: Duration?
        package var lostConnectorGrace: Duration
        /// Whether a result is delivered before the connector has ended, see `EarlyDelivery`.
        package var deliversEarly: Bool

        package init(
            heartbeat: HeartbeatSettings,
            contactRetries: RetryPolicy,
            startTimeout: Duration?,
            fileTimeout: Duration?,
            lostConnectorGrace: Duration,
            deliversEarly: Bool
        ) {
            self.heartbeat = heartbeat
            self.contactRetries = contactRetries
            self.startTimeout = startTimeout
            self.fileTimeout = fileTimeout
            self.lostConnectorGrace = lostConnectorGrace
            self.deliversEarly = deliversEarly
        }
    }

    /// What is left of a pod's default grace period (30 s) once the container's shell and the kubelet have had
    /// their share: after a signal to stop, everything has to be over by then.
    package static let terminationBudget: Duration = .seconds(20)

    /// How long the rest of the output is read after the connector has ended: the result can be the last line. Enough for
    /// tens of gigabytes, while heartbeats go on.
    package static let lastReadingBudget: Duration = .seconds(300)

    /// How long the rest of the output is read where no exit code has come: a connector that has written faster than can
    /// be read must not put off the timeout's report, or use up what is left after a signal.
    package static let lateReadingBudget: Duration = .seconds(5)

    /// A hint is logged if the connector has not opened its output by then: most images have been pulled.
    package static let startHintDelay: Duration = .seconds(120)

    /// Grace periods that pass before events alone, without the kernel's answer, count as the loss of the connector.
    package static let unconfirmedGraces = 3

    /// A timer that fires later than this says that the process was stopped: a loop that is merely busy is late by
    /// milliseconds. Where heartbeats are closer together, their interval is the tolerance.
    package static let maxLateness: Duration = .seconds(5)

    /// What the kernel says of the output's writers.
    package enum Writers: Hashable, Sendable {
        case present
        case none
        /// The kernel does not tell: another user's file, or a file system without leases.
        case unknown
    }

    /// How long the report waits for the job's log to be stored. The platform shows the log as soon as it knows the
    /// outcome, but a store that hangs must not keep the outcome back.
    package static let logStorageBudget: Duration = .seconds(1)

    package enum TimerName: Hashable, Sendable, CaseIterable {
        /// The next announcement or heartbeat.
        case contact
        /// The limit for going on without contact to the platform.
        case contactTimeout
        /// The time for a hint that the connector has not started yet.
        case startHint
        case startTimeout
        case fileTimeout
        case lostConnector
        /// A result has stood for long enough to be delivered.
        case earlyDelivery
        /// The limit for reading the rest of the output.
        case lateReading
        /// The limit for storing the job log before the report.
        case logStorage
        /// The next attempt to report the success.
        case report
        /// The limit for attempts to report the success.
        case reportTimeout
        case termination
    }

    package enum Event: Sendable {
        case started
        case exitCodeFound(ConnectorExit)
        /// The connector has opened its output, now or earlier.
        case outputOpened
        /// The connector's output was closed by its writer.
        case outputClosed
        /// The connector's output was opened or written to.
        case outputTouched
        /// The output has a result, or another one, or there is news about its delivery; nil where it has none any more. The
        /// transcript is what the output says so far.
        case resultChanged(Transcript?)
        /// Answers `verifyOutputClosed`.
        case outputVerified(Writers)
        /// Answers `lookAtWorkspace`, after the events of what was found.
        case workspaceLookedAt
        /// Answers `readTranscript`; `unread` says why the output, or its rest, could not be read, `exhausted` what the
        /// workspace's volume has run out of.
        case transcriptRead(Transcript, unread: String? = nil, exhausted: String? = nil)
        case contactAnswered(ContactCall, CallOutcome)
        /// There are new secrets; from now on, the mask hides what is delivered and reported.
        case maskChanged(SecretMask)
        /// Answers `deliver` and `deliverEarly`.
        case delivered(DeliveryResult)
        /// Answers `storeLog`, whether or not the store has taken the log.
        case logStored
        case reportAnswered(CallOutcome)
        case timerFired(TimerName)
        case signalled(Int32)
    }

    package enum Action: Sendable {
        /// One attempt that takes no longer than the timeout, to be answered by `contactAnswered`.
        case contact(ContactCall, timeout: Duration)
        /// Look at the connector's files, whatever events have come.
        case lookAtWorkspace
        /// Read the connector's output to its present end.
        case readTranscript
        /// Stop reading, and answer `readTranscript` with what has been read. The reason continues "was not read to its
        /// end, since …".
        case stopReading(reason: String)
        /// Ask whether anybody holds the connector's output open for writing.
        case verifyOutputClosed
        /// Perform the step, to be answered by `delivered`.
        case deliver(DeliveryStep)
        /// Try the step once, to be answered by `delivered`.
        case deliverEarly(DeliveryStep)
        /// Store what has been logged so far.
        case storeLog
        /// A failure is retried as configured; a success is tried once, since the machine repeats it. To be answered by
        /// `reportAnswered`.
        case report(Report)
        case arm(TimerName, at: Instant)
        case disarm(TimerName)
        case log(Logger.Level, String)
        /// Log what the connector said.
        case logFromConnector(Logger.Level, String)
        /// The end: nothing follows.
        case exit(Int32)
    }

    enum Phase {
        case waiting
        case reading(Ending)
        case delivering(DeliveryPlan)
        /// Nothing is left to deliver; the report waits for the log, for a while.
        case storingLog(DeliveryPlan)
        /// The plan's report is due or under way.
        case reporting(DeliveryPlan)
        case ended

        /// What is delivered and reported, once that is decided.
        var plan: DeliveryPlan? {
            switch self {
            case .waiting, .reading, .ended: nil
            case .delivering(let plan), .storingLog(let plan), .reporting(let plan): plan
            }
        }

        /// The name alone, since a plan can hold secrets.
        var name: String {
            switch self {
            case .waiting: "waiting"
            case .reading: "reading"
            case .delivering: "delivering"
            case .storingLog: "storing log"
            case .reporting: "reporting"
            case .ended: "ended"
            }
        }
    }

    enum ReportProgress {
        /// Waits until the first announcement has been answered, so that the two cannot overtake each other.
        case held
        case underWay
        /// Is repeated later.
        case postponed
    }

    let settings: Settings
    let input: SidecarInput
    var phase: Phase = .waiting
    var contact: ContactState
    var connector = ConnectorState()
    var early = EarlyDelivery()
    /// When the timers are to fire whose lateness matters.
    var deadlines = SmallMap<TimerName, Instant>()
    /// Set by a signal; then it is the exit status, whatever else happens.
    var stopSignal: Int32?
    var reportProgress = ReportProgress.held
    /// How many reports of the success had no answer.
    var unansweredReports = 0
    /// How the workload has ended; nil while it goes on.
    package internal(set) var result: End?
    /// Nil: only the secrets of the configurations are hidden.
    var mask: SecretMask?
    var random: SplitMix64

    /// - Parameter seed: for the jitter of the delays.
    package init(settings: Settings, input: SidecarInput, now: Instant, seed: UInt64) {
        self.settings = settings
        self.input = input
        contact = ContactState(now: now)
        random = SplitMix64(seed: seed)
    }

    /// How long the output may be closed without an exit code.
    package var lostConnectorGrace: Duration { settings.lostConnectorGrace }

    /// Whether the connector is still waited for.
    var isWaiting: Bool {
        guard case .waiting = phase else { return false }
        return true
    }

    /// An event that only a bug can produce: a trap in debug builds. In a release build a job that can still be
    /// delivered is worth more, and the event is ignored.
    func unexpected(_ event: String) -> [Action] {
        assertionFailure("\(event) came in the phase \(phase.name)")
        return []
    }

    /// Handles one event at the loop's time, and returns the actions to perform, in order.
    ///
    /// Events can be late. These are tolerated, and change nothing:
    ///
    /// | event | when | the race |
    /// |---|---|---|
    /// | any | ended | answers to calls that were in flight when the machine ended |
    /// | `exitCodeFound` | not waiting | event and look find the same file; the file comes while another ending is read |
    /// | `outputOpened`, `outputClosed`, `outputTouched` | not waiting | the watch goes on until the end |
    /// | `resultChanged` | not waiting | the output is read to its end |
    /// | `outputVerified` | not waiting, or touched since | an earlier event is handled first |
    /// | `workspaceLookedAt` | not waiting, or no ending is due | an incomplete exit code delays the answer |
    /// | `logStored` | reporting | the report has not waited for a slow store |
    /// | `contactAnswered` | any | the report overtakes the contact's answer |
    /// | `timerFired` | the timer's reason is gone | it was due in the tick that disarmed it |
    /// | `signalled` | again | a second signal during the delivery |
    ///
    /// Anything else is a bug, see `unexpected`.
    package mutating func handle(_ event: Event, now: Instant) -> [Action] {
        if case .ended = phase { return [] }
        switch event {
        case .started: return start(now)
        case .exitCodeFound(let exit): return connectorExited(exit, now)
        case .outputOpened: return outputOpened(now)
        case .outputClosed: return outputClosed(now)
        case .outputTouched: return outputTouched()
        case .resultChanged(let transcript): return resultChanged(transcript, now)
        case .outputVerified(let writers): return outputVerified(writers, now)
        case .workspaceLookedAt: return workspaceLookedAt(now)
        case .transcriptRead(let transcript, let unread, let exhausted):
            return transcriptRead(transcript, unread, exhausted, now)
        case .contactAnswered(let call, let outcome): return contactAnswered(call, outcome, now)
        case .maskChanged(let mask): return maskChanged(mask)
        case .delivered(let result): return delivered(result, now)
        case .logStored: return logStored()
        case .reportAnswered(let outcome): return reportAnswered(outcome, now)
        case .timerFired(let timer): return timerFired(timer, now)
        case .signalled(let signal): return signalled(signal, now)
        }
    }
}

// MARK: - Timers and signals

extension WorkloadMachine {
    private mutating func timerFired(_ timer: TimerName, _ now: Instant) -> [Action] {
        var isLate = false
        if let due = deadlines.removeValue(forKey: timer) {
            isLate = now - due > min(Self.maxLateness, settings.heartbeat.interval)
            if isLate { contact.noteThaw(now) }
        }
        switch timer {
        case .contact:
            guard contact.current == nil, !contact.closed else { return [] }
            return attempt(nextCall) + heartbeatLook
        case .contactTimeout:
            return contactTimeoutPassed(now)
        case .startHint:
            return startHint()
        case .startTimeout:
            guard case .waiting = phase, !connector.hasOpened, let limit = settings.startTimeout else {
                return []
            }
            return look(before: .startTimeout(limit: limit))
        case .fileTimeout:
            guard case .waiting = phase, let limit = settings.fileTimeout else { return [] }
            return look(before: .fileTimeout(limit: limit))
        case .lostConnector:
            guard case .waiting = phase else { return [] }
            return [.verifyOutputClosed]
        case .earlyDelivery:
            return earlyDeliveryIsDue()
        case .lateReading:
            guard case .reading(let ending) = phase else { return [] }
            return [.stopReading(reason: stopReason(ending))]
        case .logStorage:
            return [.log(.info, "The job log is not stored yet: reporting without it")]
                + logStored()
        case .report:
            guard reportProgress == .postponed, case .reporting(let plan) = phase else { return [] }
            reportProgress = .underWay
            return [.report(plan.report)]
        case .reportTimeout:
            // No attempt was made while the process was stopped.
            if isLate { return [arm(.reportTimeout, at: now + ContactState.maxTimeout)] }
            return end(
                .unreported,
                ExitStatus.failure,
                .error,
                """
                The workload API did not confirm the success: no attempt was answered within \
                \(settings.heartbeat.contactTimeout.spokenDescription).
                """
            )
        case .termination:
            return end(
                .unreported,
                ExitStatus.failure,
                .error,
                "The delivery did not finish within \(Self.terminationBudget.spokenDescription) after the stop signal."
            )
        }
    }

    /// Whatever inotify says: a sandboxed kernel can leave it silent.
    private var heartbeatLook: [Action] {
        guard case .waiting = phase else { return [] }
        return [.lookAtWorkspace]
    }

    /// After the first signal, a complete result is still delivered. Further signals are ignored.
    private mutating func signalled(_ signal: Int32, _ now: Instant) -> [Action] {
        guard stopSignal == nil else {
            return [.log(.info, "\(signalName(signal)) is ignored: the sidecar is already stopping")]
        }
        stopSignal = signal
        var actions: [Action] = [.arm(.termination, at: now + Self.terminationBudget)]
        if case .waiting = phase {
            actions += startReading(.terminated(signal: signal), now)
        } else {
            actions.append(
                .log(.warning, "Received \(signalName(signal)): finishing the delivery")
            )
            if case .reading(.connectorExited) = phase { actions.append(boundReading(for: nil, now)) }
        }
        return actions
    }
}
