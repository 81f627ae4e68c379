import Reactor

/// Watches a workspace's directory through `F_NOTIFY`, where there is no inotify: every report says that something has
/// happened, and opens and closes of the output are not reported.
final class CoarseDirectoryWatch: WorkspaceWatch {
    let missing: SystemError?
    private var notification: DirectoryNotification?

    /// - Parameter missing: why there is no inotify.
    init(
        _ directory: OpenDirectory,
        _ notifier: DirectoryNotifier,
        missing: SystemError,
        _ handler: @escaping ([WorkspaceChange]) -> Void
    ) throws(SystemError) {
        self.missing = missing
        notification = try DirectoryNotification(notifier, directory: directory.descriptor) {
            handler([.unknown])
        }
    }

    func watchOpens(of output: any WorkspaceFile) {}
    func ignoreOpens() {}

    func cancel() {
        notification?.cancel()
        notification = nil
    }
}
