import CBench
import Glibc
import Synchronization

/// The control plane and the object store that the measured programs talk to: one thread, HTTP/1.1, connections that
/// are kept.
///
/// Each request is stamped when its last byte has been read, answered, and then handed to the harness. An answer can be
/// held back, so that the program can be looked at while it waits for it. The server can be at a distance: requests then
/// arrive later, and are read and stamped then.
public final class ControlPlaneServer: Sendable {
    /// One read of a body; larger than what a socket usually holds.
    private static let readSize = 1 << 20

    private struct Shared {
        var calls: [ReceivedCall] = []
        /// Workloads whose success is not answered until they are released.
        var held: Set<String> = []
        var released: [String] = []
        var distance = 0.0
        var isStopping = false
    }

    public let port: UInt16
    /// Readable when calls have come in.
    public let arrivals: Int32
    private let listener: Int32
    private let wakeUp: Int32
    private let epoll: Int32
    private let shared = Mutex(Shared())
    private let thread = Mutex<ServerThread?>(nil)

    public init() throws(HarnessError) {
        var port: UInt16 = 0
        listener = try HarnessError.check(cbench_listen(&port), "a listening socket")
        self.port = port
        arrivals = try HarnessError.check(cbench_eventfd(), "an eventfd")
        wakeUp = try HarnessError.check(cbench_eventfd(), "an eventfd")
        epoll = try HarnessError.check(cbench_epoll_create(), "an epoll instance")
    }

    deinit {
        for descriptor in [listener, arrivals, wakeUp, epoll] { close(descriptor) }
    }

    public var url: String { "http://127.0.0.1:\(port)" }

    public func start() throws(HarnessError) {
        _ = try HarnessError.check(cbench_epoll_add(epoll, listener, 1, Key.listener), "epoll")
        _ = try HarnessError.check(cbench_epoll_add(epoll, wakeUp, 1, Key.wakeUp), "epoll")
        let started = try ServerThread(of: "the server") { ServerLoop(self).run() }
        thread.withLock { $0 = started }
    }

    /// Ends the thread; connections are closed.
    public func stop() {
        shared.withLock { $0.isStopping = true }
        Self.signal(wakeUp)
        thread.withLock { $0.take() }?.join()
    }

    /// The calls that have come since the last time.
    public func takeCalls() -> [ReceivedCall] {
        Self.acknowledge(arrivals)
        return shared.withLock { shared in
            defer { shared.calls.removeAll(keepingCapacity: true) }
            return shared.calls
        }
    }

    /// Holds the answer to the workload's success back until `release`.
    public func holdSuccess(of workloadID: String) {
        shared.withLock { _ = $0.held.insert(workloadID) }
    }

    /// Moves the server: requests on connections that begin from now on arrive so many seconds late.
    ///
    /// Answers are not late, and the connection itself is there at once. A round trip takes the distance once.
    public func setDistance(_ seconds: Double) {
        shared.withLock { $0.distance = seconds }
    }

    public func release(_ workloadID: String) {
        shared.withLock {
            $0.held.remove(workloadID)
            $0.released.append(workloadID)
        }
        Self.signal(wakeUp)
    }

    /// Makes an eventfd readable.
    static func signal(_ eventfd: Int32) {
        var one: UInt64 = 1
        _ = write(eventfd, &one, 8)
    }

    fileprivate static func acknowledge(_ eventfd: Int32) {
        var count: UInt64 = 0
        _ = read(eventfd, &count, 8)
    }

    fileprivate enum Key {
        static let listener: UInt64 = 0
        static let wakeUp: UInt64 = 1
        static let firstConnection: UInt64 = 2
    }

    /// What the thread has for itself.
    private final class ServerLoop {
        private let server: ControlPlaneServer
        private let router = ControlPlaneRouter()
        private var connections: [UInt64: ServerConnection] = [:]
        /// Those of them whose requests arrive late.
        private var distant: [UInt64: ServerConnection] = [:]
        private var nextKey = Key.firstConnection
        /// Answers that are held back, by workload.
        private var waiting: [String: (connection: UInt64, answer: [UInt8])] = [:]
        private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: readSize, alignment: 64)

        init(_ server: ControlPlaneServer) {
            self.server = server
        }

        deinit {
            buffer.deallocate()
        }

        func run() {
            var keys = [UInt64](repeating: 0, count: 64)
            while true {
                let count = cbench_epoll_wait(server.epoll, &keys, Int32(keys.count), timeout)
                precondition(count >= 0, "epoll_pwait2 fails only for wrong arguments")
                for key in keys.prefix(Int(count)) {
                    switch key {
                    case Key.listener: accept()
                    case Key.wakeUp: if obey() { return }
                    default: serve(key)
                    }
                }
                receiveFromAfar()
            }
        }

        /// Nanoseconds to the next arrival from afar; negative where nothing is on its way.
        private var timeout: Int64 {
            guard let next = distant.values.compactMap(\.nextArrival).min() else { return -1 }
            return max(0, Int64(next.seconds(since: .now) * 1e9))
        }

        private func accept() {
            while true {
                let descriptor = cbench_accept(server.listener)
                guard descriptor >= 0 else {
                    if descriptor != -EAGAIN {
                        violation("a connection cannot be taken: errno \(-descriptor)")
                    }
                    return
                }
                let key = nextKey
                nextKey += 1
                let delay = server.shared.withLock(\.distance)
                let connection = ServerConnection(
                    descriptor: descriptor,
                    id: key,
                    router: router,
                    delay: delay
                )
                connections[key] = connection
                if delay > 0 { distant[key] = connection }
                _ = cbench_epoll_add(server.epoll, descriptor, 1, key)
                // The request often is there already.
                serve(key)
            }
        }

        private func serve(_ key: UInt64) {
            guard let connection = connections[key] else { return }
            guard distant[key] == nil else {
                if !connection.dispatch(through: buffer) {
                    _ = cbench_epoll_remove(server.epoll, connection.descriptor)
                }
                return
            }
            do {
                guard let calls = try connection.read(into: buffer) else { return forget(key) }
                for call in calls { answer(call, connection) }
            } catch {
                forget(key)
                violation(error.problem)
            }
        }

        private func receiveFromAfar() {
            for (key, connection) in distant {
                do {
                    let (calls, hasEnded) = try connection.receive()
                    for call in calls { answer(call, connection) }
                    if hasEnded { forget(key) }
                } catch {
                    forget(key)
                    violation(error.problem)
                }
            }
        }

        private func forget(_ key: UInt64) {
            connections[key] = nil
            distant[key] = nil
        }

        private func answer(_ routed: RoutedCall, _ connection: ServerConnection) {
            // Known before it is answered, so that no program is seen to end before its last call; but the harness is
            // woken after the answer, which comes first.
            let isHeld = server.shared.withLock { shared in
                shared.calls.append(routed.call)
                return routed.call.kind == .success && shared.held.contains(routed.call.workloadID)
            }
            if isHeld {
                waiting[routed.call.workloadID] = (connection.id, routed.answer)
            } else if !connection.send(routed.answer) {
                forget(connection.id)
            }
            ControlPlaneServer.signal(server.arrivals)
        }

        private func violation(_ problem: String) {
            let call = ReceivedCall(kind: .violation, workloadID: "", arrival: .now, text: problem)
            server.shared.withLock { $0.calls.append(call) }
            ControlPlaneServer.signal(server.arrivals)
        }

        /// True when the thread is to end.
        private func obey() -> Bool {
            ControlPlaneServer.acknowledge(server.wakeUp)
            let (released, isStopping) = server.shared.withLock { shared in
                defer { shared.released.removeAll() }
                return (shared.released, shared.isStopping)
            }
            for workload in released {
                guard let held = waiting.removeValue(forKey: workload) else { continue }
                if connections[held.connection]?.send(held.answer) == false { forget(held.connection) }
            }
            return isStopping
        }
    }
}
