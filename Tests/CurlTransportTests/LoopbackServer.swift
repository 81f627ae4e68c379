import Foundation
import Synchronization

/// A server on a free port of the loopback, with a script of the test's own for each connection.
final class LoopbackServer: Sendable {
    let port: UInt16
    private let listener: Int32
    private let threads = DispatchGroup()
    private let state = Mutex(State())

    private struct State {
        var accepted = 0
        var open: Set<Int32> = []
        var isStopped = false
    }

    /// The script runs on a thread of the connection's, which is closed when it returns.
    convenience init(_ script: @escaping @Sendable (ServerConnection) -> Void) {
        self.init(on: listen(backlog: 128), script)
    }

    /// A server on a socket that listens.
    init(
        on socket: (descriptor: Int32, port: UInt16),
        _ script: @escaping @Sendable (ServerConnection) -> Void
    ) {
        (listener, port) = socket
        threads.enter()
        Thread.detachNewThread { [self] in
            acceptAll(script)
            threads.leave()
        }
    }

    var url: String { "http://127.0.0.1:\(port)" }
    var acceptedCount: Int { state.withLock { $0.accepted } }

    /// Ends all connections and threads. Every test calls it.
    func stop() {
        state.withLock { state in
            state.isStopped = true
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
        threads.wait()
        close(listener)
    }

    private func acceptAll(_ script: @escaping @Sendable (ServerConnection) -> Void) {
        while true {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { return }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            let number = state.withLock { state -> Int in
                state.accepted += 1
                state.open.insert(descriptor)
                if state.isStopped { shutdown(descriptor, Int32(SHUT_RDWR)) }
                return state.accepted
            }
            threads.enter()
            Thread.detachNewThread { [self] in
                script(ServerConnection(descriptor, number: number))
                state.withLock { state in
                    state.open.remove(descriptor)
                    close(descriptor)
                }
                threads.leave()
            }
        }
    }
}

/// A listening socket on a free port of the loopback.
func listen(backlog: Int32) -> (descriptor: Int32, port: UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = loopback(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            bind(descriptor, address, length) == 0 && listen(descriptor, backlog) == 0
                && getsockname(descriptor, address, &length) == 0
        }
    }
    precondition(bound, "no port on the loopback")
    return (descriptor, UInt16(bigEndian: address.sin_port))
}

/// The same on the loopback of IPv6; nil where there is none.
func listenOnIPv6() -> (descriptor: Int32, port: UInt16)? {
    let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_addr = in6addr_loopback
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            bind(descriptor, address, length) == 0 && listen(descriptor, 128) == 0
                && getsockname(descriptor, address, &length) == 0
        }
    }
    guard bound else {
        close(descriptor)
        return nil
    }
    return (descriptor, UInt16(bigEndian: address.sin6_port))
}

/// A connection to a port of the loopback; non-blocking ones may still be on their way.
func connectToLoopback(port: UInt16, blocking: Bool = true) -> Int32 {
    let flags = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | (blocking ? 0 : SOCK_NONBLOCK.rawValue)
    let descriptor = socket(AF_INET, Int32(flags), 0)
    var address = loopback(port: port)
    _ = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            connect(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
    return descriptor
}

private func loopback(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
}

extension LoopbackServer {
    /// Answers one request on each connection with its number. The first one is closed then, which is signalled.
    static func closingItsFirstConnection(_ isClosed: Signal) -> LoopbackServer {
        LoopbackServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.answer(body: "\(connection.number)")
            guard connection.number == 1 else { return connection.waitForEnd() }
            connection.close()
            isClosed.fire()
        }
    }
}
