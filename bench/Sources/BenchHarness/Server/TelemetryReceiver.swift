import CBench
import Glibc
import Synchronization

/// Receives telemetry, well or badly: StatsD by UDP, and OTLP over HTTP on a port for each way to answer. What is received
/// is counted and discarded.
///
/// One thread serves HTTP. Datagrams wait in their socket until `take`, so that nobody needs the processor for them.
public final class TelemetryReceiver: Sendable {
    /// What becomes of a request.
    public enum Behaviour: Int, Sendable, CaseIterable {
        /// 200.
        case takes
        /// 500.
        case fails
        /// It is read and never answered.
        case hangs
    }

    /// What has come since the last time.
    public struct Received: Sendable, Equatable {
        public var datagrams = 0
        public var requests = 0
        /// Of the bodies of requests, and of datagrams.
        public var byteCount = 0
        /// The peak of the watched process's resident memory when the last request had come, in bytes.
        public var peakMemory = 0

        public init() {}
    }

    private struct Shared {
        var received = Received()
        var watched: Int32?
        var isStopping = false
    }

    public let datagramPort: UInt16
    /// A port that refuses connections; nothing takes its datagrams either.
    public let refusingPort: UInt16
    private let ports: [UInt16]
    private let listeners: [Int32]
    private let datagrams: Int32
    private let refusing: Int32
    private let wakeUp: Int32
    private let epoll: Int32
    private let shared = Mutex(Shared())
    private let thread = Mutex<ServerThread?>(nil)

    /// Starts to receive.
    public init() throws(HarnessError) {
        var port: UInt16 = 0
        var ports: [UInt16] = []
        var listeners: [Int32] = []
        for _ in Behaviour.allCases {
            listeners.append(try HarnessError.check(cbench_listen(&port), "a listening socket"))
            ports.append(port)
        }
        self.ports = ports
        self.listeners = listeners
        datagrams = try HarnessError.check(cbench_datagrams(&port), "a UDP socket")
        datagramPort = port
        refusing = try HarnessError.check(cbench_refuse(&port), "a socket")
        refusingPort = port
        wakeUp = try HarnessError.check(cbench_eventfd(), "an eventfd")
        epoll = try HarnessError.check(cbench_epoll_create(), "an epoll instance")
        for (index, listener) in listeners.enumerated() {
            _ = try HarnessError.check(cbench_epoll_add(epoll, listener, 1, UInt64(index)), "epoll")
        }
        _ = try HarnessError.check(cbench_epoll_add(epoll, wakeUp, 1, Key.wakeUp), "epoll")
        try start()
    }

    deinit {
        for descriptor in listeners + [datagrams, refusing, wakeUp, epoll] { close(descriptor) }
    }

    /// The base of the URLs where requests are treated so.
    public func url(_ behaviour: Behaviour) -> String { "http://127.0.0.1:\(ports[behaviour.rawValue])" }

    /// The process whose peak memory is read when a request has come, before it is answered; nil for none.
    public func watch(_ process: Int32?) {
        shared.withLock { $0.watched = process }
    }

    /// What has come since the last time.
    public func take() -> Received {
        var received = shared.withLock { shared in
            defer { shared.received = Received() }
            return shared.received
        }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(datagrams, &buffer, buffer.count, 0)
            guard count >= 0 else { return received }
            received.datagrams += 1
            received.byteCount += count
        }
    }

    /// Ends the thread; connections are closed.
    public func stop() {
        shared.withLock { $0.isStopping = true }
        ControlPlaneServer.signal(wakeUp)
        thread.withLock { $0.take() }?.join()
    }

    private func start() throws(HarnessError) {
        let started = try ServerThread(of: "the receiver") { ReceiverLoop(self).run() }
        thread.withLock { $0 = started }
    }

    fileprivate enum Key {
        /// Listeners have the numbers of their behaviours.
        static let wakeUp: UInt64 = 100
        static let firstConnection: UInt64 = 101
    }

    /// What the thread has for itself.
    private final class ReceiverLoop {
        private struct Connection {
            var descriptor: Int32
            var behaviour: Behaviour
            var parser = HTTPRequestParser()
        }

        private let receiver: TelemetryReceiver
        private var connections: [UInt64: Connection] = [:]
        private var nextKey = Key.firstConnection
        private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)

        init(_ receiver: TelemetryReceiver) {
            self.receiver = receiver
        }

        deinit {
            for connection in connections.values { close(connection.descriptor) }
            buffer.deallocate()
        }

        func run() {
            var keys = [UInt64](repeating: 0, count: 64)
            while true {
                let count = cbench_epoll_wait(receiver.epoll, &keys, Int32(keys.count), -1)
                precondition(count >= 0, "epoll_pwait2 fails only for wrong arguments")
                for key in keys.prefix(Int(count)) {
                    if key == Key.wakeUp {
                        if receiver.shared.withLock(\.isStopping) { return }
                    } else if let behaviour = Behaviour(rawValue: Int(key)) {
                        accept(behaviour)
                    } else {
                        serve(key)
                    }
                }
            }
        }

        private func accept(_ behaviour: Behaviour) {
            while true {
                let descriptor = cbench_accept(receiver.listeners[behaviour.rawValue])
                guard descriptor >= 0 else { return }
                connections[nextKey] = Connection(descriptor: descriptor, behaviour: behaviour)
                _ = cbench_epoll_add(receiver.epoll, descriptor, 1, nextKey)
                nextKey += 1
            }
        }

        private func serve(_ key: UInt64) {
            guard var connection = connections[key] else { return }
            while true {
                let count = recv(connection.descriptor, buffer.baseAddress, buffer.count, 0)
                if count < 0, errno == EAGAIN || errno == EINTR { break }
                guard count > 0, take(UnsafeRawBufferPointer(rebasing: buffer[..<count]), &connection) else {
                    close(connection.descriptor)
                    connections[key] = nil
                    return
                }
            }
            connections[key] = connection
        }

        /// False for what is no HTTP.
        private func take(_ bytes: UnsafeRawBufferPointer, _ connection: inout Connection) -> Bool {
            var ended = 0
            var byteCount = 0
            do {
                try connection.parser.take(bytes) { event in
                    switch event {
                    case .head: break
                    case .body(let bytes): byteCount += bytes.count
                    case .end: ended += 1
                    }
                }
            } catch {
                return false
            }
            let watched = receiver.shared.withLock { shared in
                shared.received.requests += ended
                shared.received.byteCount += byteCount
                return shared.watched
            }
            guard ended > 0 else { return true }
            if let watched, let peak = try? ProcessFiles(watched).status().number("VmHWM") {
                receiver.shared.withLock {
                    $0.received.peakMemory = max($0.received.peakMemory, Int(peak) * 1_024)
                }
            }
            for _ in 0..<ended { answer(connection) }
            return true
        }

        private func answer(_ connection: Connection) {
            let status: String
            switch connection.behaviour {
            case .takes: status = "200 OK"
            case .fails: status = "500 Internal Server Error"
            case .hangs: return
            }
            let type = "application/x-protobuf"
            let text = "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: 0\r\n\r\n"
            _ = Array(text.utf8).withUnsafeBytes {
                send(connection.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
        }
    }
}
