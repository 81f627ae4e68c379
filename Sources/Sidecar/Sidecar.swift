import CurlTransport
import Glibc
import Logging
import Reactor
import Scheduling
import Storage
import Workload

/// The program: reads the settings, wires the rooms together, runs one workload to its end.
///
/// The composition root: the one place that knows all parts. Nothing below it ends the process.
package final class Sidecar {
    /// Runs one workload as the environment describes it.
    ///
    /// - Returns: the exit status of the process, see `ExitStatus`.
    package static func run(environment: [String: String]) -> Int32 {
        ProcessState.prepare()
        do throws(StartError) {
            return try start(environment: environment)
        } catch {
            for line in error.lines { printError(line) }
            return error.status
        }
    }

    /// The first lines of the program: settings, then the workspace, whose marker is written at every end.
    private static func start(environment: [String: String]) throws(StartError) -> Int32 {
        let settings = Result { () throws(StartError) in try SettingsFile.completed(environment) }
        // A settings file that cannot be used does not say where the workspace is.
        let workspacePath = Configuration.workspacePath(in: (try? settings.get()) ?? environment)
        let workspace = Result { () throws(SystemError) in try Workspace(path: workspacePath) }
        defer {
            if case .success(let workspace) = workspace { writeMarker(workspace) }
        }
        let variables = try settings.get()
        let configuration: Configuration
        do {
            configuration = try Configuration(environment: variables, paths: .machine)
        } catch {
            throw StartError(problems: error.problems)
        }
        switch workspace {
        case .success(let workspace):
            return try Sidecar(configuration, workspace).run()
        case .failure(let error):
            throw StartError(
                problem: "AIRBYTE_CONFIG_DIR",
                workspacePath,
                "the directory cannot be opened: \(error.name)"
            )
        }
    }

    private static func writeMarker(_ workspace: Workspace) {
        do {
            try workspace.writeTerminatedMarker()
        } catch {
            printError("\(workspace.path)/\(Workspace.FileName.terminated) cannot be written: \(error)")
        }
    }

    private static func printError(_ line: String) {
        // Nobody is left to tell that standard error cannot be written.
        let text = Array("airbyte-connector-sidecar: \(line)\n".utf8)
        _ = unsafe text.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// More rounds in a row without a wait are no burst any more.
    private static let maxUnflushedTicks = 16

    /// The time for the rest of the job's log, once everything else is done.
    private static let lastUpload: Duration = .seconds(15)

    /// The same after a signal to stop: with the machine's own budget it stays within a pod's grace period.
    private static let lastUploadWhenStopped: Duration = .seconds(5)

    // MARK: The parts

    private let configuration: Configuration
    private let workspace: Workspace
    private let reactor: Reactor
    private let console: Console
    private let connectorOutput = ConnectorOutput()
    private var pipeline: LogPipeline?
    private var signals: SignalSource?
    private var runner: WorkloadRunner?
    /// Set once the workload has ended.
    private var status: Int32?

    private init(_ configuration: Configuration, _ workspace: Workspace) throws(StartError) {
        self.configuration = configuration
        self.workspace = workspace
        reactor = try Self.reactor(configuration)
        console = Console(descriptor: STDOUT_FILENO, reactor: reactor)
    }

    private func run() throws(StartError) -> Int32 {
        defer {
            pipeline?.settle()
            console.drain(limit: .seconds(2))
        }
        try watchSignals()
        switch readInput() {
        case .success(let input): try runWorkload(input)
        case .failure(let error): try reject(error)
        }
        return status ?? ExitStatus.failure
    }

    private func watchSignals() throws(StartError) {
        do {
            signals = try SignalSource(reactor: reactor, signals: ProcessState.stopSignals) {
                [weak self] signal, _ in
                self?.signalled(signal)
            }
        } catch {
            throw StartError(failure: "signals cannot be watched: \(error)")
        }
    }

    private func signalled(_ signal: Int32) {
        guard let runner else {
            status = ExitStatus.signal(signal)
            return
        }
        runner.post(.signalled(signal))
    }
}

// MARK: - The workload

extension Sidecar {
    private func runWorkload(_ input: SidecarInput) throws(StartError) {
        try configuration.check(against: input)
        let pipeline = logPipeline(
            context: input.logContext,
            mask: SecretMask(configurations: [input.connectorConfiguration])
        )
        let log = pipeline.logger(label: "sidecar")
        let transport = try makeTransport()
        let client = controlPlaneClient(transport, log)
        pipeline.jobLog = jobLogUploader(input, transport, log, pipeline)
        log.info("----- START \(input.operation.rawValue.uppercased()) -----")
        createOutput(log)
        announce(log, input)
        let runner = WorkloadRunner(
            machine: WorkloadMachine(
                settings: configuration.machineSettings(for: input),
                input: input,
                now: reactor.now,
                seed: Self.seed()
            ),
            input: input,
            reactor: reactor,
            workspace: workspace,
            output: connectorOutput,
            client: client,
            deliverer: OutputDeliverer(
                client: client,
                sinks: outputSinks(client, transport, log),
                workloadID: input.workloadID,
                log: log
            ),
            pipeline: pipeline,
            log: log,
            rescanInterval: configuration.rescanInterval
        ) { [weak self] status in
            log.info("----- END \(input.operation.rawValue.uppercased()) -----")
            self?.end(status, pipeline)
        }
        self.runner = runner
        runner.start()
        try runLoop()
    }

    /// Before the main container does, see `Workspace.createOutput`.
    private func createOutput(_ log: Logger) {
        switch workspace.createOutput() {
        case .created(let file):
            connectorOutput.file = file
        case .exists:
            log.debug("\(Workspace.FileName.output) is there already: it is used as it is")
        case .leftToMain(let reason):
            log.warning("\(Workspace.FileName.output) is not created by the sidecar: \(reason)")
        }
    }

    /// The workload has ended; what is left is the rest of its log, for which the main container does not have to wait.
    private func end(_ status: Int32, _ pipeline: LogPipeline) {
        Self.writeMarker(workspace)
        pipeline.settle()
        guard let jobLog = pipeline.jobLog else {
            self.status = status
            return
        }
        let isStopped = ProcessState.stopSignals.contains { ExitStatus.signal($0) == status }
        jobLog.close(within: isStopped ? Self.lastUploadWhenStopped : Self.lastUpload) { [weak self] in
            self?.status = status
        }
    }

    /// The input cannot be used. Where at least the workload is known, the platform is told so.
    private func reject(_ error: SidecarInputError) throws(StartError) {
        let text = "\(workspace.path)/\(Workspace.FileName.input) \(error.problem)"
        guard let workloadID = error.workloadID else {
            throw StartError(lines: [text], status: ExitStatus.configuration)
        }
        let log = logPipeline(context: [("workloadId", workloadID)], mask: SecretMask()).logger(
            label: "sidecar"
        )
        log.error("\(text)")
        warn(log)
        let client = controlPlaneClient(try makeTransport(), log)
        let report = Report.failure(
            source: .airbytePlatform,
            reason: "The sidecar's input file \(error.problem)"
        )
        client.perform(.report(report, workloadID: workloadID)) { [weak self] outcome in
            if let problem = outcome.problem { log.error("The failure could not be reported: \(problem)") }
            self?.status = ExitStatus.failure
        }
        reactor.schedule(after: configuration.heartbeat.contactTimeout) { [weak self] in
            log.error("The failure could not be reported in time")
            self?.status = ExitStatus.failure
        }
        try runLoop()
    }

    private func runLoop() throws(StartError) {
        do {
            var ticksUnflushed = 0
            while status == nil {
                try reactor.tick()
                // What events had to say goes out before the loop waits, in as few writes as possible: what is to be done
                // at once is done first.
                ticksUnflushed = reactor.hasWorkAtOnce ? ticksUnflushed + 1 : 0
                if ticksUnflushed % Self.maxUnflushedTicks == 0 { pipeline?.flush() }
            }
        } catch {
            throw StartError(failure: "the loop cannot go on: \(error)")
        }
    }

    private func readInput() -> Result<SidecarInput, SidecarInputError> {
        Result { () throws(SidecarInputError) in
            let content: [UInt8]?
            do throws(WorkspaceError) {
                content = try workspace.contents(
                    of: Workspace.FileName.input,
                    limit: SidecarInput.maxFileLength
                )
            } catch {
                throw SidecarInputError(workloadID: nil, problem: error.problem)
            }
            guard let content else {
                throw SidecarInputError(
                    workloadID: nil,
                    problem: "is missing: the init container writes it before the sidecar starts"
                )
            }
            return try SidecarInput(parsing: content)
        }
    }
}

// MARK: - Making the parts

extension Sidecar {
    private static func reactor(_ configuration: Configuration) throws(StartError) -> Reactor {
        let trace = try traceSink(configuration.trace)
        do {
            return try Reactor(backend: configuration.ioBackend, trace: trace)
        } catch {
            throw StartError(
                problem: "SIDECAR_IO_BACKEND",
                configuration.ioBackend.rawValue,
                "\(error); use auto, which takes epoll where io_uring is not to be had"
            )
        }
    }

    private static func traceSink(_ target: Configuration.TraceTarget?) throws(StartError) -> (any TraceSink)?
    {
        switch target {
        case nil:
            return nil
        case .standardError:
            return FileTraceSink(descriptor: OwnedDescriptor(dup(STDERR_FILENO)))
        case .file(let path):
            do {
                return try FileTraceSink(path: path)
            } catch {
                throw StartError(problem: "SIDECAR_TRACE", path, "the file cannot be written: \(error.name)")
            }
        }
    }

    private func logPipeline(context: [(name: String, value: String)], mask: SecretMask) -> LogPipeline {
        let formatter: any LogFormatter =
            switch configuration.logFormat {
            case .text: TextLogFormatter()
            case .json: JSONLogFormatter(context: context)
            }
        let pipeline = LogPipeline(
            level: configuration.logLevel,
            formatter: formatter,
            mask: mask,
            console: console,
            wallClock: .system
        )
        self.pipeline = pipeline
        return pipeline
    }

    private func makeTransport() throws(StartError) -> CurlTransport {
        do {
            return try CurlTransport(reactor: reactor, options: configuration.transportOptions)
        } catch {
            // The options come from the settings: a proxy's address that makes no sense.
            throw StartError(lines: [error.message], status: ExitStatus.configuration)
        }
    }

    private func outputSinks(
        _ client: ControlPlaneClient,
        _ transport: CurlTransport,
        _ log: Logger
    ) -> [any OutputSink] {
        configuration.outputSinks.compactMap { sink -> (any OutputSink)? in
            switch sink {
            case .api:
                return APIOutputSink(client: client)
            case .storage:
                let store = configuration.objectStore(
                    for: .output,
                    dependencies: storageDependencies(transport, log)
                )
                return store.map {
                    StorageOutputSink(store: $0, connectorOutput: connectorOutput.bytes(in:))
                }
            }
        }
    }

    private func storageDependencies(_ transport: CurlTransport, _ log: Logger) -> StorageDependencies {
        StorageDependencies(
            transport: transport,
            scheduler: reactor,
            wallClock: .system,
            credentialFiles: .system,
            requests: configuration.storageRequests,
            log: log,
            seed: Self.seed()
        )
    }

    /// Nil where the platform has not said where job logs go.
    private func jobLogUploader(
        _ input: SidecarInput,
        _ transport: CurlTransport,
        _ log: Logger,
        _ pipeline: LogPipeline
    ) -> JobLogUploader? {
        guard configuration.storesJobLogs,
            let key = JobLogKey(logPath: input.logPath, host: Self.hostName(), seed: Self.seed()),
            let store = configuration.objectStore(
                for: .log,
                dependencies: storageDependencies(transport, log)
            )
        else { return nil }
        return JobLogUploader(
            store: store,
            key: key,
            interval: configuration.logUploadInterval,
            scheduler: reactor,
            wallClock: .system
        ) { [weak pipeline] trouble in pipeline?.write(.warning, from: .platform, trouble) }
    }

    private func controlPlaneClient(_ transport: CurlTransport, _ log: Logger) -> ControlPlaneClient {
        ControlPlaneClient(
            settings: configuration.controlPlaneSettings,
            transport: transport,
            scheduler: reactor,
            wallClock: .system,
            log: log,
            seed: Self.seed(),
            connectorOutput: connectorOutput.bytes(in:)
        )
    }

    private func announce(_ log: Logger, _ input: SidecarInput) {
        let image = input.launcher.dockerImage.map { " of \($0)" } ?? ""
        let limit = configuration.startTimeout.map { "up to \($0.spokenDescription)" } ?? "without a limit"
        log.info(
            """
            \(input.operation.rawValue.uppercased())\(image), workload \(input.workloadID): waiting \
            \(limit) for the connector to start, on \(reactor.backend.rawValue)
            """
        )
        warn(log)
        if let reason = reactor.fallbackReason {
            log.info("io_uring is not to be had here (\(reason)): epoll does the same work")
        }
    }

    /// Tells what is wrong with the settings, now that there is a log.
    private func warn(_ log: Logger) {
        for warning in configuration.warnings { log.warning("\(warning)") }
    }

    /// The pod's name.
    private static func hostName() -> String {
        var name = utsname()
        guard unsafe uname(&name) == 0 else { return "unknown" }
        return unsafe withUnsafeBytes(of: &name.nodename) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    private static func seed() -> UInt64 {
        var random = SystemRandomNumberGenerator()
        return random.next()
    }
}
