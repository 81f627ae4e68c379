import CurlTransport
import Glibc
import HTTP
import Reactor
import Scheduling
import Telemetry

/// Finds the addresses of hosts.
package protocol HostResolver: AnyObject {
    func resolve(
        _ host: String,
        port: UInt16,
        timeout: Duration,
        completion: @escaping (Result<[SocketAddress], HTTPTransportError>) -> Void
    ) -> HTTPExchangeID

    func cancel(_ lookup: HTTPExchangeID)
}

extension CurlTransport: HostResolver {}

/// Sends packets over UDP, or over a Unix socket of datagrams.
///
/// The receiver is looked up, and the socket opened, for the first packet. A receiver that refuses packets is looked up
/// anew, once each time: it may have been started again elsewhere. Belongs to the reactor's thread.
package final class DatagramSocket: DatagramSender {
    /// The longest look-up of the receiver's name. Values wait meanwhile.
    private static let maxLookup: Duration = .seconds(5)
    /// The longest wait for a receiver with a full queue: shorter than the time between two flushes.
    private static let maxWait: Duration = .seconds(5)

    private struct Batch {
        let packets: [[UInt8]]
        let completion: (DatagramResult) -> Void
        /// How many packets the system has taken.
        var sent = 0
        /// Whether the socket is from an earlier batch, and can belong to a receiver that is gone.
        var hasOldSocket: Bool
        /// What is wrong although the packets are sent.
        var trouble: String?
        /// How the first of several addresses has refused the packets.
        var refusal: String?

        var nextPacket: [UInt8]? { sent < packets.count ? packets[sent] : nil }
    }

    private let destination: StatsDSettings.Destination
    private let reactor: Reactor
    private let resolver: any HostResolver
    private var socket: OwnedDescriptor?
    /// Where the receiver can be, over UDP, and which of these the socket leads to.
    private var addresses: [SocketAddress] = []
    private var addressIndex = 0
    private var batch: Batch?
    private var lookup: HTTPExchangeID?
    private var registration: Registration?
    private var timer: TimerToken?

    package init(_ destination: StatsDSettings.Destination, reactor: Reactor, resolver: any HostResolver) {
        self.destination = destination
        self.reactor = reactor
        self.resolver = resolver
    }

    deinit {
        if let lookup { resolver.cancel(lookup) }
        if let registration { reactor.cancel(registration) }
        if let timer { reactor.cancel(timer) }
    }

    package func send(_ packets: [[UInt8]], completion: @escaping (DatagramResult) -> Void) {
        precondition(batch == nil, "one batch at a time")
        let isOpen = socket != nil
        batch = Batch(packets: packets, completion: completion, hasOldSocket: isOpen)
        if isOpen { sendPackets() } else { open() }
    }

    package func cancel() {
        batch = nil
        if let lookup { resolver.cancel(lookup) }
        lookup = nil
        stopWaiting()
        close()
    }

    /// Reports the batch's end from the loop.
    private func end(_ trouble: String? = nil) {
        guard let batch else { return }
        stopWaiting()
        if trouble != nil { close() }
        timer = reactor.schedule(after: .zero) { [weak self] in
            self?.timer = nil
            self?.batch = nil
            batch.completion(DatagramResult(sent: batch.sent, trouble: trouble ?? batch.trouble))
        }
    }

    private func stopWaiting() {
        if let registration { reactor.cancel(registration) }
        registration = nil
        if let timer { reactor.cancel(timer) }
        timer = nil
    }

    /// The receiver, for messages.
    private var name: String {
        switch destination {
        case .udp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path
        }
    }

    private func end(_ call: String, _ code: Int32) {
        end(trouble(call, code))
    }

    private func trouble(_ call: String, _ code: Int32) -> String {
        "\(name): \(SystemError(call: call, errno: code))"
    }
}

// MARK: - Opening

extension DatagramSocket {
    private func open() {
        switch destination {
        case .unix(let path): openUnix(path)
        case .udp(let host, let port):
            if let address = SocketAddress(host, port: port) {
                use([address])
            } else {
                find(host, port)
            }
        }
    }

    private func find(_ host: String, _ port: UInt16) {
        lookup = resolver.resolve(host, port: port, timeout: Self.maxLookup) { [weak self] result in
            self?.lookup = nil
            switch result {
            case .success(let addresses): self?.use(addresses)
            case .failure(let error): self?.end(error.message)
            }
        }
    }

    private func use(_ addresses: [SocketAddress]) {
        self.addresses = addresses
        addressIndex = 0
        openUDP()
    }

    /// Opens a socket to the first address from `addressIndex` on that the system has a way to.
    private func openUDP() {
        var code = EADDRNOTAVAIL
        while addressIndex < addresses.count {
            let address = addresses[addressIndex]
            code = connect(family: address.family, address.bytes)
            if code == 0 { return sendPackets() }
            addressIndex += 1
        }
        end(batch?.refusal ?? trouble("connect", code))
    }

    private func openUnix(_ path: String) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // unix(7): the path ends in a zero.
        let maxPath = MemoryLayout.size(ofValue: address.sun_path) - 1
        guard path.utf8.count <= maxPath, !path.isEmpty else { return end("connect", ENAMETOOLONG) }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let code = connect(family: AF_UNIX, unsafe withUnsafeBytes(of: &address) { unsafe Array($0) })
        if code == 0 { sendPackets() } else { end("connect", code) }
    }

    /// Makes `socket` one that leads there. Neither call blocks: these sockets have no handshake.
    ///
    /// - Returns: 0, or the errno of what failed.
    private func connect(family: Int32, _ address: [UInt8]) -> Int32 {
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let raw = Glibc.socket(family, type, 0)
        guard raw >= 0 else { return errno }
        let descriptor = OwnedDescriptor(raw)
        let result = unsafe address.withUnsafeBytes { bytes in
            unsafe Glibc.connect(
                raw,
                bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self),
                socklen_t(bytes.count)
            )
        }
        guard result == 0 else { return errno }
        socket = consume descriptor
        return 0
    }

    private func close() {
        if let registration { reactor.cancel(registration) }
        registration = nil
        socket = nil
    }
}

// MARK: - Sending

extension DatagramSocket {
    private func sendPackets() {
        while let packet = batch?.nextPacket, let descriptor = socket?.raw {
            let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
            let count = unsafe packet.withUnsafeBytes { bytes in
                unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, flags)
            }
            if count >= 0 {
                batch?.sent += 1
            } else if errno != EINTR {
                return sendingFailed(errno)
            }
        }
        // A machine that has no such port tells so behind the packet; over loopback, before send(2) returns.
        let code = pendingError()
        if code == 0 { end() } else { sendingFailed(code) }
    }

    private func sendingFailed(_ code: Int32) {
        switch code {
        case EAGAIN: wait()
        // The system is short of memory; more packets would not make it better.
        case ENOBUFS, ENOMEM: end()
        // Nobody has the port or the socket any more.
        case ECONNREFUSED, ECONNRESET, ENOTCONN, EPIPE: refused(code)
        // Too long for the way (EMSGSIZE), forbidden (EPERM, EACCES), no way (ENETUNREACH, EHOSTUNREACH) …
        default: end("send", code)
        }
    }

    /// Tries the next place where the receiver can be, if there is one.
    private func refused(_ code: Int32) {
        close()
        let trouble = trouble("send", code)
        if batch?.hasOldSocket == true {
            batch?.hasOldSocket = false
            // Another machine tells late: the batch before this one is lost, whoever takes this one.
            if case .udp = destination, batch?.sent == 0 { batch?.trouble = trouble }
            restart()
            open()
        } else {
            restart()
            if batch?.refusal == nil { batch?.refusal = trouble }
            addressIndex += 1
            if addressIndex < addresses.count { openUDP() } else { end(batch?.refusal) }
        }
    }

    /// Has all packets sent anew over UDP, where nobody has taken one.
    private func restart() {
        if case .udp = destination { batch?.sent = 0 }
    }

    /// The receiver's queue is full, or the machine's.
    private func wait() {
        guard let descriptor = socket?.raw else { return }
        do {
            registration = try reactor.poll(descriptor, for: .writable, mode: .oneShot, label: "statsd") {
                [weak self] _ in
                self?.registration = nil
                self?.stopWaiting()
                self?.sendPackets()
            }
        } catch {
            return end()
        }
        if timer == nil {
            timer = reactor.schedule(after: Self.maxWait) { [weak self] in
                guard let self else { return }
                timer = nil
                end("\(name): the receiver takes no packets")
            }
        }
    }

    /// Takes the socket's error, as socket(7) has it; 0 where there is none.
    private func pendingError() -> Int32 {
        guard let descriptor = socket?.raw else { return 0 }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno
    }
}
