import Glibc
import Reactor
import Text

extension WorkspaceDirectory {
    /// Creates the connector's output before the main container does.
    ///
    /// A shell's `>` keeps the owner and the mode of a file that is there. So the kernel answers our question who has it
    /// open (fcntl(2): a lease is for the file's owner), although the connector is another user, and the file stays
    /// readable under a connector's umask 077. Never fails the start: without it the main container creates the file.
    ///
    package func createOutput() -> OutputCreation {
        createOutput(protectedRegular: Self.protectedRegular)
    }

    /// - Parameter protectedRegular: the content of `/proc/sys/fs/protected_regular`; nil where it cannot be read.
    func createOutput(protectedRegular: String?) -> OutputCreation {
        if refusesOthers(protectedRegular: protectedRegular) {
            return .leftToMain(
                "the directory is sticky, and fs.protected_regular would keep other users from opening it"
            )
        }
        // Read-only, since the kernel gives a read lease to such a descriptor only. O_EXCL follows no link.
        let flags = O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let raw = unsafe openat(directory.descriptor, FileName.output, flags, 0o666)
        guard raw >= 0 else {
            return errno == EEXIST ? .exists : .leftToMain("\(SystemError(call: "openat", errno: errno))")
        }
        let owned = OwnedDescriptor(raw)
        // The mode must not depend on our umask: a file that another user cannot write to is worse than none.
        guard fchmod(raw, 0o666) == 0 else {
            let error = SystemError(call: "fchmod", errno: errno)
            _ = unsafe unlinkat(directory.descriptor, FileName.output, 0)
            return .leftToMain("\(error)")
        }
        do {
            return .created(try RegularFile(owned, name: FileName.output))
        } catch {
            return .leftToMain(error.problem)
        }
    }

    /// Whether the kernel would refuse the main container the file, so that the sidecar does not create it.
    package var leavesOutputToMain: Bool { refusesOthers(protectedRegular: Self.protectedRegular) }

    /// Whether the kernel refuses others the `open` with O_CREAT that a shell's `>` is, root included: in a sticky
    /// directory of another user (proc_sys_fs(5), protected_regular; with 1 only where everybody may write to it). What
    /// cannot be found out counts as refused.
    private func refusesOthers(protectedRegular: String?) -> Bool {
        var information = stat()
        guard unsafe fstat(directory.descriptor, &information) == 0 else { return true }
        let isSticky = information.st_mode & S_ISVTX != 0
        return isSticky && information.st_uid != geteuid() && protectedRegular?.trimmingWhitespace() != "0"
    }

    private static var protectedRegular: String? {
        let raw = unsafe Glibc.open("/proc/sys/fs/protected_regular", O_RDONLY | O_CLOEXEC)
        guard raw >= 0 else { return nil }
        let file = OwnedDescriptor(raw)
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(file.raw, $0.baseAddress, $0.count) }
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}
