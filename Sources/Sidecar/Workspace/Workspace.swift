import CLinux
import Glibc
import Reactor
import Workload

/// The directory that the sidecar shares with the connector.
///
/// The connector is not trusted: it can make any entry a link, a FIFO, a directory. Files are opened beneath the
/// directory only, without following links, must be regular, and opening never blocks.
final class Workspace {
    /// The names in it that mean something to the sidecar.
    enum FileName {
        static let input = "sidecarInput.json"
        static let output = "jobOutput.json"
        static let exitCode = "exitCode.txt"
        static let terminated = "TERMINATED"
    }

    let path: String
    private let directory: OwnedDescriptor

    /// Opens the directory; it must exist.
    init(path: String) throws(SystemError) {
        let raw = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard raw >= 0 else { throw SystemError(call: "open", errno: errno) }
        self.path = path
        directory = OwnedDescriptor(raw)
    }

    /// Lent to inotify; stays open as long as the workspace.
    var descriptor: Int32 { directory.raw }

    /// Opens a regular file for reading; nil where there is no such entry.
    func open(_ name: String) throws(WorkspaceError) -> WorkspaceFile? {
        let raw = unsafe clinux_open_beneath(directory.raw, name)
        guard raw >= 0 else {
            if errno == ENOENT { return nil }
            let error = errno
            throw WorkspaceError(
                file: name,
                problem: problem(ofOpening: name, error),
                isTransient: [EMFILE, ENFILE, ENOMEM, EAGAIN, EINTR].contains(error)
            )
        }
        return try WorkspaceFile(OwnedDescriptor(raw), name: name)
    }

    /// Which file an entry is, links not followed; nil where there is none.
    func identity(of name: String) -> WorkspaceFile.Identity? {
        var information = stat()
        guard unsafe fstatat(directory.raw, name, &information, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        return WorkspaceFile.Identity(information)
    }

    /// The whole of a small file; nil where there is no such entry.
    func contents(of name: String, limit: Int) throws(WorkspaceError) -> [UInt8]? {
        guard let file = try open(name) else { return nil }
        return try file.contents(limit: limit)
    }

    /// What a look at `exitCode.txt` shows.
    enum ExitCode: Hashable {
        case absent
        /// Still being written, or not to be read at the moment: look again.
        case notYet
        case found(ConnectorExit)
    }

    /// Looks at `exitCode.txt`.
    ///
    /// - Parameter isComplete: false where whoever made the file may still be writing it: then it counts only from
    ///   its last newline on.
    func exitCode(isComplete: Bool) -> ExitCode {
        do {
            guard let content = try contents(of: FileName.exitCode, limit: ConnectorExit.maxFileLength) else {
                return .absent
            }
            guard isComplete || content.last == UInt8(ascii: "\n") else { return .notYet }
            return .found(ConnectorExit(parsing: content))
        } catch {
            return error.isTransient ? .notYet : .found(.unusable(error.problem))
        }
    }

    /// Puts the `TERMINATED` marker there, whatever has been put in its place: the main container looks for a
    /// regular file.
    func writeTerminatedMarker() throws(SystemError) {
        let flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let raw = unsafe openat(directory.raw, FileName.terminated, flags, 0o644)
        if raw >= 0 {
            // A FIFO that somebody reads can be opened too.
            let isRegular = Self.isRegular(raw)
            close(raw)
            if isRegular { return }
        } else if ![ELOOP, ENXIO, EISDIR, EACCES].contains(errno) {
            throw SystemError(call: "openat", errno: errno)
        }
        // A link, a FIFO, a directory, somebody else's file: make room and try once more.
        removeWhatTakesTheMarkersName()
        let second = unsafe openat(directory.raw, FileName.terminated, flags | O_EXCL, 0o644)
        guard second >= 0 else { throw SystemError(call: "openat", errno: errno) }
        close(second)
    }

    /// Whether it worked shows when the name is used.
    private func removeWhatTakesTheMarkersName() {
        guard unsafe unlinkat(directory.raw, FileName.terminated, 0) != 0, errno == EISDIR,
            unsafe unlinkat(directory.raw, FileName.terminated, AT_REMOVEDIR) != 0
        else { return }
        // Something is in the directory. It is moved aside: what is in it is the connector's affair.
        let aside = "\(FileName.terminated).\(getpid())"
        _ = unsafe renameat(directory.raw, FileName.terminated, directory.raw, aside)
    }

    /// Whose file it is, what its mode allows, and who we are, in parentheses: all that is needed to see why access was
    /// denied. Empty where that is not to be had.
    private func permissions(of name: String) -> String {
        var information = stat()
        guard unsafe fstatat(directory.raw, name, &information, AT_SYMLINK_NOFOLLOW) == 0 else { return "" }
        let mode = String(information.st_mode & 0o7777, radix: 8)
        return """
             (owner \(information.st_uid):\(information.st_gid), mode \
            \(String(repeating: "0", count: max(0, 4 - mode.count)))\(mode); the sidecar runs as \
            \(geteuid()):\(getegid()))
            """
    }

    private static func isRegular(_ descriptor: Int32) -> Bool {
        var information = stat()
        return unsafe fstat(descriptor, &information) == 0 && information.st_mode & S_IFMT == S_IFREG
    }

    /// Whether inotify tells of the other container's writes: not on file systems whose writers may be behind
    /// another kernel.
    var inotifyIsReliable: Bool {
        var information = statfs()
        guard unsafe fstatfs(directory.raw, &information) == 0 else { return false }
        return !Self.remoteFileSystems.contains(UInt32(truncatingIfNeeded: information.f_type))
    }

    /// statfs(2), `f_type`: NFS, 9p, FUSE (virtiofs too), CIFS, SMB2, Ceph.
    private static let remoteFileSystems: Set<UInt32> = [
        0x6969, 0x0102_1997, 0x6573_5546, 0xFF53_4D42, 0xFE53_4D42, 0x00C3_6400,
    ]

    /// What the workspace's file system has run out of: "free blocks" or "free inodes"; nil where there is room.
    ///
    /// A write that fails with ENOSPC leaves no other trace than this: the connector's own message about it stands in its
    /// standard error, if anywhere.
    var exhausted: String? {
        var information = statfs()
        guard unsafe fstatfs(directory.raw, &information) == 0 else { return nil }
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

/// Why an entry of the workspace cannot be used.
struct WorkspaceError: Error, Hashable {
    var file: String
    /// Continues a sentence that begins with the file's name.
    var problem: String
    /// True where it says something about this process at this moment, not about the file.
    var isTransient = false
}
