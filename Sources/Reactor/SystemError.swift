import CLinux
import Glibc

/// A system call that failed, and the errno it left.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call's name, as in its manual page ("io_uring_setup").
    public var call: String
    /// The error number, positive, as in errno(3).
    public var errno: Int32

    public init(call: String, errno: Int32) {
        self.call = call
        self.errno = errno
    }

    /// The error number's symbol ("EPERM"), or the number itself where there is no symbol.
    public var name: String {
        clinux_errno_name(errno).map { String(cString: $0) } ?? "\(errno)"
    }

    /// Whether the process or the machine has run out of descriptors or memory, which says nothing about the call.
    public var isShortage: Bool {
        [EMFILE, ENFILE, ENOMEM].contains(errno)
    }

    /// One line: `io_uring_setup: EPERM (Operation not permitted)`.
    public var description: String {
        "\(call): \(Self.explain(errno))"
    }

    /// The error that the call of that name has just left in `errno`.
    static func last(_ call: String) -> SystemError {
        SystemError(call: call, errno: Glibc.errno)
    }

    /// Symbol and meaning: `EPERM (Operation not permitted)`.
    static func explain(_ errno: Int32) -> String {
        guard let name = clinux_errno_name(errno), let meaning = clinux_errno_description(errno) else {
            return "errno \(errno)"
        }
        return "\(String(cString: name)) (\(String(cString: meaning)))"
    }
}
