import Glibc
import Reactor
import Scheduling
import Synchronization

/// A control plane on loopback: one thread, HTTP/1.1, connections that are kept.
///
/// Each request is stamped when its last byte has been read, answered, and then handed to the owner. An answer can be
/// held back, so that the caller can be looked at while it waits for it. The server can be at a distance: requests then
/// arrive later, and are read and stamped then.
public final class ControlPlaneServer: Sendable {
    /// One read of a body; larger than what a socket usually holds.
    private static let readSize = 1 << 20

    private struct Shared {
        var calls: [ReceivedCall] = []
        /// Workloads whose success is not answered until they are released.
        var held: Set<String> = []
        var released: [String] = []
        var distance: Duration = .zero
        var isStopping = false
    }

    private let listener: LoopbackListener
    private let arrived: WakeUp
    private let wakeUp: WakeUp
    private let poller: Poller
    private let keptBody: Int
    private let makeRouter: @Sendable () -> any RequestRouter
    private let shared = Mutex(Shared())
    private let thread = Mutex<ServerThread?>(nil)

    /// Opens the port. Connections wait there until `start`.
    ///
    /// - Parameters:
    ///   - keptBody: what is kept of each body, in bytes.
    ///   - makeRouter: called once, on the server's thread.
    public init(
        keptBody: Int,
        router makeRouter: @escaping @Sendable () -> any RequestRouter
    ) throws(SystemError) {
        self.keptBody = keptBody
        self.makeRouter = makeRouter
        listener = try LoopbackListener()
        arrived = try WakeUp()
        wakeUp = try WakeUp()
        poller = try Poller()
    }

    /// On 127.0.0.1, chosen by the kernel.
    public var port: UInt16 { listener.port }

    /// The base of the URLs of both APIs.
    public var url: String { "http://127.0.0.1:\(port)" }

    /// Readable when calls have come in.
    public var arrivals: Int32 { arrived.descriptor }

    /// Begins to answer, on a thread of its own. Throws `epoll_ctl`'s errors, and `EAGAIN` where no thread can be made.
    public func start() throws(SystemError) {
        try poller.add(listener.descriptor, key: Key.listener)
        try poller.add(wakeUp.descriptor, key: Key.wakeUp)
        let started = try ServerThread { ServerLoop(self).run() }
        thread.withLock { $0 = started }
    }

    /// Ends the thread; connections are closed.
    public func stop() {
        shared.withLock { $0.isStopping = true }
        wakeUp.signal()
        thread.withLock { $0.take() }?.join()
    }

    /// The calls that have come since the last time.
    public func takeCalls() -> [ReceivedCall] {
        arrived.acknowledge()
        return shared.withLock { shared in
            defer { shared.calls.removeAll(keepingCapacity: true) }
            return shared.calls
        }
    }

    /// Holds the answer to the workload's success back until `release`.
    public func holdSuccess(of workloadID: String) {
        shared.withLock { _ = $0.held.insert(workloadID) }
    }

    /// Moves the server: requests on connections that begin from now on arrive so much later.
    ///
    /// Answers are not late, and the connection itself is there at once. A round trip takes the distance once.
    public func setDistance(_ distance: Duration) {
        shared.withLock { $0.distance = distance }
    }

    /// Sends the answer that `holdSuccess` holds back, and holds none back any more.
    public func release(_ workloadID: String) {
        shared.withLock {
            $0.held.remove(workloadID)
            $0.released.append(workloadID)
        }
        wakeUp.signal()
    }

    fileprivate enum Key {
        static let listener: UInt64 = 0
        static let wakeUp: UInt64 = 1
        static let firstConnection: UInt64 = 2
    }

    /// What the thread has for itself.
    private final class ServerLoop {
        private let server: ControlPlaneServer
        private let router: any RequestRouter
        private var connections: [UInt64: ServerConnection] = [:]
        /// Those of them whose requests arrive late.
        private var distant: [UInt64: ServerConnection] = [:]
        private var nextKey = Key.firstConnection
        /// Answers that are held back, by workload.
        private var waiting: [String: (connection: UInt64, answer: HTTPAnswer)] = [:]
        private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: readSize, alignment: 64)

        init(_ server: ControlPlaneServer) {
            self.server = server
            router = server.makeRouter()
        }

        deinit {
            buffer.deallocate()
        }

        func run() {
            while true {
                let next = distant.values.compactMap(\.nextArrival).min()
                for key in server.poller.wait(until: next) {
                    switch key {
                    case Key.listener: accept()
                    case Key.wakeUp: if obey() { return }
                    default: serve(key)
                    }
                }
                receiveFromAfar()
            }
        }

        private func accept() {
            do throws(SystemError) {
                while let descriptor = try server.listener.accept() {
                    let key = nextKey
                    nextKey += 1
                    let delay = server.shared.withLock(\.distance)
                    let connection = ServerConnection(
                        descriptor,
                        id: key,
                        router: router,
                        keptBody: server.keptBody,
                        delay: delay
                    )
                    connections[key] = connection
                    if delay > .zero { distant[key] = connection }
                    try server.poller.add(connection.descriptor, key: key)
                    // The request often is there already.
                    serve(key)
                }
            } catch {
                violation("a connection cannot be taken: \(error)")
            }
        }

        private func serve(_ key: UInt64) {
            guard let connection = connections[key] else { return }
            guard distant[key] == nil else {
                if !connection.dispatch(through: buffer) { server.poller.remove(connection.descriptor) }
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

        private func answer(_ answered: AnsweredCall, _ connection: ServerConnection) {
            var call = answered.call
            // Known before it is answered, so that no program is seen to end before its last call; but the owner is
            // woken after the answer, which comes first.
            let isHeld = server.shared.withLock { shared in
                let isHeld = call.kind == .success && shared.held.contains(call.workloadID)
                if !isHeld { call.answered = .monotonic() }
                shared.calls.append(call)
                return isHeld
            }
            if isHeld {
                waiting[call.workloadID] = (connection.id, answered.answer)
            } else if !connection.send(answered.answer) {
                forget(connection.id)
            }
            server.arrived.signal()
        }

        private func violation(_ problem: String) {
            let call = ReceivedCall(
                kind: .violation,
                workloadID: "",
                arrival: .monotonic(),
                problem: problem
            )
            server.shared.withLock { $0.calls.append(call) }
            server.arrived.signal()
        }

        /// True when the thread is to end.
        private func obey() -> Bool {
            server.wakeUp.acknowledge()
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
