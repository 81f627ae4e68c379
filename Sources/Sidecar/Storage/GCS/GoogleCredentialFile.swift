import Glibc
import Reactor

/// Credentials files and token files: short, mounted beside the program, read at once.
enum GoogleCredentialFile {
    /// A service account's file has about 2,400 bytes, a token some thousand.
    static let longest = 65_536

    enum Problem: Error {
        case missing
        /// Continues "the file …".
        case unreadable(String)
    }

    /// The whole file. Links are followed, since Kubernetes mounts secrets behind them; what is no regular file, and
    /// could block, is refused.
    static func read(_ path: String) throws(Problem) -> [UInt8] {
        let raw = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard raw >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { throw .missing }
            throw .unreadable("cannot be opened: \(SystemError(call: "open", errno: errno).name)")
        }
        let file = OwnedDescriptor(raw)
        var information = stat()
        guard unsafe fstat(file.raw, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
            throw .unreadable("is no regular file")
        }
        var bytes = [UInt8](repeating: 0, count: longest + 1)
        var filled = 0
        while filled < bytes.count {
            let count = unsafe bytes.withUnsafeMutableBytes { all in
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: all[filled...])
                return unsafe Glibc.read(file.raw, rest.baseAddress, rest.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw .unreadable("cannot be read: \(SystemError(call: "read", errno: errno).name)")
            }
            if count == 0 { return Array(bytes[..<filled]) }
            filled += count
        }
        throw .unreadable("is longer than \(longest) bytes")
    }
}
