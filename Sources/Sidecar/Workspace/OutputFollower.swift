import Logging
import Reactor
import Scheduling
import Workload

/// Follows the output of a workload that a sidecar serves, until the connector's exit code is there. It only reads: the
/// sidecar does not notice.
package final class OutputFollower {
    /// How often the folder is scanned where the kernel does not report changes.
    private static let rescanInterval: Duration = .seconds(1)

    /// The time that an exit code file has to get its newline, see `WorkloadRunner`.
    private static let exitCodeSettling: Duration = .seconds(1)

    /// What a follower is told.
    package protocol Listener: AnyObject {
        /// The next bytes of the output; the span lives for the call only.
        func read(_ bytes: RawSpan)
        /// So many zero bytes follow, see `TranscriptReader.skipZeros`.
        func skipZeros(_ count: UInt64)
        /// The output was truncated or replaced: what follows is another one.
        func startOver()
        /// One line about the reading.
        func note(_ text: String)
    }

    private let reactor: Reactor
    private let workspace: WorkspaceDirectory
    private let listener: any Listener
    private let output = ConnectorOutput()
    private var tail: OutputTail?
    private var watcher: WorkspaceWatcher?
    private var exit: ConnectorExit?
    private var isSettling = false
    private var onEnd: ((ConnectorExit?) -> Void)?

    /// - Parameter listener: is told from the reactor's loop.
    package init(of directory: OpenDirectory, reactor: Reactor, listener: any Listener) {
        ProcessState.prepareForNotifications()
        self.reactor = reactor
        self.listener = listener
        workspace = WorkspaceDirectory(
            directory,
            reactor: reactor,
            inotify: Inotify(reactor: reactor),
            notifier: DirectoryNotifier(reactor: reactor)
        )
        let log = Logger(label: "follower") { _ in NoteHandler { [weak listener] in listener?.note($0) } }
        tail = OutputTail(
            workspace: workspace,
            output: output,
            scheduler: reactor,
            outlet: NoBackPressure(),
            log: log,
            onBytes: { [weak listener] in listener?.read($0) },
            onZeros: { [weak listener] in listener?.skipZeros($0) },
            onRestart: { [weak listener] in listener?.startOver() }
        )
        watcher = WorkspaceWatcher(
            workspace: workspace,
            scheduler: reactor,
            usesWatch: workspace.watchIsReliable,
            quietPeriod: Self.rescanInterval,
            rescanInterval: Self.rescanInterval,
            log: log
        ) { [weak self] in self?.changed($0) }
    }

    /// Follows until the exit code is there and the output is read to its end; then calls `onEnd`, from the loop.
    package func start(onEnd: @escaping (ConnectorExit?) -> Void) {
        self.onEnd = onEnd
        watcher?.start()
    }

    /// Ends it; nobody is told anything any more.
    package func cancel() {
        onEnd = nil
        watcher?.cancel()
        tail?.cancel()
    }

    private func end() {
        let handler = onEnd
        cancel()
        handler?(exit)
    }

    private func changed(_ change: WorkspaceChange) {
        switch change {
        case .exitCodeCreated: lookForExitCode(isComplete: false)
        case .exitCodeComplete: lookForExitCode(isComplete: true)
        case .unknown, .unmounted:
            _ = tail?.look()
            lookForExitCode(isComplete: false)
        case .outputReplaced: tail?.wakeReplaced()
        case .outputWritten, .outputClosed: tail?.wake()
        case .outputOpened, .outputReleased: break
        }
    }

    private func lookForExitCode(isComplete: Bool) {
        guard exit == nil else { return }
        switch workspace.exitCode(isComplete: isComplete) {
        case .absent: return
        case .found(let exit):
            self.exit = exit
            tail?.finish { [weak self] _ in self?.end() }
        case .notYet:
            guard !isSettling else { return }
            isSettling = true
            reactor.schedule(after: Self.exitCodeSettling) { [weak self] in
                self?.isSettling = false
                self?.lookForExitCode(isComplete: true)
            }
        }
    }
}

/// For somebody who writes what is read before reading on.
private final class NoBackPressure: BackPressure {
    var isStalled: Bool { false }
    func whenRelieved(_ handler: @escaping () -> Void) {}
}

/// Hands the log's lines from info on to a closure.
private struct NoteHandler: LogHandler {
    // The log stays on the loop's thread.
    nonisolated(unsafe) let note: (String) -> Void
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    init(_ note: @escaping (String) -> Void) {
        unsafe self.note = note
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        unsafe note("\(event.message)")
    }
}
