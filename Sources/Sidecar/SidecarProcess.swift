import Confinement
import CurlTransport
import Glibc
import HTTP
import Reactor
import Scheduling
import Storage
import Telemetry
import Workload

/// What a process has once: the loop, its signals, the HTTP transport, the console, the inotify instance. Runs
/// workloads on them to their ends.
final class SidecarProcess {
    /// The longest wait at the end for whoever reads the console.
    private static let consoleDrainLimit: Duration = .seconds(2)

    private let reactor: Reactor
    private let transport: any HTTPTransport
    private let console: Console
    private let inotify: Inotify
    private let notifier: DirectoryNotifier
    private let ownsProcess: Bool
    /// Confines the process; nil once that is done.
    private var confinement: (() -> Void)?
    private var waits = 0
    /// The announcement has been sent when the loop waits again: while the platform answers, there is time for more.
    private static let waitsBeforeConfinement = 2
    private var signals: SignalSource?
    private var jobs: [WorkloadJob] = []
    /// Lines for each job's log on what the machine does not offer.
    private var notes: [String] = []

    /// Opens everything. Throws if the settings or the machine do not allow it.
    ///
    /// - Parameters:
    ///   - console: a descriptor, lent, to which log lines go.
    ///   - ownsProcess: false leaves the process's signals and rights alone.
    ///   - makeTransport: makes another transport than libcurl's.
    init(
        _ settings: Configuration.ProcessSettings,
        console descriptor: Int32,
        ownsProcess: Bool = true,
        makeTransport: ((Reactor) -> any HTTPTransport)? = nil
    ) throws(StartError) {
        let reactor = try Self.reactor(settings)
        self.reactor = reactor
        notes = reactor.fallbackReason.map { ["io_uring is not available (\($0)): using epoll"] } ?? []
        console = Console(descriptor: descriptor, reactor: reactor)
        inotify = Inotify(reactor: reactor)
        notifier = DirectoryNotifier(reactor: reactor)
        if let makeTransport {
            transport = makeTransport(reactor)
        } else {
            transport = try Self.curlTransport(settings, reactor)
        }
        self.ownsProcess = ownsProcess
        if ownsProcess { try watchSignals() }
        reactor.beforeWait = { [weak self] in self?.flushLogs() }
    }

    /// Runs a workload in each of the directories to its end.
    ///
    /// - Returns: the exit code of each. Throws if one of them cannot start.
    func run(_ configuration: Configuration, in directories: [OpenDirectory]) throws(StartError) -> [Int32] {
        defer {
            warnOfRefusedCalls()
            for job in jobs {
                job.writeMarker()
                job.forwardLog()
            }
            console.drain(limit: Self.consoleDrainLimit)
        }
        let credentials = KnownCredentials(configuration.credentials)
        let telemetry = telemetryFactory(configuration.telemetry)
        let observer = LateObserver()
        let tokens = configuration.accessTokenSource(
            credentials: credentials,
            transport: telemetry == nil ? transport : ObservedTransport(transport, observer: observer),
            scheduler: reactor,
            wallClock: .system
        )
        jobs = directories.map { directory in
            var dependencies = dependencies(
                for: directory,
                credentials: credentials,
                hasSeveralWorkloads: directories.count > 1
            )
            dependencies.tokens = tokens
            dependencies.telemetry = telemetry.map { factory in
                { subject in
                    let telemetry = factory.make(subject)
                    if directories.count == 1 { observer.observer = telemetry }
                    return telemetry
                }
            }
            return WorkloadJob(configuration, dependencies)
        }
        confinement = ownsProcess ? { [unowned self] in confine(configuration, directories) } : nil
        for job in jobs { try job.start() }
        do {
            while jobs.contains(where: { $0.status == nil }) { try reactor.tick() }
        } catch {
            for job in jobs { job.abandon(because: "The event loop failed: \(error)") }
        }
        return jobs.map { $0.status ?? ExitStatus.failure }
    }

    /// Nil where nothing is to be sent.
    private func telemetryFactory(_ settings: TelemetrySettings) -> TelemetryFactory? {
        guard settings.isOn else { return nil }
        return TelemetryFactory(
            settings: settings,
            reactor: reactor,
            transport: transport,
            resolver: transport as? CurlTransport
        )
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
        for job in jobs { job.signalled(signal) }
    }

    /// Log lines are written before the loop waits, in as few writes as possible.
    private func flushLogs() {
        waits += 1
        if waits == Self.waitsBeforeConfinement { confineNow() }
        warnOfRefusedCalls()
        for job in jobs { job.forwardLog() }
        console.flush()
    }

    /// At the second wait, or before anything of the connector's is read.
    private func confineNow() {
        let confinement = confinement
        self.confinement = nil
        confinement?()
    }

    /// From here on, only such files, sockets and calls are opened and made as `ConfinedFiles` and `SystemCalls` list.
    private func confine(_ configuration: Configuration, _ directories: [OpenDirectory]) {
        let notes = ProcessConfinement.begin(
            configuration,
            workspaces: directories.map(\.path),
            backend: reactor.backend
        )
        for job in jobs {
            for note in notes { job.log(.info, note) }
        }
    }

    /// The job goes on: what the program tried was a convenience, or it is an attacker's.
    private func warnOfRefusedCalls() {
        for call in RefusedCalls.takeNews() {
            let line = """
                The system call \(call) was refused: the sidecar's own filter does not list it. The job goes on. Please \
                report this line; SIDECAR_CONFINEMENT=false switches the filter off.
                """
            for job in jobs { job.log(.warning, line) }
        }
    }

    private func dependencies(
        for directory: OpenDirectory,
        credentials: KnownCredentials,
        hasSeveralWorkloads: Bool
    ) -> Dependencies {
        var random = SystemRandomNumberGenerator()
        return Dependencies(
            scheduler: reactor,
            wallClock: .system,
            seed: random.next(),
            workspace: WorkspaceDirectory(
                directory,
                reactor: reactor,
                inotify: inotify,
                notifier: notifier,
                beforeReading: { [weak self] in self?.confineNow() }
            ),
            transport: transport,
            credentials: credentials,
            console: console,
            credentialFiles: .system,
            localStorage: { [reactor] in LocalObjectStore($0, reactor: reactor) },
            host: Dependencies.Host(
                name: Self.hostName(),
                backend: reactor.backend.rawValue,
                notes: notes,
                hasSeveralWorkloads: hasSeveralWorkloads
            ),
            loopUsage: { [reactor] in
                Dependencies.LoopUsage(longestTick: reactor.longestTick, wakeups: reactor.wakeups)
            },
            peakMemory: PeakMemory.bytes
        )
    }

    /// The pod's name.
    private static func hostName() -> String {
        var name = utsname()
        guard unsafe uname(&name) == 0 else { return "unknown" }
        return unsafe withUnsafeBytes(of: &name.nodename) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}

// MARK: - Opening the parts

extension SidecarProcess {
    private static func reactor(_ settings: Configuration.ProcessSettings) throws(StartError) -> Reactor {
        let trace = try traceSink(settings.trace)
        do {
            return try Reactor(backend: settings.ioBackend, trace: trace)
        } catch {
            guard !error.isShortage else {
                throw StartError(failure: "the event loop cannot be set up: \(error)")
            }
            throw StartError(
                problem: "SIDECAR_IO_BACKEND",
                settings.ioBackend.rawValue,
                "\(error); use auto, which falls back to epoll where io_uring is not available"
            )
        }
    }

    private static func traceSink(_ target: Configuration.TraceTarget?) throws(StartError) -> (any TraceSink)?
    {
        switch target {
        case nil:
            return nil
        case .standardError:
            return FileTraceSink(descriptor: OwnedDescriptor(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)))
        case .file(let path):
            do {
                return try FileTraceSink(path: path)
            } catch {
                throw StartError(problem: "SIDECAR_TRACE", path, "the file cannot be written: \(error.name)")
            }
        }
    }

    private static func curlTransport(
        _ settings: Configuration.ProcessSettings,
        _ reactor: Reactor
    ) throws(StartError) -> CurlTransport {
        do {
            return try CurlTransport(reactor: reactor, options: settings.transportOptions)
        } catch {
            // The options come from the settings: a proxy's address that makes no sense.
            throw StartError(lines: [error.message], status: ExitStatus.configuration)
        }
    }
}
