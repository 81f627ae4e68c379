import AirbyteProtocol
import ControlPlane
import Glibc
import Reactor
import Scheduling
import Sidecar
import Workload

/// Runs the sidecar and the connector against a control plane, on one loop, and tells a view what happens.
final class LocalRun {
    /// What is kept of a request's body, in bytes; a longer job output is not shown.
    private static let keptBody = 16 * 1_024 * 1_024
    /// The time that a program has to end after SIGTERM, before it is killed.
    private static let patience: Duration = .seconds(5)

    private let command: RunCommand
    private let workspace: LocalWorkspace
    private let directory: OpenDirectory
    private let view: any RunView
    private let reactor: Reactor
    private let server: ControlPlaneServer
    private let listener: OutputListener
    private let messages = RunMessages()
    private var follower: OutputFollower?
    private var signals: SignalSource?
    private var arrivals: Registration?
    private var sidecar: LocalProcess?
    private var connector: LocalProcess?
    private var guardian: Guardian?
    private var streams: [LineStream] = []

    private(set) var record: RunRecord
    private var connectorStart: Instant?
    /// When the last of the processes had ended.
    private(set) var end: Instant
    /// Why nothing is shown any more.
    private var failure: Failure?
    private var isSidecarReaped = false
    private var isConnectorReaped = false
    private var hasFollowed = false
    private var hasEnded = false
    private var isEnding = false

    /// Opens all that the run needs; nothing is started.
    init(_ command: RunCommand, _ workspace: LocalWorkspace, _ view: any RunView) throws(Failure) {
        self.command = command
        self.workspace = workspace
        self.view = view
        directory = try workspace.open()
        do throws(SystemError) {
            reactor = try Reactor()
            let catalogID = LocalJob.newID()
            server = try ControlPlaneServer(keptBody: Self.keptBody) {
                ControlPlaneRouter(catalogID: catalogID)
            }
        } catch {
            throw Self.failure(error)
        }
        let input =
            (try? directory.sidecarInput())
            ?? SidecarInput(operation: command.job.operation, connectorKind: command.job.kind)
        listener = OutputListener(input, messages)
        record = RunRecord(command.job, start: .monotonic())
        end = record.start
        messages.run = self
    }

    /// Hides every secret that is known now.
    var mask: SecretMask { listener.mask }

    /// Runs the job to its end, or until a signal ends it. Throws where something cannot be started, or nothing can be shown;
    /// then processes may be left, see `endProcesses`.
    func perform() throws(Failure) {
        do throws(SystemError) {
            try watch()
            try startProcesses()
            while !hasEnded, failure == nil { try reactor.tick() }
        } catch {
            throw Self.failure(error)
        }
        // Where nothing can be shown, the processes may still run, and write without an end.
        if let failure { throw failure }
        for stream in streams { stream.finish() }
        takeCalls()
        if let failure { throw failure }
    }

    /// Ends all processes that this one has started, and the server.
    func endProcesses() {
        guardian?.dismiss()
        killGroups()
        while true {
            for pid in ProcessEnd.children where pid != guardian?.pid { Glibc.kill(pid, SIGKILL) }
            var status: Int32 = 0
            if unsafe waitpid(-1, &status, 0) < 0, errno == ECHILD { break }
        }
        follower?.cancel()
        server.stop()
    }

    private static func failure(_ error: SystemError) -> Failure {
        Failure(Exit.noInput, "The run cannot go on: \(error)")
    }

    // MARK: The start

    private func watch() throws(SystemError) {
        let watched = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD, SIGWINCH, SIGTSTP]
        // Before the server's thread is made, which inherits the mask.
        signals = try SignalSource(reactor: reactor, signals: watched) { [weak self] signal, _ in
            self?.signalled(signal)
        }
        try server.start()
        arrivals = try reactor.poll(server.arrivals, for: .readable, mode: .multishot, label: "control plane")
        {
            [weak self] _ in self?.takeCalls()
        }
        let follower = OutputFollower(of: directory, reactor: reactor, listener: listener)
        follower.start { [weak self] in self?.followed($0) }
        self.follower = follower
        reactor.beforeWait = { [weak self] in self?.beforeWait() }
        if view.refreshInterval != nil { refresh() }
    }

    private func startProcesses() throws(SystemError) {
        let console = try Pipe()
        let errors = try Pipe()
        do throws(Failure) {
            try start(console: console.writer.raw, errors: errors.writer.raw)
        } catch {
            failure = error
        }
        streams = [
            try LineStream(console.takeReader(), reactor: reactor, label: "sidecar") { [weak self] line in
                self?.tell(.sidecarLine(self?.mask.masked(line) ?? ""))
            },
            try LineStream(errors.takeReader(), reactor: reactor, label: "connector") { [weak self] line in
                self?.tell(.connectorError(self?.mask.shown(line) ?? ""))
            },
        ]
    }

    /// First the sidecar, then the connector, as in a pod.
    private func start(console: Int32, errors: Int32) throws(Failure) {
        let environment = command.environment
        sidecar = try LocalProcess(
            command.sidecar.words,
            name: "sidecarctl",
            environment: command.sidecar.variables(
                workspace: workspace.path,
                platform: server.url,
                environment: environment
            ),
            LocalProcess.Descriptors(output: console, errors: console)
        )
        record.timeLine.add("the sidecar is started", at: .monotonic() - record.start)
        connector = try LocalProcess(
            MainContainer.command(for: command.job, in: workspace),
            environment: environment.merging(MainContainer.variables(for: command.job, in: workspace)) { $1 },
            LocalProcess.Descriptors(errors: errors)
        )
        connectorStart = .monotonic()
        record.timeLine.add("the connector is started", at: .monotonic() - record.start)
        guardian = try Guardian(
            of: [sidecar, connector].compactMap { $0?.pid },
            removing: command.keepsWorkspace ? nil : workspace.path,
            environment: environment
        )
    }

    // MARK: Events

    private func signalled(_ signal: Int32) {
        switch signal {
        case SIGCHLD: reap()
        case SIGWINCH: attempt { (view) throws(Failure) in try view.refresh(record, at: .monotonic()) }
        case SIGTSTP: suspend()
        default: interrupt(signal)
        }
    }

    /// Ctrl-Z stops this process only, and the view with it: the job goes on.
    private func suspend() {
        attempt { (view) throws(Failure) in
            try view.suspend()
            try view.flush()
        }
        raise(SIGSTOP)
    }

    private func interrupt(_ signal: Int32) {
        guard record.interruption == nil else { return kill() }
        tell(.interrupted(signal))
        if !isSidecarReaped { sidecar?.signal(SIGTERM) }
        endConnector()
        reactor.schedule(after: Self.patience) { [weak self] in self?.kill() }
    }

    /// As the main container does it once the sidecar has ended.
    private func endConnector() {
        guard !isConnectorReaped else { return }
        connector?.signal(SIGTERM)
        reactor.schedule(after: Self.patience) { [weak self] in self?.kill() }
    }

    private func kill() {
        killGroups()
        endStragglers()
    }

    /// The number of one that has been reaped is not its own any more.
    private func killGroups() {
        if !isSidecarReaped { sidecar?.signal(SIGKILL) }
        if !isConnectorReaped { connector?.signal(SIGKILL) }
    }

    private func reap() {
        var isOrphaned = false
        while let end = ProcessEnd.next(beforeReaping: { [sidecar, connector] pid in
            // With a container's first process, all others of it end.
            for process in [sidecar, connector] where process?.pid == pid { process?.signal(SIGKILL) }
        }) {
            if end.pid == sidecar?.pid {
                isSidecarReaped = true
                // What it called just before its end comes before it.
                takeCalls()
                tell(.sidecarEnded(end.code))
                isOrphaned = true
            } else if end.pid == connector?.pid {
                isConnectorReaped = true
                if record.connectorExit == nil { tell(.connectorEnded(end.code)) }
            }
        }
        if isOrphaned { endConnector() }
        endStragglers()
        endIfDone()
    }

    /// Whoever has left its process group ends too.
    private func endStragglers() {
        guard isSidecarReaped, isConnectorReaped else { return }
        for pid in ProcessEnd.children where pid != guardian?.pid { Glibc.kill(pid, SIGKILL) }
        guard !isEnding else { return }
        isEnding = true
        end = .monotonic()
        // A file that cannot be read to its end does not keep the run from ending.
        reactor.schedule(after: Self.patience) { [weak self] in self?.hasEnded = true }
    }

    /// Once both have ended, the output is read to its end, if there is an exit code; or else nobody tells where it ends.
    private func endIfDone() {
        guard isEnding else { return }
        hasEnded = hasFollowed || directory.exitCode(isComplete: true) == .absent
    }

    private func followed(_ exit: ConnectorExit?) {
        do throws(Failure) {
            try listener.finish(exit)
        } catch {
            failure = error
        }
        hasFollowed = true
        if case .code(let code) = exit, record.connectorExit == nil {
            // The times of files are some milliseconds coarse: an end never comes before the start.
            let moment = max(workspace.exitCodeMoment ?? .monotonic(), connectorStart ?? record.start)
            tell(.connectorEnded(code), at: moment)
        }
        endIfDone()
    }

    private func takeCalls() {
        for call in server.takeCalls() { tell(.call(call)) }
    }

    fileprivate func took(_ position: LinePosition, _ line: DecodedLine, _ mask: SecretMask) {
        tell(.message(position, line, mask))
    }

    fileprivate func noted(_ text: String) { tell(.note(text)) }

    private func tell(_ event: RunEvent, at moment: Instant = .monotonic()) {
        record.lineCount = listener.lineCount
        record.byteCount = listener.byteCount
        record.hasResult = listener.hasResult
        record.note(event, at: moment)
        attempt { (view) throws(Failure) in try view.show(event, record, at: moment) }
    }

    private func refresh() {
        guard let interval = view.refreshInterval else { return }
        attempt { (view) throws(Failure) in try view.refresh(record, at: .monotonic()) }
        reactor.schedule(after: interval) { [weak self] in self?.refresh() }
    }

    private func beforeWait() {
        attempt { (view) throws(Failure) in try view.flush() }
    }

    private func attempt(_ body: (any RunView) throws(Failure) -> Void) {
        guard failure == nil else { return }
        do throws(Failure) {
            try body(view)
        } catch {
            failure = error
        }
    }
}

/// Hands decoded lines to the run.
private final class RunMessages: MessageView {
    weak var run: LocalRun?

    func show(_ position: LinePosition, _ line: DecodedLine, _ mask: SecretMask) {
        run?.took(position, line, mask)
    }
    func note(_ text: String) { run?.noted(text) }
    func end(_ exit: ConnectorExit?) {}
    func flush() {}
}
