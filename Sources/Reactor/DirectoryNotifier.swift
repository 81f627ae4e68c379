import CLinux
import Glibc

/// Changes in directories through fcntl(2)'s `F_NOTIFY`, as events of the loop: what remains where a user's inotify
/// instances are used up, since it has no limit.
///
/// It tells that something was created, deleted, renamed or written, but not what, and nothing of opens and closes. All
/// changes since the last time are one report: the kernel sends `SIGIO`, of which one stays pending.
public final class DirectoryNotifier {
    private let reactor: Reactor
    private var signals: SignalSource?
    private var watches: [Watch] = []

    private struct Watch {
        let id: ObjectIdentifier
        weak var notification: DirectoryNotification?
    }

    /// Opens nothing yet.
    public init(reactor: Reactor) {
        self.reactor = reactor
    }

    fileprivate func add(_ notification: DirectoryNotification) throws(SystemError) {
        if signals == nil {
            signals = try SignalSource(reactor: reactor, signals: [SIGIO]) { [weak self] _, _ in
                self?.report()
            }
        }
        guard clinux_notify_of_changes(notification.directory) == 0 else {
            let error = SystemError.last("fcntl(F_NOTIFY)")
            closeIfUnused()
            throw error
        }
        watches.append(Watch(id: ObjectIdentifier(notification), notification: notification))
    }

    fileprivate func remove(_ notification: DirectoryNotification) {
        let id = ObjectIdentifier(notification)
        guard let index = watches.firstIndex(where: { $0.id == id }) else { return }
        watches.remove(at: index)
        clinux_ignore_changes(notification.directory)
        closeIfUnused()
    }

    private func closeIfUnused() {
        guard watches.isEmpty else { return }
        signals?.cancel()
        signals = nil
    }

    /// The signal does not say which directory it is about.
    private func report() {
        for watch in watches { watch.notification?.handler() }
    }
}

/// One directory that is watched.
public final class DirectoryNotification {
    private let notifier: DirectoryNotifier
    fileprivate let directory: Int32
    fileprivate let handler: () -> Void

    /// Calls the handler, from the loop, after changes in the directory, and now and then without one.
    ///
    /// Throws `EINVAL` where the kernel has no `F_NOTIFY` or `fs.dir-notify-enable` is 0, and what signalfd(2) throws.
    ///
    /// - Parameter directory: a descriptor that is open for reading for as long as the notification lives. If this process
    ///   closes a copy of it (dup(2)), the reports end; a forked child may (`findings/dnotify-ends-when-a-copy-is-closed.sh`).
    public init(
        _ notifier: DirectoryNotifier,
        directory: Int32,
        handler: @escaping () -> Void
    ) throws(SystemError) {
        self.notifier = notifier
        self.directory = directory
        self.handler = handler
        try notifier.add(self)
    }

    /// The handler is not called any more.
    public func cancel() {
        notifier.remove(self)
    }

    deinit {
        cancel()
    }
}
