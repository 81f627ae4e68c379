import Glibc
import Reactor

/// A file that the command line names, or `-` for standard input.
struct NamedInput: ~Copyable {
    private let file: OwnedDescriptor
    private var buffer = [UInt8](repeating: 0, count: 64 * 1_024)

    init(_ path: String) throws(SystemError) {
        let raw = path == "-" ? dup(STDIN_FILENO) : unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard raw >= 0 else { throw SystemError(call: "open", errno: errno) }
        file = OwnedDescriptor(raw)
    }

    /// The next piece; nil at the end. It is to be let go before the next one is asked for.
    mutating func next() throws(SystemError) -> ArraySlice<UInt8>? {
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe read(file.raw, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError(call: "read", errno: errno) }
            return count > 0 ? buffer[..<count] : nil
        }
    }
}
