import CBench
import ControlPlane
import Glibc
import Reactor
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
    private let listeners: [LoopbackListener]
    private let datagrams: Int32
    private let refusing: Int32
    private let wakeUp: WakeUp
    private let poller: Poller
    private let shared = Mutex(Shared())
    private let thread = Mutex<ServerThread?>(nil)

    /// Starts to receive.
    public init() throws(HarnessError) {
        listeners = try HarnessError.of("a listening socket") { () throws(SystemError) in
            try Behaviour.allCases.map { _ throws(SystemError) in try LoopbackListener() }
        }
        var port: UInt16 = 0
        datagrams = try HarnessError.check(cbench_datagrams(&port), "a UDP socket")
        datagramPort = port
        refusing = try HarnessError.check(cbench_refuse(&port), "a socket")
        refusingPort = port
        wakeUp = try HarnessError.of("an eventfd") { () throws(SystemError) in try WakeUp() }
        poller = try HarnessError.of("an epoll instance") { () throws(SystemError) in try Poller() }
        try start()
    }

    deinit {
        for descriptor in [datagrams, refusing] { close(descriptor) }
    }

    /// The base of the URLs where requests are treated so.
    public func url(_ behaviour: Behaviour) -> String {
        "http://127.0.0.1:\(listeners[behaviour.rawValue].port)"
    }

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
        wakeUp.signal()
        thread.withLock { $0.take() }?.join()
    }

    private func start() throws(HarnessError) {
        let started = try HarnessError.of("the receiver's thread") { () throws(SystemError) in
            for (index, listener) in listeners.enumerated() {
                try poller.add(listener.descriptor, key: UInt64(index))
            }
            try poller.add(wakeUp.descriptor, key: Key.wakeUp)
            return try ServerThread { ReceiverLoop(self).run() }
        }
        thread.withLock { $0 = started }
    }

    fileprivate enum Key {
        /// Listeners have the numbers of their behaviours.
        static let wakeUp: UInt64 = 100
        static let firstConnection: UInt64 = 101
    }

    /// What the thread has for itself.
    private final class ReceiverLoop {
        private final class Connection {
            private let owned: OwnedDescriptor
            let behaviour: Behaviour
            var parser = HTTPRequestParser()

            init(_ descriptor: consuming OwnedDescriptor, _ behaviour: Behaviour) {
                owned = descriptor
                self.behaviour = behaviour
            }

            var descriptor: Int32 { owned.raw }
        }

        private let receiver: TelemetryReceiver
        private var connections: [UInt64: Connection] = [:]
        private var nextKey = Key.firstConnection
        private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)

        init(_ receiver: TelemetryReceiver) {
            self.receiver = receiver
        }

        deinit {
            buffer.deallocate()
        }

        func run() {
            while true {
                for key in receiver.poller.wait() {
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
            while let accepted = try? receiver.listeners[behaviour.rawValue].accept() {
                let connection = Connection(accepted, behaviour)
                connections[nextKey] = connection
                try? receiver.poller.add(connection.descriptor, key: nextKey)
                nextKey += 1
            }
        }

        private func serve(_ key: UInt64) {
            guard let connection = connections[key] else { return }
            while true {
                let count = recv(connection.descriptor, buffer.baseAddress, buffer.count, 0)
                if count < 0, errno == EAGAIN || errno == EINTR { break }
                guard count > 0, take(UnsafeRawBufferPointer(rebasing: buffer[..<count]), connection) else {
                    connections[key] = nil
                    return
                }
            }
        }

        /// False for what is no HTTP.
        private func take(_ bytes: UnsafeRawBufferPointer, _ connection: Connection) -> Bool {
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
