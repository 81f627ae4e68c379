import CurlTransport
import Glibc
import HTTP
import Reactor
import Scheduling
import Telemetry
import TestSupport
import Testing

@testable import Sidecar

@Suite struct DatagramSocketTests {
    private let directory = TemporaryDirectory()
    private let resolver = FakeResolver()
    private var path: String { directory.path("statsd.socket") }
    private static let packets = (1...3).map { Array("packet \($0)\n".utf8) }

    private func socket(_ destination: StatsDSettings.Destination, _ reactor: Reactor) -> DatagramSocket {
        resolver.scheduler = reactor
        return DatagramSocket(destination, reactor: reactor, resolver: resolver)
    }

    /// Sends packets and runs the loop until their end.
    private func send(
        _ socket: DatagramSocket,
        _ reactor: Reactor,
        packets: [[UInt8]] = Self.packets
    ) throws -> DatagramResult {
        var result: DatagramResult?
        socket.send(packets) { result = $0 }
        #expect(result == nil, "the completion was called within the call")
        try reactor.tick { result != nil }
        return try #require(result)
    }

    @Test(arguments: BackendChoice.both)
    func packetsArriveOverAUnixSocket(backend: BackendChoice) throws {
        let reactor = try Reactor(backend: backend)
        let receiver = try #require(DatagramReceiver(.unix(path: path)))
        let socket = socket(.unix(path: path), reactor)
        #expect(try send(socket, reactor) == DatagramResult(sent: 3))
        #expect(receiver.packets() == Self.packets)
        #expect(try send(socket, reactor) == DatagramResult(sent: 3))
        #expect(receiver.packets() == Self.packets)
    }

    @Test(arguments: BackendChoice.both)
    func packetsArriveOverUDP(backend: BackendChoice) throws {
        let reactor = try Reactor(backend: backend)
        for (receiver, host) in [
            (DatagramReceiver(.loopback()), "127.0.0.1"), (DatagramReceiver(.loopback6()), "::1"),
        ] {
            // A machine without IPv6.
            guard let receiver else { continue }
            let socket = socket(.udp(host: host, port: receiver.port), reactor)
            #expect(try send(socket, reactor) == DatagramResult(sent: 3))
            #expect(receiver.packets() == Self.packets)
        }
        #expect(resolver.hosts.isEmpty)
    }

    @Test func nameIsLookedUpWithTheFirstPacket() throws {
        let reactor = try Reactor(backend: .epoll)
        let receiver = try #require(DatagramReceiver(.loopback()))
        resolver.addresses = ["127.0.0.1"]
        let socket = socket(.udp(host: "statsd", port: receiver.port), reactor)
        #expect(resolver.hosts.isEmpty)
        for _ in 0..<2 { #expect(try send(socket, reactor) == DatagramResult(sent: 3)) }
        #expect(resolver.hosts == ["statsd"])
        #expect(receiver.packets() == Self.packets + Self.packets)
    }

    @Test(arguments: BackendChoice.both)
    func nameIsLookedUpByCurl(backend: BackendChoice) throws {
        let reactor = try Reactor(backend: backend)
        let transport = try CurlTransport(reactor: reactor, options: .init(userAgent: "Test"))
        let receiver = try #require(DatagramReceiver(.loopback()))
        let socket = DatagramSocket(
            .udp(host: "localhost", port: receiver.port),
            reactor: reactor,
            resolver: transport
        )
        #expect(try send(socket, reactor) == DatagramResult(sent: 3))
        #expect(receiver.packets() == Self.packets)
    }

    /// A service that listens on one of its host's addresses only. No packet is lost, none comes twice.
    @Test func nextAddressIsTriedIfOneRefuses() throws {
        let reactor = try Reactor(backend: .epoll)
        guard let receiver = DatagramReceiver(.loopback6()) else { return }
        resolver.addresses = ["127.0.0.1", "::1"]
        let socket = socket(.udp(host: "localhost", port: receiver.port), reactor)
        #expect(try send(socket, reactor) == DatagramResult(sent: 3))
        #expect(receiver.packets() == Self.packets)
    }

    /// There is no way to the first address and to the last, and nobody is at the others.
    @Test func firstRefusalIsWhatIsSaid() throws {
        let reactor = try Reactor(backend: .epoll)
        let receiver = try #require(DatagramReceiver(.loopback()))
        receiver.close()
        resolver.addresses = ["255.255.255.255", "127.0.0.1", "127.0.0.2", "255.255.255.255"]
        let socket = socket(.udp(host: "statsd", port: receiver.port), reactor)
        let trouble = "statsd:\(receiver.port): send: ECONNREFUSED (Connection refused)"
        #expect(try send(socket, reactor) == DatagramResult(sent: 0, trouble: trouble))
    }

    @Test func addressWithoutAWayIsTrouble() throws {
        let reactor = try Reactor(backend: .epoll)
        // Only who asks for it may send to everybody.
        let socket = socket(.udp(host: "255.255.255.255", port: 8125), reactor)
        let result = try send(socket, reactor)
        #expect(result.sent == 0)
        #expect(result.trouble?.hasPrefix("255.255.255.255:8125: connect: E") == true, "\(result)")
    }

    @Test(arguments: [1, 3]) func refusalIsTrouble(packets: Int) throws {
        let reactor = try Reactor(backend: .epoll)
        let receiver = try #require(DatagramReceiver(.loopback()))
        receiver.close()
        let socket = socket(.udp(host: "127.0.0.1", port: receiver.port), reactor)
        let trouble = "127.0.0.1:\(receiver.port): send: ECONNREFUSED (Connection refused)"
        for _ in 0..<2 {
            let result = try send(socket, reactor, packets: Array(Self.packets.prefix(packets)))
            #expect(result == DatagramResult(sent: 0, trouble: trouble))
        }
        // The next packets find a receiver that has come back.
        let other = try #require(DatagramReceiver(.loopback(port: receiver.port)))
        #expect(try send(socket, reactor) == DatagramResult(sent: 3))
        #expect(other.packets() == Self.packets)
    }

    @Test func nameWithoutAddressIsTrouble() throws {
        let reactor = try Reactor(backend: .epoll)
        let socket = socket(.udp(host: "statsd", port: 8125), reactor)
        let trouble = "statsd:8125: no address is known for host statsd"
        for _ in 0..<2 { #expect(try send(socket, reactor) == DatagramResult(sent: 0, trouble: trouble)) }
        #expect(resolver.hosts == ["statsd", "statsd"])
    }

    /// Each row: what stands at the path, and what is said.
    @Test(arguments: [
        ("nothing", "connect: ENOENT (No such file or directory)"),
        ("file", "connect: ECONNREFUSED (Connection refused)"),
        ("closed", "connect: ECONNREFUSED (Connection refused)"),
    ])
    func missingSocketIsTrouble(_ row: (what: String, reason: String)) throws {
        let reactor = try Reactor(backend: .epoll)
        if row.what == "file" { directory.write("statsd.socket", "") }
        if row.what == "closed" { try #require(DatagramReceiver(.unix(path: path))).close() }
        let result = try send(socket(.unix(path: path), reactor), reactor)
        #expect(result == DatagramResult(sent: 0, trouble: "\(path): \(row.reason)"))
    }

    @Test func pathThatIsTooLongIsTrouble() throws {
        let reactor = try Reactor(backend: .epoll)
        let path = "/" + text(ofLength: 107)
        let result = try send(socket(.unix(path: path), reactor), reactor)
        #expect(result.trouble == "\(path): connect: ENAMETOOLONG (File name too long)")
    }

    /// More than the sockets hold: the rest goes when there is room.
    @Test(arguments: BackendChoice.both)
    func slowReceiverGetsEverything(backend: BackendChoice) throws {
        let reactor = try Reactor(backend: backend)
        let receiver = try #require(DatagramReceiver(.unix(path: path)))
        let socket = socket(.unix(path: path), reactor)
        let packets = (0..<2_000).map { [UInt8](repeating: UInt8($0 % 251), count: 8_192) }
        var result: DatagramResult?
        socket.send(packets) { result = $0 }
        try reactor.tickOver()
        #expect(result == nil)
        var received: [[UInt8]] = []
        while result == nil {
            received += receiver.packets()
            try reactor.tick()
        }
        received += receiver.packets()
        #expect(result == DatagramResult(sent: 2_000))
        #expect(received == packets)
    }

    @Test func cancelEndsTheWait() throws {
        let reactor = try Reactor(backend: .epoll)
        let receiver = try #require(DatagramReceiver(.unix(path: path)))
        let socket = socket(.unix(path: path), reactor)
        socket.send((0..<2_000).map { _ in [UInt8](repeating: 1, count: 8_192) }) { _ in
            Issue.record("the completion was called after the cancellation")
        }
        try reactor.tickOver()
        socket.cancel()
        _ = receiver.packets()
        try reactor.tickOver()
        #expect(try send(socket, reactor) == DatagramResult(sent: 3))
        #expect(receiver.packets() == Self.packets)
    }

    @Test func cancelEndsTheLookup() throws {
        let reactor = try Reactor(backend: .epoll)
        let transport = try CurlTransport(reactor: reactor, options: .init(userAgent: "Test"))
        let socket = DatagramSocket(
            .udp(host: "no-such-host.invalid", port: 1),
            reactor: reactor,
            resolver: transport
        )
        socket.send(Self.packets) { _ in Issue.record("the completion was called after the cancellation") }
        socket.cancel()
        try reactor.tickOver()
    }

    /// It makes its socket anew, under the same name.
    @Test func restartedReceiverIsFound() throws {
        let reactor = try Reactor(backend: .epoll)
        let first = try #require(DatagramReceiver(.unix(path: path)))
        let socket = socket(.unix(path: path), reactor)
        #expect(try send(socket, reactor) == DatagramResult(sent: 3))
        #expect(first.packets() == Self.packets)
        first.close()
        try #require(remove(path) == 0)
        let second = try #require(DatagramReceiver(.unix(path: path)))
        #expect(try send(socket, reactor) == DatagramResult(sent: 3))
        #expect(second.packets() == Self.packets)
    }

    /// All that a short job has to say.
    @Test(arguments: BackendChoice.both, StatsDSettings.Flavor.allCases)
    func lastFlushOfAnExporterArrives(backend: BackendChoice, flavor: StatsDSettings.Flavor) throws {
        let reactor = try Reactor(backend: backend)
        let receiver = try #require(DatagramReceiver(.unix(path: path)))
        let settings = StatsDSettings(destination: .unix(path: path), flavor: flavor)
        let exporter = StatsDExporter(
            settings,
            commonTags: [Tag(.service, "S")],
            scheduler: reactor,
            sender: socket(settings.destination, reactor),
            onTrouble: { Issue.record("\($0)") }
        )
        for metric in Metric.allCases {
            exporter.record(Measurement(metric, 7, metric.tags.map { Tag($0, "value") }))
        }
        var isFinished = false
        exporter.finish { isFinished = true }
        try reactor.tick { isFinished }
        #expect(receiver.lines().count == Metric.allCases.count)
    }
}

/// Answers look-ups in the next tick.
private final class FakeResolver: HostResolver {
    /// None: the host has no address.
    var addresses: [String] = []
    var scheduler: (any Scheduler)?
    private(set) var hosts: [String] = []

    func resolve(
        _ host: String,
        port: UInt16,
        timeout: Duration,
        completion: @escaping (Result<[SocketAddress], HTTPTransportError>) -> Void
    ) -> HTTPExchangeID {
        hosts.append(host)
        let found = addresses.compactMap { SocketAddress($0, port: port) }
        let message = "\(host):\(port): no address is known for host \(host)"
        let error = HTTPTransportError(kind: .nameResolution, message: message)
        scheduler?.schedule(after: .zero) { completion(found.isEmpty ? .failure(error) : .success(found)) }
        return HTTPExchangeID(rawValue: UInt64(hosts.count))
    }

    func cancel(_ lookup: HTTPExchangeID) {}
}
