import Logging
import Scheduling

/// Reports what happens to the files of the workspace: through inotify, through `F_NOTIFY` where there is no inotify, or
/// through periodic scans where neither can be relied on.
final class WorkspaceWatcher {
    /// Inotify reports a change that a look has found within the next tick.
    private static let patienceWithInotify: Duration = .milliseconds(100)

    private let workspace: any Workspace
    private let scheduler: any Scheduler
    private let usesWatch: Bool
    private let rescanInterval: Duration
    private let quietPeriod: Duration
    private let log: Logger
    private let handler: (WorkspaceChange) -> Void
    private var watch: (any WorkspaceWatch)?
    private var isRescanning = false
    /// When a coarse watch has reported last, and whether a look is due once it has been quiet for a while.
    private var lastReport: Instant?
    private var quietLook: TimerToken?
    /// How many batches of changes inotify has reported.
    private var reports = 0
    private var isCancelled = false

    /// - Parameters:
    ///   - usesWatch: false where inotify does not report the connector's writes.
    ///   - quietPeriod: after this time without a report, a coarse watch is helped by a look: it reports no closes.
    ///   - rescanInterval: how often the workspace is scanned where inotify is not used or not available.
    init(
        workspace: any Workspace,
        scheduler: any Scheduler,
        usesWatch: Bool,
        quietPeriod: Duration,
        rescanInterval: Duration,
        log: Logger,
        handler: @escaping (WorkspaceChange) -> Void
    ) {
        self.workspace = workspace
        self.scheduler = scheduler
        self.usesWatch = usesWatch
        self.rescanInterval = rescanInterval
        self.quietPeriod = quietPeriod
        self.log = log
        self.handler = handler
    }

    /// Starts the watch first and then reports `unknown`, so that nothing is missed in between.
    ///
    /// - Parameter output: tells who opens it from the start, see `watchOpens`.
    func start(output: (any WorkspaceFile)? = nil) {
        if usesWatch {
            startWatch()
            if let output { watchOpens(of: output) }
        } else {
            rescan(because: "its file system may not report the connector's writes")
        }
        handler(.unknown)
    }

    /// Ends the watch; the handler is not called any more.
    func cancel() {
        isCancelled = true
        watch?.cancel()
        watch = nil
        if let quietLook { scheduler.cancel(quietLook) }
        quietLook = nil
    }

    /// Starts to report opens of the output, until `ignoreOpens`. Readers cause events, too.
    func watchOpens(of output: any WorkspaceFile) {
        watch?.watchOpens(of: output)
    }

    /// Stops to report opens, so that readers do not wake the process.
    func ignoreOpens() {
        watch?.ignoreOpens()
    }

    /// A look has found something that no event announced. Unless the event comes within moments, inotify is silent here, as
    /// it can be in a sandboxed kernel, and the directory is scanned from then on.
    func suspectSilence() {
        guard watch != nil, !isRescanning else { return }
        let heard = reports
        scheduler.schedule(after: Self.patienceWithInotify) { [weak self] in
            guard let self, !isCancelled, reports == heard else { return }
            rescan(because: "inotify did not report a change in it")
        }
    }

    private func startWatch() {
        do {
            let watch = try workspace.watch { [weak self] changes in self?.report(changes) }
            self.watch = watch
            guard let error = watch.missing else { return }
            log.info("Watching \(workspace.path) through F_NOTIFY: inotify is not available (\(error))")
        } catch {
            rescan(because: "inotify is not available (\(error)), and neither is F_NOTIFY")
        }
    }

    /// A coarse watch says nothing of a connector that has closed its output. Looks at everything once it has been quiet.
    private func awaitQuiet() {
        lastReport = scheduler.now
        if quietLook == nil { scheduleQuietLook(at: scheduler.now + quietPeriod) }
    }

    private func scheduleQuietLook(at time: Instant) {
        quietLook = scheduler.schedule(at: time) { [weak self] in
            guard let self, let lastReport else { return }
            quietLook = nil
            let due = lastReport + quietPeriod
            due > scheduler.now ? scheduleQuietLook(at: due) : handler(.unknown)
        }
    }

    private func rescan(because reason: String) {
        guard !isRescanning else { return }
        isRescanning = true
        log.warning(
            "Scanning \(workspace.path) every \(rescanInterval.spokenDescription): \(reason)"
        )
        scheduleRescan()
    }

    private func scheduleRescan() {
        scheduler.schedule(after: rescanInterval) { [weak self] in
            guard let self, !isCancelled else { return }
            handler(.unknown)
            scheduleRescan()
        }
    }

    private func report(_ changes: [WorkspaceChange]) {
        reports += 1
        if watch?.missing != nil { awaitQuiet() }
        // Many writes between two ticks make many changes that all say the same. Only repetitions are left out: the
        // last change of a file has to be the last that is reported.
        var lastOfOutput: WorkspaceChange?
        var lastOfExitCode: WorkspaceChange?
        for change in changes where !isCancelled {
            let last: WorkspaceChange?
            switch change {
            case .exitCodeCreated, .exitCodeComplete: (last, lastOfExitCode) = (lastOfExitCode, change)
            case .unknown: last = nil
            case .unmounted:
                last = nil
                rescan(because: "its file system is gone")
            default: (last, lastOfOutput) = (lastOfOutput, change)
            }
            if last != change || change.isCounted { handler(change) }
        }
    }
}

extension WorkspaceChange {
    /// Whether repetitions matter: opens and closes are counted, see `WriterCount`.
    fileprivate var isCounted: Bool {
        switch self {
        case .outputOpened, .outputClosed, .outputReleased: true
        default: false
        }
    }
}
