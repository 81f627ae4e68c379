import Glibc
import Reactor
import Storage

extension CredentialFiles {
    /// The files of this machine.
    package static let system = CredentialFiles { (path, limit) throws(Problem) in
        try readFromDisk(path, limit: limit)
    }

    /// The whole file. Links are followed, since Kubernetes mounts secrets behind them; what is not a regular file, and
    /// could block, is refused.
    private static func readFromDisk(_ path: String, limit: Int) throws(Problem) -> [UInt8] {
        let raw = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard raw >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { throw .missing }
            throw .unreadable("cannot be opened: \(SystemError(call: "open", errno: errno).name)")
        }
        let file = OwnedDescriptor(raw)
        var information = stat()
        guard unsafe fstat(file.raw, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
            throw .unreadable("is not a regular file")
        }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe piece.withUnsafeMutableBytes {
                unsafe Glibc.read(file.raw, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw .unreadable("cannot be read: \(SystemError(call: "read", errno: errno).name)")
            }
            if count == 0 { return bytes }
            bytes += piece[..<count]
            guard bytes.count <= limit else { throw .unreadable("is longer than \(limit) bytes") }
        }
    }
}
