import AirbyteProtocol
import HTTP
import Logging
import Scheduling
import Storage
import Telemetry
import Workload

/// One workload from its input file to its exit code: it reads the input, makes what the workload needs, and runs it.
package final class WorkloadJob {
    /// The time for the rest of the job's log, once everything else is done.
    private static let lastUpload: Duration = .seconds(15)

    /// The same after a signal to stop: with the machine's own budget (20 s) and the console's (2 s) it stays well within a
    /// pod's grace period (30 s).
    private static let lastUploadWhenStopped: Duration = .seconds(2)

    private let configuration: Configuration
    private let dependencies: Dependencies
    /// Nil where nothing is sent about the workload.
    private var telemetry: Telemetry?
    private let tally = RequestTally()
    /// For everything but the job's log, which is stored after the end too.
    private let transport: ClosableTransport
    private let connectorOutput = ConnectorOutput()
    private var random: SplitMix64
    private var pipeline: LogPipeline?
    private var runner: WorkloadRunner?
    private var client: ControlPlaneClient?
    private var stopSignal: Int32?
    /// The input cannot be used, and that is being reported.
    private var isRejecting = false
    /// The exit code once the machine has ended, while the log is still being stored.
    private var outcome: Int32?

    /// The exit code, see `ExitStatus`; nil until the workload has ended and its log is stored.
    package private(set) var status: Int32?

    package init(_ configuration: Configuration, _ dependencies: Dependencies) {
        self.configuration = configuration
        self.dependencies = dependencies
        transport = ClosableTransport(ObservedTransport(dependencies.transport, observer: tally))
        random = SplitMix64(seed: dependencies.seed)
    }

    /// Reads the input and starts the workload, or reports an input that cannot be used.
    ///
    /// Throws the reason why the workload cannot start; nothing has been sent then.
    package func start() throws(StartError) {
        switch readInput() {
        case .success(let input): try run(input)
        case .failure(let error): try reject(error)
        }
    }

    /// A signal to stop.
    package func signalled(_ signal: Int32) {
        let isFirst = stopSignal == nil
        stopSignal = stopSignal ?? signal
        if let runner {
            runner.post(.signalled(signal))
        } else if !isRejecting {
            status = status ?? ExitStatus.signal(signal)
        } else if isFirst {
            // The report of the unusable input is still awaited.
            pipeline?.write(
                .warning,
                from: .platform,
                "Received \(signalName(signal)): finishing the report"
            )
            dependencies.scheduler.schedule(after: WorkloadMachine.terminationBudget) { [weak self] in
                self?.status = ExitStatus.signal(signal)
            }
        }
    }

    /// Writes `TERMINATED`, unless that is done: before anything is waited for at the end.
    func writeMarker() {
        do {
            try dependencies.workspace.writeTerminatedMarker()
        } catch {
            let path = "\(dependencies.workspace.path)/\(FileName.terminated)"
            pipeline?.write(.error, from: .platform, "\(path) cannot be written: \(error)")
        }
    }

    /// Ends the workload where the loop cannot go on: nothing can be sent any more.
    func abandon(because problem: String) {
        guard status == nil else { return }
        writeMarker()
        let code = outcome ?? stopSignal.map(ExitStatus.signal) ?? ExitStatus.failure
        pipeline?.write(.error, from: .platform, "\(problem). Exiting with code \(code).")
        status = code
    }

    /// Logs what the process has noticed about itself.
    func log(_ level: Logger.Level, _ line: String) {
        pipeline?.write(level, from: .platform, line)
    }

    /// Hands what has been logged to the console.
    package func forwardLog() {
        pipeline?.forwardWaiting()
    }
}

// MARK: - The input

extension WorkloadJob {
    private func readInput() -> Result<SidecarInput, SidecarInputError> {
        Result { () throws(SidecarInputError) in
            try dependencies.workspace.sidecarInput()
        }
    }

    /// The input cannot be used. Where at least the workload is known, the failure is reported.
    private func reject(_ error: SidecarInputError) throws(StartError) {
        let text = "\(dependencies.workspace.path)/\(FileName.input) \(error.problem)"
        guard let workloadID = error.workloadID else {
            throw StartError(lines: [text], status: ExitStatus.configuration)
        }
        let secrets = JobSecrets(credentials: dependencies.credentials)
        let pipeline = makePipeline(context: [("workloadId", workloadID)], secrets: secrets, workloadID)
        let log = pipeline.logger(label: "sidecar")
        isRejecting = true
        // The connector's output will not be read, and the report can take minutes.
        writeMarker()
        log.error("\(text)")
        logWarnings(log)
        let client = controlPlaneClient(log)
        let report = secrets.mask.masked(Self.rejection(of: error))
        client.perform(.report(report, workloadID: workloadID)) { [weak self] outcome in
            guard let self, status == nil else { return }
            if let problem = outcome.problem { log.error("The failure could not be reported: \(problem)") }
            endRejection()
        }
        let limit = configuration.heartbeat.contactTimeout
        dependencies.scheduler.schedule(after: limit) { [weak self] in
            guard let self, status == nil else { return }
            log.error("The failure could not be reported within \(limit.spokenDescription)")
            endRejection()
        }
    }

    /// What is reported of an input that cannot be used.
    package static func rejection(of error: SidecarInputError) -> Report {
        .failure(source: .airbytePlatform, reason: "The sidecar's input file \(error.problem)")
    }

    private func endRejection() {
        status = stopSignal.map(ExitStatus.signal) ?? ExitStatus.failure
    }
}

// MARK: - The run

extension WorkloadJob {
    private func run(_ input: SidecarInput) throws(StartError) {
        try configuration.check(against: input)
        let secrets = JobSecrets(
            configuration: input.connectorConfiguration,
            credentials: dependencies.credentials
        )
        let pipeline = makePipeline(context: input.logContext, secrets: secrets, input.workloadID)
        let log = pipeline.logger(label: "sidecar")
        beginTelemetry(input, pipeline)
        let client = controlPlaneClient(log)
        pipeline.jobLog = jobLogUploader(input, log, pipeline)
        log.info("----- START \(input.operation.rawValue.uppercased()) -----")
        createOutput(log)
        makeSpareMarker(log)
        announce(log, input)
        let deliverer = OutputDeliverer(
            client: client,
            sinks: sinks(log),
            workloadID: input.workloadID,
            connectorOutput: connectorOutput.bytes(in:),
            log: log
        )
        let runner = WorkloadRunner(
            machine: WorkloadMachine(
                settings: configuration.machineSettings(for: input),
                input: input,
                now: dependencies.scheduler.now,
                seed: random.next()
            ),
            input: input,
            scheduler: dependencies.scheduler,
            workspace: dependencies.workspace,
            output: connectorOutput,
            client: client,
            deliverer: deliverer,
            pipeline: pipeline,
            secrets: secrets,
            log: log,
            rescanInterval: configuration.rescanInterval,
            digestSeed: random.next(),
            telemetry: telemetry
        ) { [weak self] status in
            self?.logLongestTick(log)
            log.info("----- END \(input.operation.rawValue.uppercased()) -----")
            self?.end(status, pipeline, input, sink: deliverer.usedSink)
        }
        self.runner = runner
        runner.start()
    }

    /// Before the main container does, see `Workspace.createOutput`.
    private func createOutput(_ log: Logger) {
        switch dependencies.workspace.createOutput() {
        case .created(let file):
            connectorOutput.file = file
        case .exists:
            log.debug("\(FileName.output) exists already and is used as it is")
        case .leftToMain(let reason):
            log.warning("\(FileName.output) is not created by the sidecar: \(reason)")
        }
    }

    /// Before the watch begins, so that it reports nothing of it.
    private func makeSpareMarker(_ log: Logger) {
        do {
            try dependencies.workspace.makeSpareMarker()
        } catch {
            log.warning(
                "No spare of \(FileName.terminated) can be made in \(dependencies.workspace.path): \(error)"
            )
        }
    }

    private func announce(_ log: Logger, _ input: SidecarInput) {
        let image = input.launcher.dockerImage.map { " of \($0)" } ?? ""
        let limit = configuration.startTimeout.map { "up to \($0.spokenDescription)" } ?? "without a limit"
        log.info(
            """
            \(input.operation.rawValue.uppercased())\(image), workload \(input.workloadID): waiting \
            \(limit) for the connector to start, on \(dependencies.host.backend)
            """
        )
        logWarnings(log)
        for note in dependencies.host.notes { log.info("\(note)") }
    }

    /// Logs the problems of the settings, now that there is a log.
    private func logWarnings(_ log: Logger) {
        for warning in configuration.warnings { log.warning("\(warning)") }
    }

    /// A loop that works for longer than this without a pause is worth a warning: heartbeats and signals wait meanwhile.
    private static let maxTick: Duration = .seconds(1)

    private func logLongestTick(_ log: Logger) {
        let longest = dependencies.loopUsage().longestTick
        let text = "The event loop was busy for at most \(longest.spokenDescription) at a time"
        if longest < Self.maxTick {
            log.debug("\(text)")
        } else {
            log.warning("\(text), and nothing was answered meanwhile. Is the processor limit too low?")
        }
    }

    /// The workload has ended; what is left is the rest of its log, for which the main container does not have to wait.
    /// Calls that are under way, or wait for a retry, end with it.
    private func end(
        _ status: Int32,
        _ pipeline: LogPipeline,
        _ input: SidecarInput,
        sink: DeliverySink?
    ) {
        outcome = status
        writeMarker()
        client?.close()
        transport.close()
        pipeline.forwardWaiting()
        let summary = summary(status, pipeline, input, sink)
        // What is stored and what is sent does not wait for each other.
        var waiting = 1
        let oneIsDone = { [weak self] in
            waiting -= 1
            if waiting == 0 { self?.finish(status, pipeline, summary) }
        }
        if let telemetry {
            waiting += 1
            finish(telemetry, summary, oneIsDone)
        }
        if let jobLog = pipeline.jobLog {
            waiting += 1
            jobLog.close(
                within: stopSignal == nil ? Self.lastUpload : Self.lastUploadWhenStopped,
                then: oneIsDone
            )
        }
        oneIsDone()
    }

    /// A signal that comes while the last of the log is stored decides the exit code too.
    private func finish(_ status: Int32, _ pipeline: LogPipeline, _ summary: WorkloadSummary?) {
        if let summary { pipeline.write(summary) }
        self.status = stopSignal.map(ExitStatus.signal) ?? status
    }
}

// MARK: - Telemetry

extension WorkloadJob {
    private func beginTelemetry(_ input: SidecarInput, _ pipeline: LogPipeline) {
        guard let makeTelemetry = dependencies.telemetry else { return }
        let telemetry = makeTelemetry(
            Dependencies.TelemetrySubject(attributes: input.telemetryAttributes) { [weak pipeline] trouble in
                pipeline?.write(.warning, from: .platform, trouble)
            }
        )
        self.telemetry = telemetry
        tally.telemetry = telemetry
        if telemetry.takesLogs { pipeline.telemetry = telemetry }
    }

    /// What the workload was and how it went; nil where that is not known.
    private func summary(
        _ status: Int32,
        _ pipeline: LogPipeline,
        _ input: SidecarInput,
        _ sink: DeliverySink?
    ) -> WorkloadSummary? {
        guard let runner, let result = runner.result else { return nil }
        return WorkloadSummary(
            operation: input.operation,
            image: input.image,
            outcome: result.outcome,
            failureType: result.failureType,
            exitStatus: stopSignal.map(ExitStatus.signal) ?? status,
            connectorExitCode: runner.connectorExitCode,
            timeline: runner.timeline,
            outputBytes: runner.outputBytes,
            outputLines: runner.outputLines,
            retries: tally.retries.entries.map { ($0.key, $0.value) },
            heartbeatMisses: runner.heartbeatMisses,
            sink: sink?.kind ?? "none",
            backend: dependencies.host.backend,
            wakeups: dependencies.loopUsage().wakeups,
            peakMemory: dependencies.peakMemory(),
            logLines: pipeline.counts.list
        )
    }

    /// Sends what is known of the whole job, and all that is left.
    private func finish(
        _ telemetry: Telemetry,
        _ summary: WorkloadSummary?,
        _ completion: @escaping () -> Void
    ) {
        if let summary, let runner {
            for measurement in runner.transcript.measurements { telemetry.record(measurement) }
            for measurement in summary.measurements(roundTrips: telemetry.heartbeatRoundTrips) {
                telemetry.record(measurement)
            }
            summary.recordSpans(telemetry)
        }
        telemetry.finish(completion)
    }
}

// MARK: - Making the parts

extension WorkloadJob {
    private func makePipeline(
        context: [(name: String, value: String)],
        secrets: JobSecrets,
        _ workloadID: String
    ) -> LogPipeline {
        let formatter: any LogFormatter =
            switch configuration.process.logFormat {
            case .text: TextLogFormatter(workloadID: dependencies.host.hasSeveralWorkloads ? workloadID : nil)
            case .json: JSONLogFormatter(context: context)
            }
        let pipeline = LogPipeline(
            level: configuration.process.logLevel,
            formatter: formatter,
            secrets: secrets,
            console: dependencies.console,
            wallClock: dependencies.wallClock
        )
        self.pipeline = pipeline
        return pipeline
    }

    private func controlPlaneClient(_ log: Logger) -> ControlPlaneClient {
        let client = ControlPlaneClient(
            settings: configuration.controlPlaneSettings,
            tokens: dependencies.tokens,
            transport: transport,
            scheduler: dependencies.scheduler,
            log: log,
            seed: random.next()
        )
        self.client = client
        return client
    }

    private func sinks(_ log: Logger) -> [DeliverySink] {
        configuration.outputSinks.compactMap { sink in
            switch sink {
            case .api:
                return .serverAPI
            case .storage:
                return objectStore(for: .output, transport, log).map {
                    .storage(ObjectOutputStorage(store: $0, connectorOutput: connectorOutput.bytes(in:)))
                }
            }
        }
    }

    /// Nil where the platform has not said where job logs go.
    private func jobLogUploader(
        _ input: SidecarInput,
        _ log: Logger,
        _ pipeline: LogPipeline
    ) -> JobLogUploader? {
        guard configuration.storesJobLogs,
            let key = JobLogKey(
                logPath: input.logPath,
                host: dependencies.host.name,
                seed: random.next()
            ),
            let store = objectStore(for: .log, jobLogTransport, log)
        else { return nil }
        return JobLogUploader(
            store: store,
            key: key,
            interval: configuration.logUploadInterval,
            scheduler: dependencies.scheduler,
            wallClock: dependencies.wallClock
        ) { [weak pipeline] trouble in pipeline?.write(.warning, from: .platform, trouble) }
    }

    /// The job's log is stored after the end too, when nothing else is sent any more.
    private var jobLogTransport: any HTTPTransport {
        guard let telemetry else { return dependencies.transport }
        return ObservedTransport(dependencies.transport, observer: telemetry)
    }

    private func objectStore(
        for kind: Configuration.DocumentKind,
        _ transport: any HTTPTransport,
        _ log: Logger
    ) -> (any ObjectStore)? {
        configuration.objectStore(
            for: kind,
            local: { [dependencies, configuration, connectorOutput] root in
                dependencies.localStorage(
                    Dependencies.LocalStorage(
                        root: root,
                        stallLimit: configuration.storageRequests.readTimeout,
                        contentDescriptors: { connectorOutput.file.map { [$0.descriptor] } ?? [] }
                    )
                )
            },
            dependencies: StorageDependencies(
                transport: transport,
                scheduler: dependencies.scheduler,
                wallClock: dependencies.wallClock,
                credentialFiles: dependencies.credentialFiles,
                onCredential: dependencies.credentials.learn,
                requests: configuration.storageRequests,
                log: log,
                seed: random.next()
            )
        )
    }
}
