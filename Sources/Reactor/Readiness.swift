import CLinux
import Glibc

/// What a descriptor is ready for, in poll(2)'s bits.
public struct Readiness: OptionSet, Hashable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Data can be read, or a connection accepted.
    public static let readable = Readiness(rawValue: UInt32(POLLIN))
    /// Data can be written, or a connection attempt has ended.
    public static let writable = Readiness(rawValue: UInt32(POLLOUT))
    /// The descriptor is in an error state, or cannot be polled at all (it is not open, the kernel lacks
    /// memory): the trace shows the reason. Reported whether asked for or not.
    public static let error = Readiness(rawValue: UInt32(POLLERR))
    /// Both directions are closed. Reported whether asked for or not.
    public static let hangup = Readiness(rawValue: UInt32(POLLHUP))
    /// The peer of a stream socket will send nothing more. Reported whether asked for or not, as io_uring
    /// cannot leave it out.
    public static let peerClosed = Readiness(rawValue: clinux_poll_peer_closed())
}

extension Readiness: CustomStringConvertible {
    /// As strace prints it: `POLLIN|POLLHUP`.
    public var description: String {
        let names: [(Readiness, String)] = [
            (.readable, "POLLIN"), (.writable, "POLLOUT"), (.error, "POLLERR"), (.hangup, "POLLHUP"),
            (.peerClosed, "POLLRDHUP"),
        ]
        var text = names.filter { contains($0.0) }.map(\.1)
        let rest = rawValue & ~names.reduce(0) { $0 | $1.0.rawValue }
        if rest != 0 || text.isEmpty {
            text.append("0x" + String(rest, radix: 16))
        }
        return text.joined(separator: "|")
    }
}

/// How long a poll lasts.
public enum PollMode: Sendable {
    /// Until it is cancelled. Edge-triggered after its first event: the handler has to drain the descriptor
    /// to `EAGAIN`, or it may not be called for what it left.
    case multishot
    /// One event, then the registration is over. Level-triggered: what is ready already counts.
    case oneShot
}
