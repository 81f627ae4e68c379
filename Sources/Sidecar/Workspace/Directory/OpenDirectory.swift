import Glibc
import Reactor

/// A workspace's directory, open from the start of the process to its end: the marker is written there at every end.
final class OpenDirectory {
    let path: String
    private let owned: OwnedDescriptor

    /// Opens the directory; it must exist.
    init(path: String) throws(SystemError) {
        let raw = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard raw >= 0 else { throw SystemError(call: "open", errno: errno) }
        self.path = path
        owned = OwnedDescriptor(raw)
    }

    /// Lent to system calls and inotify.
    var descriptor: Int32 { owned.raw }

    /// Creates the `TERMINATED` marker, whatever has taken its name: the main container looks for a
    /// regular file.
    func writeTerminatedMarker() throws(SystemError) {
        let flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let raw = unsafe openat(descriptor, FileName.terminated, flags, 0o644)
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
        let second = unsafe openat(descriptor, FileName.terminated, flags | O_EXCL, 0o644)
        guard second >= 0 else { throw SystemError(call: "openat", errno: errno) }
        close(second)
    }

    /// The caller notices whether it worked.
    private func removeWhatTakesTheMarkersName() {
        guard unsafe unlinkat(descriptor, FileName.terminated, 0) != 0, errno == EISDIR,
            unsafe unlinkat(descriptor, FileName.terminated, AT_REMOVEDIR) != 0
        else { return }
        // A directory with content is renamed, not deleted: the content is the connector's.
        let aside = "\(FileName.terminated).\(getpid())"
        _ = unsafe renameat(descriptor, FileName.terminated, descriptor, aside)
    }

    private static func isRegular(_ descriptor: Int32) -> Bool {
        var information = stat()
        return unsafe fstat(descriptor, &information) == 0 && information.st_mode & S_IFMT == S_IFREG
    }
}
