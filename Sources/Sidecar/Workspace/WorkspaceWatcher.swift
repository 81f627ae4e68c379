import Logging
import Reactor
import Scheduling

/// Tells what happens to the files of the workspace: by inotify, or by looking again and again where inotify
/// cannot be relied on.
final class WorkspaceWatcher {
    enum Change: Hashable {
        /// Look at everything: at the start, when events were lost, and at every rescan.
        case unknown
        /// The output was written to.
        case outputWritten
        /// Another file may have taken the output's name.
        case outputReplaced
        /// Somebody opened the output, to read or to write; told only where it is watched for, see `watchOpens`.
        case outputOpened
        /// A writer closed the output.
        case outputClosed
        /// A reader closed the output; told as `outputOpened` is.
        case outputReleased
        /// `exitCode.txt` is there, but whoever made it may not have written it yet.
        case exitCodeCreated
        /// `exitCode.txt` is there and complete.
        case exitCodeComplete
    }

    /// What inotify has to tell of something that was found it tells in the next tick.
    private static let patienceWithInotify: Duration = .milliseconds(100)

    private let workspace: Workspace
    private let reactor: Reactor
    private let usesInotify: Bool
    private let rescanInterval: Duration
    private let log: Logger
    private let handler: (Change) -> Void
    private var inotify: InotifySource?
    private var directoryWatch: InotifyWatch?
    private var outputWatch: InotifyWatch?
    private var isRescanning = false
    /// How often inotify has told of anything.
    private var reports = 0
    private var isCancelled = false

    /// - Parameters:
    ///   - usesInotify: false where inotify does not tell of the connector's writes.
    ///   - rescanInterval: how often everything is looked at where inotify is not used or not to be had.
    init(
        workspace: Workspace,
        reactor: Reactor,
        usesInotify: Bool,
        rescanInterval: Duration,
        log: Logger,
        handler: @escaping (Change) -> Void
    ) {
        self.workspace = workspace
        self.reactor = reactor
        self.usesInotify = usesInotify
        self.rescanInterval = rescanInterval
        self.log = log
        self.handler = handler
    }

    /// Watches first and then has everything looked at, so that nothing is missed in between.
    ///
    /// - Parameter output: tells who opens it from the start, see `watchOpens`.
    func start(output: WorkspaceFile? = nil) {
        if usesInotify {
            watch()
            if let output { watchOpens(of: output) }
        } else {
            rescan(because: "its file system may not tell of the connector's writes")
        }
        handler(.unknown)
    }

    /// Ends the watch; the handler is not called any more.
    func cancel() {
        isCancelled = true
        inotify?.cancel()
        inotify = nil
    }

    /// Has it told who opens the output, until `ignoreOpens`. Readers cause events, too.
    func watchOpens(of output: WorkspaceFile) {
        // Without inotify, and where the file has a watch too many, rescans and heartbeats have to do.
        ignoreOpens()
        outputWatch = try? inotify?.watch(descriptor: output.descriptor, [.open, .closeNoWrite])
    }

    /// Spares the process being woken by readers.
    func ignoreOpens() {
        // EINVAL: the file is gone, and the watch with it.
        if let outputWatch { try? inotify?.remove(outputWatch) }
        outputWatch = nil
    }

    /// Something was found of which nothing has been told. Unless that comes within moments, inotify is silent here, as it
    /// can be in a sandboxed kernel, and the directory is looked at again and again.
    func suspectSilence() {
        guard inotify != nil, !isRescanning else { return }
        let heard = reports
        reactor.schedule(after: Self.patienceWithInotify) { [weak self] in
            guard let self, !isCancelled, reports == heard else { return }
            rescan(because: "inotify has not told of what was written there")
        }
    }

    private func watch() {
        do {
            let source = try InotifySource(reactor: reactor) { [weak self] events in
                self?.take(events)
            }
            directoryWatch = try source.watch(
                descriptor: workspace.descriptor,
                [.create, .movedTo, .modify, .closeWrite, .onlyDirectory]
            )
            inotify = source
        } catch {
            // ENOSPC, EMFILE: the user's limits of watches or instances are used up on this node.
            rescan(because: "inotify is not to be had (\(error))")
        }
    }

    private func rescan(because reason: String) {
        guard !isRescanning else { return }
        isRescanning = true
        log.warning(
            "\(workspace.path) is looked at every \(rescanInterval.spokenDescription), since \(reason)"
        )
        scheduleRescan()
    }

    private func scheduleRescan() {
        reactor.schedule(after: rescanInterval) { [weak self] in
            guard let self, !isCancelled else { return }
            handler(.unknown)
            scheduleRescan()
        }
    }

    private func take(_ events: [InotifyEvent]) {
        reports += 1
        // Many writes between two ticks make many events that all say the same. Only repetitions are left out: the
        // last change of a file has to be the last that is told of it.
        var last: [String: Change] = [:]
        for event in events {
            // The file system was unmounted: the directory itself cannot go while the workspace holds it open.
            if event.mask.contains(.ignored), event.watch == directoryWatch {
                rescan(because: "its file system is gone")
            }
            let name = event.watch == outputWatch ? Workspace.FileName.output : event.name
            guard let change = change(event),
                last.updateValue(change, forKey: name) != change || change.isCounted,
                !isCancelled
            else { continue }
            handler(change)
        }
    }

    private func change(_ event: InotifyEvent) -> Change? {
        if event.isOverflow { return .unknown }
        let mask = event.mask
        if event.watch == outputWatch {
            if mask.contains(.open) { return .outputOpened }
            return mask.contains(.closeNoWrite) ? .outputReleased : nil
        }
        switch event.name {
        case Workspace.FileName.output:
            if mask.contains(.closeWrite) { return .outputClosed }
            return mask.isDisjoint(with: [.create, .movedTo]) ? .outputWritten : .outputReplaced
        case Workspace.FileName.exitCode:
            return mask.isDisjoint(with: [.movedTo, .closeWrite]) ? .exitCodeCreated : .exitCodeComplete
        default:
            return nil
        }
    }
}

extension WorkspaceWatcher.Change {
    /// Whether it says something each time: opens and closes are counted, see `WriterCount`.
    fileprivate var isCounted: Bool {
        switch self {
        case .outputOpened, .outputClosed, .outputReleased: true
        default: false
        }
    }
}
