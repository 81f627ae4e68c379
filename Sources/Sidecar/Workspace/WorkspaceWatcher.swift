import Logging
import Reactor

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
        /// A writer closed the output.
        case outputClosed
        /// `exitCode.txt` is there, but whoever made it may not have written it yet.
        case exitCodeCreated
        /// `exitCode.txt` is there and complete.
        case exitCodeComplete
    }

    private let workspace: Workspace
    private let reactor: Reactor
    private let usesInotify: Bool
    private let rescanInterval: Duration
    private let log: Logger
    private let handler: (Change) -> Void
    private var inotify: InotifySource?
    private var isRescanning = false
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
    func start() {
        if usesInotify {
            watch()
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

    private func watch() {
        do {
            let source = try InotifySource(reactor: reactor) { [weak self] events in
                self?.take(events)
            }
            _ = try source.watch(
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
        // Many writes between two ticks make many events that all say the same. Only repetitions are left out: the
        // last change of a file has to be the last that is told of it.
        var last: [String: Change] = [:]
        for event in events {
            // The file system was unmounted: the directory itself cannot go while the workspace holds it open.
            if event.mask.contains(.ignored) { rescan(because: "its file system is gone") }
            guard let change = change(event), last.updateValue(change, forKey: event.name) != change,
                !isCancelled
            else { continue }
            handler(change)
        }
    }

    private func change(_ event: InotifyEvent) -> Change? {
        if event.isOverflow { return .unknown }
        let mask = event.mask
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
