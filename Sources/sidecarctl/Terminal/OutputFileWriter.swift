import Glibc
import Reactor

/// Writes a file as a whole.
enum OutputFileWriter {
    /// Throws why it cannot be written.
    static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
        let raw = unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard raw >= 0 else { throw failure(path, "open") }
        let file = OwnedDescriptor(raw)
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(file.raw, $0.baseAddress, $0.count)
            }
            guard written >= 0 || errno == EINTR else { throw failure(path, "write") }
            rest.removeFirst(max(0, written))
        }
    }

    private static func failure(_ path: String, _ call: String) -> Failure {
        Failure(Exit.cannotCreate, "\(path) cannot be written: \(SystemError(call: call, errno: errno))")
    }
}
