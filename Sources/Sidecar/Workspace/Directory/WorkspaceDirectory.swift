import CLinux
import Glibc
import Reactor

/// A workspace that is a directory.
///
/// The connector is not trusted: it can make any entry a link, a FIFO, a directory. Files are opened beneath the
/// directory only, without following links, must be regular, and opening never blocks.
final class WorkspaceDirectory: Workspace {
    let directory: OpenDirectory
    private let reactor: Reactor
    private let inotify: Inotify
    private let notifier: DirectoryNotifier

    init(_ directory: OpenDirectory, reactor: Reactor, inotify: Inotify, notifier: DirectoryNotifier) {
        self.directory = directory
        self.reactor = reactor
        self.inotify = inotify
        self.notifier = notifier
    }

    var path: String { directory.path }

    func makeSpareMarker() throws(SystemError) {
        try directory.makeSpareMarker()
    }

    func writeTerminatedMarker() throws(SystemError) {
        try directory.writeTerminatedMarker()
    }

    func watch(_ handler: @escaping ([WorkspaceChange]) -> Void) throws(SystemError) -> any WorkspaceWatch {
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

    func makeReader() -> any WorkspaceReader {
        LoopReader(reactor: reactor)
    }

    /// Opens a regular file for reading; nil where there is no such entry.
    func open(_ name: String) throws(WorkspaceError) -> (any WorkspaceFile)? {
        let raw = unsafe clinux_open_beneath(directory.descriptor, name)
        guard raw >= 0 else {
            if errno == ENOENT { return nil }
            let error = errno
            throw WorkspaceError(
                file: name,
                problem: problem(ofOpening: name, error),
                isTransient: [EMFILE, ENFILE, ENOMEM, EAGAIN, EINTR].contains(error)
            )
        }
        return try RegularFile(OwnedDescriptor(raw), name: name)
    }

    /// Which file an entry is, links not followed; nil where there is none.
    func identity(of name: String) -> FileIdentity? {
        var information = stat()
        guard unsafe fstatat(directory.descriptor, name, &information, AT_SYMLINK_NOFOLLOW) == 0 else {
            return nil
        }
        return FileIdentity(information)
    }

    /// Whose file it is, what its mode allows, and who we are, in parentheses: all that is needed to see why access was
    /// denied. Empty where it is unknown.
    private func permissions(of name: String) -> String {
        var information = stat()
        guard unsafe fstatat(directory.descriptor, name, &information, AT_SYMLINK_NOFOLLOW) == 0 else {
            return ""
        }
        let mode = String(information.st_mode & 0o7777, radix: 8)
        return """
             (owner \(information.st_uid):\(information.st_gid), mode \
            \(String(repeating: "0", count: max(0, 4 - mode.count)))\(mode); the sidecar runs as \
            \(geteuid()):\(getegid()))
            """
    }

    /// Whether inotify reports the other container's writes: not on file systems whose writers may be behind
    /// another kernel.
    var watchIsReliable: Bool {
        var information = statfs()
        guard unsafe fstatfs(directory.descriptor, &information) == 0 else { return false }
        return !Self.remoteFileSystems.contains(UInt32(truncatingIfNeeded: information.f_type))
    }

    /// statfs(2), `f_type`: NFS, 9p, FUSE (virtiofs too), CIFS, SMB2, Ceph.
    private static let remoteFileSystems: [UInt32] = [
        0x6969, 0x0102_1997, 0x6573_5546, 0xFF53_4D42, 0xFE53_4D42, 0x00C3_6400,
    ]

    /// What the workspace's file system has run out of: "free blocks" or "free inodes"; nil where there is room.
    ///
    /// A write that fails with ENOSPC leaves no other trace than this: the connector's own message about it stands in its
    /// standard error, if anywhere.
    var exhausted: String? {
        var information = statfs()
        guard unsafe fstatfs(directory.descriptor, &information) == 0 else { return nil }
        // tmpfs(5): one without a limit counts none of them at all.
        if information.f_blocks > 0, information.f_bavail == 0 { return "free blocks" }
        if information.f_files > 0, information.f_ffree == 0 { return "free inodes" }
        return nil
    }

    private func problem(ofOpening name: String, _ errno: Int32) -> String {
        switch errno {
        // EXDEV: openat2(2) says so of what would leave the directory.
        case ELOOP, EXDEV: "is a symbolic link, which is not followed"
        case ENXIO, ENODEV: "is a socket or a device, not a regular file"
        case EACCES: "cannot be opened: permission denied\(permissions(of: name))"
        default: "cannot be opened: \(SystemError(call: "openat2", errno: errno))"
        }
    }
}
