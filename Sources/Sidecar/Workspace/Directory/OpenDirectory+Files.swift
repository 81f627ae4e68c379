import CLinux
import Glibc
import Reactor

/// A file system, as statfs(2) describes it.
package struct FileSystem: Hashable, Sendable {
    /// `f_type`.
    package var type: UInt32
    /// What is left for users without privileges, in bytes; nil where there is no limit.
    package var freeBytes: Int?
    /// How many files more can be made; nil where there is no limit.
    package var freeFiles: Int?
}

extension OpenDirectory: WorkspaceFiles {
    /// Opens a regular file for reading; nil where there is no such entry.
    package func open(_ name: String) throws(WorkspaceError) -> (any WorkspaceFile)? {
        let raw = unsafe clinux_open_beneath(descriptor, name)
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

    /// Whose file it is, what its mode allows, and who we are, in parentheses: all that is needed to see why access was
    /// denied. Empty where it is unknown.
    private func permissions(of name: String) -> String {
        var information = stat()
        guard unsafe fstatat(descriptor, name, &information, AT_SYMLINK_NOFOLLOW) == 0 else {
            return ""
        }
        let mode = String(information.st_mode & 0o7777, radix: 8)
        return """
             (owner \(information.st_uid):\(information.st_gid), mode \
            \(String(repeating: "0", count: max(0, 4 - mode.count)))\(mode); the sidecar runs as \
            \(geteuid()):\(getegid()))
            """
    }

    /// What the workspace's file system has run out of: "free blocks" or "free inodes"; nil where there is room.
    ///
    /// A write that fails with ENOSPC leaves no other trace than this: the connector's own message about it stands in its
    /// standard error, if anywhere.
    package var exhausted: String? {
        guard let system = try? fileSystem() else { return nil }
        if system.freeBytes == 0 { return "free blocks" }
        if system.freeFiles == 0 { return "free inodes" }
        return nil
    }

    /// What the directory is on. Throws what fstatfs(2) says.
    package func fileSystem() throws(SystemError) -> FileSystem {
        var information = statfs()
        guard unsafe fstatfs(descriptor, &information) == 0 else {
            throw SystemError(call: "fstatfs", errno: errno)
        }
        // tmpfs(5): one without a limit counts none of them at all.
        return FileSystem(
            type: UInt32(truncatingIfNeeded: information.f_type),
            freeBytes: information.f_blocks > 0
                ? Int(clamping: information.f_bavail) * Int(clamping: information.f_bsize) : nil,
            freeFiles: information.f_files > 0 ? Int(clamping: information.f_ffree) : nil
        )
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
