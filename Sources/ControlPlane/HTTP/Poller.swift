import CLinux
import Glibc
import Reactor
import Scheduling

/// Waits for descriptors to be readable: epoll(7), level-triggered. A server's thread waits; others may add.
public final class Poller: Sendable {
    /// Events taken from the kernel at once.
    private static let eventsPerWait: Int32 = 64

    private let epoll: OwnedDescriptor

    public init() throws(SystemError) {
        let raw = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard raw >= 0 else { throw SystemError(call: "epoll_create1", errno: errno) }
        epoll = OwnedDescriptor(raw)
    }

    /// Watches for input and for the peer's end; the key comes back with the event.
    public func add(_ descriptor: Int32, key: UInt64) throws(SystemError) {
        let events = UInt32(POLLIN) | clinux_poll_peer_closed()
        var event = epoll_event(events: events, data: epoll_data_t(u64: key))
        guard epoll_ctl(epoll.raw, EPOLL_CTL_ADD, descriptor, &event) == 0 else {
            throw SystemError(call: "epoll_ctl", errno: errno)
        }
    }

    /// Ends the watch of a descriptor that stays open.
    public func remove(_ descriptor: Int32) {
        _ = epoll_ctl(epoll.raw, EPOLL_CTL_DEL, descriptor, nil)
    }

    /// Waits until something is ready or the time has come, and returns the keys of what is ready.
    public func wait(until deadline: Instant? = nil) -> [UInt64] {
        let left = deadline.map { max(0, ($0 - .monotonic()).nanoseconds) }
        var timeout = timespec()
        timeout.tv_sec = Int(left ?? 0) / 1_000_000_000
        timeout.tv_nsec = Int(left ?? 0) % 1_000_000_000
        return withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Int(Self.eventsPerWait)) {
            events in
            let count =
                left == nil
                ? epoll_wait(epoll.raw, events.baseAddress, Self.eventsPerWait, -1)
                : epoll_pwait2(epoll.raw, events.baseAddress, Self.eventsPerWait, &timeout, nil)
            // A signal with a handler, or a debugger: the loop comes round again.
            precondition(count >= 0 || errno == EINTR, "epoll_pwait2 fails only for wrong arguments")
            return events.prefix(Int(max(0, count))).map(\.data.u64)
        }
    }
}

/// A counter that wakes a loop: eventfd(2).
public struct WakeUp: ~Copyable, Sendable {
    private let owned: OwnedDescriptor

    public init() throws(SystemError) {
        let raw = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard raw >= 0 else { throw SystemError(call: "eventfd", errno: errno) }
        owned = OwnedDescriptor(raw)
    }

    /// Readable from `signal` to `acknowledge`.
    public var descriptor: Int32 { owned.raw }

    public func signal() {
        var one: UInt64 = 1
        _ = write(owned.raw, &one, 8)
    }

    public func acknowledge() {
        var count: UInt64 = 0
        _ = read(owned.raw, &count, 8)
    }
}

/// A TCP socket that listens on a free port of 127.0.0.1.
public final class LoopbackListener: Sendable {
    private static let backlog: Int32 = 1_024

    private let owned: OwnedDescriptor
    public let port: UInt16

    public init() throws(SystemError) {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let raw = socket(AF_INET, kind, 0)
        guard raw >= 0 else { throw SystemError(call: "socket", errno: errno) }
        owned = OwnedDescriptor(raw)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let failed = withUnsafeMutablePointer(to: &address) { address -> String? in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                if bind(raw, address, length) != 0 { return "bind" }
                if listen(raw, Self.backlog) != 0 { return "listen" }
                return getsockname(raw, address, &length) == 0 ? nil : "getsockname"
            }
        }
        if let failed { throw SystemError(call: failed, errno: errno) }
        port = UInt16(bigEndian: address.sin_port)
    }

    public var descriptor: Int32 { owned.raw }

    /// The next connection, not blocking, without Nagle's delay; nil where there is none.
    public func accept() throws(SystemError) -> OwnedDescriptor? {
        let raw = clinux_accept(owned.raw)
        guard raw >= 0 else {
            if errno == EAGAIN { return nil }
            throw SystemError(call: "accept4", errno: errno)
        }
        var on: Int32 = 1
        _ = setsockopt(
            raw,
            Int32(IPPROTO_TCP),
            TCP_NODELAY,
            &on,
            socklen_t(MemoryLayout<Int32>.size)
        )
        return OwnedDescriptor(raw)
    }
}
