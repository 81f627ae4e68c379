import Glibc
import Reactor

/// A workspace's directory, open from the start of the process to its end: the marker is written there at every end.
package final class OpenDirectory {
    package let path: String
    private let owned: OwnedDescriptor

    /// Opens the directory; it must exist.
    package init(path: String) throws(SystemError) {
        let raw = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard raw >= 0 else { throw SystemError(call: "open", errno: errno) }
        self.path = path
        owned = OwnedDescriptor(raw)
    }

    /// Lent to system calls and inotify.
    package var descriptor: Int32 { owned.raw }

    /// Whether the marker is there by now, written by this process.
    private(set) var isMarked = false
    private var hasSpare = false

    /// Creates an empty file that becomes the marker if none can be created at the end, because no inode is left. One that
    /// an earlier process has left behind is used again.
    func makeSpareMarker() throws(SystemError) {
        try createFile(FileName.spareMarker)
        hasSpare = true
    }

    /// Creates the `TERMINATED` marker, whatever has taken its name: the main container looks for a regular file. Does
    /// nothing once that has succeeded.
    func writeTerminatedMarker() throws(SystemError) {
        guard !isMarked else { return }
        do throws(SystemError) {
            try createFile(FileName.terminated)
            if hasSpare { _ = unsafe unlinkat(descriptor, FileName.spareMarker, 0) }
        } catch {
            guard hasSpare, renameSpare() else { throw error }
        }
        hasSpare = false
        isMarked = true
    }

    /// Creates a file, unless it is there: a regular one, in place of whatever else has taken the name.
    private func createFile(_ name: String) throws(SystemError) {
        for _ in 0..<2 {
            // mknod(2) needs no descriptor, of which none may be left.
            if unsafe mknodat(descriptor, name, S_IFREG | 0o644, 0) == 0 { return }
            guard errno == EEXIST else { throw SystemError(call: "mknodat", errno: errno) }
            if isRegularFile(name) { return }
            // A link, a FIFO, a directory: make room and try once more.
            makeRoom(for: name)
        }
        throw SystemError(call: "mknodat", errno: EEXIST)
    }

    /// Takes away what has a name. The caller notices whether it worked.
    private func makeRoom(for name: String) {
        guard unsafe unlinkat(descriptor, name, 0) != 0, errno == EISDIR,
            unsafe unlinkat(descriptor, name, AT_REMOVEDIR) != 0
        else { return }
        // A directory with content is renamed, not deleted: the content is the connector's.
        _ = unsafe renameat(descriptor, name, descriptor, "\(name).\(getpid())")
    }

    /// Makes the spare the marker. A rename needs no inode. False if it fails, or if the
    /// connector has put something else in the spare's place.
    private func renameSpare() -> Bool {
        makeRoom(for: FileName.terminated)
        guard unsafe renameat(descriptor, FileName.spareMarker, descriptor, FileName.terminated) == 0 else {
            return false
        }
        return isRegularFile(FileName.terminated)
    }

    private func isRegularFile(_ name: String) -> Bool {
        var information = stat()
        return unsafe fstatat(descriptor, name, &information, AT_SYMLINK_NOFOLLOW) == 0
            && information.st_mode & S_IFMT == S_IFREG
    }
}
