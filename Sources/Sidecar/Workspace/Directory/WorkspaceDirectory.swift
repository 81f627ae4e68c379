import CLinux
import Glibc
import Reactor

/// A workspace that is a directory.
///
/// The connector is not trusted: it can make any entry a link, a FIFO, a directory. Files are opened beneath the
/// directory only, without following links, must be regular, and opening never blocks.
package final class WorkspaceDirectory: Workspace {
    let directory: OpenDirectory
    private let reactor: Reactor
    private let inotify: Inotify
    private let notifier: DirectoryNotifier
    /// Called before anything is read that the connector may have written.
    private let beforeReading: () -> Void

    package init(
        _ directory: OpenDirectory,
        reactor: Reactor,
        inotify: Inotify,
        notifier: DirectoryNotifier,
        beforeReading: @escaping () -> Void = {}
    ) {
        self.directory = directory
        self.reactor = reactor
        self.inotify = inotify
        self.notifier = notifier
        self.beforeReading = beforeReading
    }

    package var path: String { directory.path }

    package func makeSpareMarker() throws(SystemError) {
        try directory.makeSpareMarker()
    }

    package func writeTerminatedMarker() throws(SystemError) {
        try directory.writeTerminatedMarker()
    }

    package func watch(_ handler: @escaping ([WorkspaceChange]) -> Void) throws(SystemError)
        -> any WorkspaceWatch
    {
        do {
            return try DirectoryWatch(directory, inotify, handler)
        } catch {
            // EMFILE, ENOSPC: the user's limits of instances or watches are used up on this node.
            guard let watch = try? CoarseDirectoryWatch(directory, notifier, missing: error, handler) else {
                throw error
            }
            return watch
        }
    }

    package func makeReader() -> any WorkspaceReader {
        // A file that the connector replaces is on the same file system: nothing is opened beyond its border.
        LoopReader(
            reactor: reactor,
            isInMemory: clinux_is_in_memory(directory.descriptor) != 0,
            beforeReading: beforeReading
        )
    }

    package func open(_ name: String) throws(WorkspaceError) -> (any WorkspaceFile)? {
        guard let file = try directory.open(name) else { return nil }
        // The init container's file is there before the connector is.
        if name != FileName.input { beforeReading() }
        return file
    }

    package var exhausted: String? { directory.exhausted }

    /// Which file an entry is, links not followed; nil where there is none.
    package func identity(of name: String) -> FileIdentity? {
        var information = stat()
        guard unsafe fstatat(directory.descriptor, name, &information, AT_SYMLINK_NOFOLLOW) == 0 else {
            return nil
        }
        return FileIdentity(information)
    }

    /// Whether inotify reports the other container's writes: not on file systems whose writers may be behind
    /// another kernel.
    package private(set) lazy var watchIsReliable: Bool = {
        guard let system = try? directory.fileSystem() else { return false }
        return !Self.remoteFileSystems.contains(system.type)
    }()

    /// statfs(2), `f_type`: NFS, 9p, FUSE (virtiofs too), CIFS, SMB2, Ceph.
    private static let remoteFileSystems: [UInt32] = [
        0x6969, 0x0102_1997, 0x6573_5546, 0xFF53_4D42, 0xFE53_4D42, 0x00C3_6400,
    ]
}
