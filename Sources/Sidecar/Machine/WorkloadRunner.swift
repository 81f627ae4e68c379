import AirbyteProtocol
import Containers
import Logging
import Scheduling
import Telemetry
import Text
import Workload

/// Performs the machine's actions and reports events to it: the thin shell around the pure core.
final class WorkloadRunner {
    /// The time that an exit code file has to get its newline, if it is not renamed into place.
    private static let exitCodeSettling: Duration = .seconds(1)

    private var machine: WorkloadMachine
    private var reading: OutputReading
    private var loggedLines = LoggedLines()
    /// How many of the transcript's decisions the machine knows.
    private var knownDecisions = 0
    private let input: SidecarInput
    private let scheduler: any Scheduler
    private let workspace: any Workspace
    private let output: ConnectorOutput
    private let client: ControlPlaneClient
    private let deliverer: OutputDeliverer
    private let pipeline: LogPipeline
    private let secrets: JobSecrets
    /// Of the secrets that the machine knows; nil while it knows none.
    private var secretsVersion: Int?
    private let log: Logger
    private let telemetry: Telemetry?
    private let onExit: (Int32) -> Void

    /// When what has happened.
    private(set) var timeline: WorkloadTimeline
    /// Bytes of the connector's output that were read, also such as were replaced later.
    var outputBytes: Int { reading.byteCount }
    /// The connector's exit code, where it left one that can be used.
    private(set) var connectorExitCode: Int32?
    /// Heartbeats that were not accepted.
    private(set) var heartbeatMisses = 0
    /// What the output has said so far.
    var transcript: Transcript { reading.transcript }
    var outputLines: Int { reading.lineCount }
    /// How the workload has ended.
    var result: WorkloadMachine.End? { machine.result }

    private let opening: OutputOpening
    private var hasPostedOpening = false
    /// The output whose writers are followed.
    private var followed: FileIdentity?
    /// Who has it open, where the kernel does not tell; nil where it does.
    private var writers: WriterCount?
    private var tail: OutputTail?
    private var watcher: WorkspaceWatcher?
    private var timers = SmallMap<WorkloadMachine.TimerName, TimerToken>()
    private var isSettling = false
    /// A look is to be answered once the exit code has settled.
    private var isLookOpen = false
    private var hasEnded = false
    /// Whether log lines of the connector were left out, since they can hold secrets that are not known.
    private var hasWithheld = false

    /// Events that came while actions were performed: the machine takes one at a time.
    private var events: [WorkloadMachine.Event] = []
    private var isHandling = false

    /// - Parameters:
    ///   - output: holds the file where the sidecar has created it.
    ///   - digestSeed: see `TranscriptReader`.
    ///   - onExit: called once, with the exit status; nothing is done after it.
    init(
        machine: WorkloadMachine,
        input: SidecarInput,
        scheduler: any Scheduler,
        workspace: any Workspace,
        output: ConnectorOutput,
        client: ControlPlaneClient,
        deliverer: OutputDeliverer,
        pipeline: LogPipeline,
        secrets: JobSecrets,
        log: Logger,
        rescanInterval: Duration,
        digestSeed: UInt64,
        telemetry: Telemetry? = nil,
        onExit: @escaping (Int32) -> Void
    ) {
        self.machine = machine
        reading = OutputReading(of: input, secrets: secrets, digestSeed: digestSeed)
        self.input = input
        self.scheduler = scheduler
        self.workspace = workspace
        self.output = output
        opening = OutputOpening(workspace, created: output.file)
        self.client = client
        self.deliverer = deliverer
        self.pipeline = pipeline
        self.secrets = secrets
        self.log = log
        self.telemetry = telemetry
        timeline = WorkloadTimeline(started: scheduler.now)
        self.onExit = onExit
        tail = OutputTail(
            workspace: workspace,
            output: output,
            scheduler: scheduler,
            outlet: pipeline,
            log: log,
            onBytes: { [weak self] bytes in self?.read(bytes) },
            onZeros: { [weak self] count in self?.reading.skipZeros(count) },
            onRestart: { [weak self] in self?.restart() }
        )
        watcher = WorkspaceWatcher(
            workspace: workspace,
            scheduler: scheduler,
            usesWatch: workspace.watchIsReliable,
            quietPeriod: machine.lostConnectorGrace,
            rescanInterval: rescanInterval,
            log: log
        ) { [weak self] change in self?.workspaceChanged(change) }
    }

    func start() {
        post(.started)
        watcher?.start(output: output.file)
    }

    /// Takes one event, now or after those that are being handled.
    func post(_ event: WorkloadMachine.Event) {
        postNewSecrets()
        events.append(event)
        guard !isHandling else { return }
        isHandling = true
        while !events.isEmpty, !hasEnded {
            let event = events.removeFirst()
            note(event)
            for action in machine.handle(event, now: scheduler.now) { perform(action) }
        }
        isHandling = false
    }

    private func note(_ event: WorkloadMachine.Event) {
        timeline.note(event, now: scheduler.now)
        switch event {
        case .exitCodeFound(.code(let code)): connectorExitCode = code
        case .contactAnswered(.heartbeat, let outcome) where outcome.problem != nil: heartbeatMisses += 1
        default: break
        }
    }

    /// Before the event that may quote them.
    private func postNewSecrets() {
        let version = secrets.version
        guard version != secretsVersion else { return }
        secretsVersion = version
        events.append(.maskChanged(secrets.mask))
    }
}

// MARK: - Actions

extension WorkloadRunner {
    private func perform(_ action: WorkloadMachine.Action) {
        timeline.note(action, now: scheduler.now)
        switch action {
        case .contact(let contact, let timeout): make(contact, timeout)
        case .lookAtWorkspace: lookAtWorkspace()
        case .readTranscript: readTranscript()
        case .stopReading(let reason): tail?.finishNow(reason)
        case .verifyOutputClosed: verifyOutputClosed()
        case .deliver(let step): deliverer.perform(step) { [weak self] in self?.delivered(step, $0) }
        case .deliverEarly(let step):
            deliverer.attempt(step) { [weak self] in self?.delivered(step, $0) }
        case .storeLog: storeLog()
        case .report(let report): send(report)
        case .arm(let timer, let deadline): arm(timer, deadline)
        case .disarm(let timer): disarm(timer)
        case .log(let level, let message): log.log(level: level, "\(message)")
        case .logFromConnector(let level, let message):
            pipeline.write(level, from: LogSource(input.connectorKind), message)
        case .exit(let status): exit(status)
        }
    }

    private func delivered(_ step: DeliveryStep, _ result: DeliveryResult) {
        if let telemetry, case .storeOutput = step {
            var status = "success"
            if case .failed = result { status = "error" }
            telemetry.record(Measurement(.jobOutputWrite, 1, [Tag(.status, status)]))
        }
        post(.delivered(result))
    }

    private func make(_ contact: ContactCall, _ timeout: Duration) {
        let call = PlatformCall.contact(contact, workloadID: input.workloadID, timeout: timeout)
        client.attempt(call) { [weak self] outcome in
            self?.post(.contactAnswered(contact, outcome))
            if contact == .running, case .accepted = outcome { self?.warmUp() }
        }
    }

    /// Warms up the reading and the delivery while there is nothing else to do.
    private func warmUp() {
        scheduler.schedule(after: .milliseconds(1)) { [weak self] in
            guard let self, !hasEnded else { return }
            TranscriptReader.warmUp(kind: input.connectorKind)
            WarmUp.run(machine, input, now: scheduler.now)
        }
    }

    /// The machine repeats a success itself: it has to know of each attempt that may have arrived.
    private func send(_ report: Report) {
        let call = PlatformCall.report(report, workloadID: input.workloadID)
        let completion: ControlPlaneClient.Completion = { [weak self] in self?.post(.reportAnswered($0)) }
        if report == .success {
            client.attempt(call, completion: completion)
        } else {
            client.perform(call, completion: completion)
        }
    }

    private func storeLog() {
        pipeline.forwardWaiting()
        guard let jobLog = pipeline.jobLog else { return post(.logStored) }
        jobLog.flush { [weak self] in self?.post(.logStored) }
    }

    private func arm(_ timer: WorkloadMachine.TimerName, _ deadline: Instant) {
        disarm(timer)
        timers[timer] = scheduler.schedule(at: deadline) { [weak self] in
            self?.timers[timer] = nil
            self?.post(.timerFired(timer))
        }
    }

    private func disarm(_ timer: WorkloadMachine.TimerName) {
        if let token = timers.removeValue(forKey: timer) { scheduler.cancel(token) }
    }

    private func exit(_ status: Int32) {
        hasEnded = true
        watcher?.cancel()
        tail?.cancel()
        onExit(status)
    }
}

// MARK: - The connector's files

extension WorkloadRunner {
    private func workspaceChanged(_ change: WorkspaceChange) {
        switch change {
        case .unknown, .unmounted:
            _ = tail?.look()
            lookAtOutputAndExitCode()
        case .outputOpened:
            outputWasOpened()
        case .outputReleased:
            writers?.closed()
            postIfNobodyIsLeft()
        case .outputWritten:
            noteOpening()
            tail?.wake()
            // What has just been read is written before anything else is done for this change.
            pipeline.flush()
            post(.outputTouched)
        case .outputReplaced:
            tail?.wakeReplaced()
            noteOpening()
            post(.outputTouched)
        case .outputClosed:
            noteOpening()
            tail?.wake()
            writers?.closed()
            writers == nil ? post(.outputClosed) : postIfNobodyIsLeft()
        case .exitCodeCreated:
            lookForExitCode(isComplete: false)
        case .exitCodeComplete:
            lookForExitCode(isComplete: true)
        }
    }

    private func lookForExitCode(isComplete: Bool) {
        switch workspace.exitCode(isComplete: isComplete) {
        case .absent: return
        case .found(let exit): return post(.exitCodeFound(exit))
        case .notYet: break
        }
        guard !isSettling else { return }
        isSettling = true
        scheduler.schedule(after: Self.exitCodeSettling) { [weak self] in
            guard let self else { return }
            isSettling = false
            lookForExitCode(isComplete: true)
            answerLook()
        }
    }

    /// A look that the machine has requested, whatever the watcher has reported.
    private func lookAtWorkspace() {
        if tail?.look() == true { watcher?.suspectSilence() }
        lookAtOutputAndExitCode()
        isLookOpen = true
        // Otherwise the exit code is about to be complete.
        if !isSettling { answerLook() }
    }

    private func answerLook() {
        guard isLookOpen else { return }
        isLookOpen = false
        post(.workspaceLookedAt)
    }

    private func lookAtOutputAndExitCode() {
        opening.look()
        postOpening()
        lookForExitCode(isComplete: false)
        // A writer that closed the file before the watch began leaves no event.
        if opening.hasHappened, workspace.watchIsReliable, tail?.isOpenForWriting == false {
            post(.outputClosed)
        }
    }

    /// A lease is given where nobody has the file open for writing.
    private func verifyOutputClosed() {
        switch tail?.isOpenForWriting {
        case true?: post(.outputVerified(.present))
        case false?: post(.outputVerified(.none))
        case nil: post(.outputVerified(.unknown))
        }
    }
}

// MARK: - The connector's open

extension WorkloadRunner {
    /// Somebody has opened the output: the connector, or a reader.
    private func outputWasOpened() {
        writers?.opened()
        opening.look()
        postOpening()
        // The count is needed only where the kernel does not tell who writes.
        if writers != nil { post(.outputTouched) }
    }

    /// An event that only a writer causes.
    private func noteOpening() {
        opening.note()
        postOpening()
    }

    private func postOpening() {
        guard opening.hasHappened else { return }
        if !hasPostedOpening { post(.outputOpened) }
        hasPostedOpening = true
        followWriters()
    }

    /// Once the connector has its output open, the kernel is asked who still has; where it does not tell, opens and closes
    /// are counted.
    private func followWriters() {
        guard let file = output.file, file.identity != followed else { return }
        followed = file.identity
        if file.isOpenForWriting == nil {
            writers = WriterCount()
            watcher?.watchOpens(of: file)
        } else {
            writers = nil
            watcher?.ignoreOpens()
        }
    }

    private func postIfNobodyIsLeft() {
        if writers?.isNobody == true { post(.outputClosed) }
    }
}

// MARK: - The connector's output

extension WorkloadRunner {
    private func readTranscript() {
        tail?.finish { [weak self] problem in
            guard let self else { return }
            // What is not read to its end can end in the middle of a line, and of a secret: that line is not shown.
            if problem == nil {
                reading.finish()
                showLogEvents()
            }
            let read = reading.end(problem, exhausted: workspace.exhausted)
            post(.transcriptRead(read.transcript, unread: read.unread, exhausted: read.exhausted))
        }
    }

    private func read(_ bytes: RawSpan) {
        reading.read(bytes)
        showLogEvents()
        postResult()
    }

    /// The machine can deliver a result before the connector has ended.
    private func postResult() {
        guard reading.decisions != knownDecisions else { return }
        knownDecisions = reading.decisions
        let transcript = reading.transcript
        post(.resultChanged(transcript.result(for: input.operation) == nil ? nil : transcript))
    }

    /// The file was truncated or replaced: what counts is what it holds in the end. A line that had no end yet is none.
    private func restart() {
        loggedLines.startOver()
        reading.startOver()
        if knownDecisions > 0 { post(.resultChanged(nil)) }
        knownDecisions = 0
    }

    private func showLogEvents() {
        defer { reading.events.removeAll() }
        if reading.events.isEmpty { return }
        if secrets.mask.isIncomplete {
            withhold()
        } else {
            let now = pipeline.now
            reading.events.forEach { kind, text in
                if loggedLines.admit(kind, text) { show(kind, text, at: now) }
            }
        }
    }

    private func show(_ kind: TranscriptEvents.Kind, _ text: Span<UInt8>, at now: Int64) {
        switch kind {
        case .connectorLog(let level): show(level.loggerLevel, text, at: now)
        case .plainLine: show(.info, text, at: now)
        case .suspectedRecord:
            let note = "Skipped a line that is not a valid message; it looks like a record and is not shown"
            show(.warning, note.utf8.span, at: now)
        case .dropped:
            var note = Array("Skipped a message: ".utf8)
            note.append(text)
            show(.debug, note.span, at: now)
        }
    }

    private func show(_ level: Logger.Level, _ text: Span<UInt8>, at now: Int64) {
        let source = LogSource(input.connectorKind)
        pipeline.write(JobLogEvent(timestamp: now, level: level, source: source), text)
    }

    /// Says once that log lines are not shown.
    private func withhold() {
        guard !hasWithheld else { return }
        hasWithheld = true
        log.warning("The connector's log lines: \(SecretMask.withheld)")
    }
}

extension LogLevel {
    fileprivate var loggerLevel: Logger.Level {
        switch self {
        case .fatal, .error: .error
        case .warn: .warning
        case .info: .info
        case .debug: .debug
        case .trace: .trace
        }
    }
}

extension LogSource {
    fileprivate init(_ kind: ConnectorKind) {
        self = kind == .destination ? .destination : .source
    }
}
