import Glibc
import Testing

@testable import BenchHarness

@Suite struct TelemetryReceiverTests {
    private static let request = "POST /v1/logs HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"

    private func client(_ receiver: TelemetryReceiver, _ behaviour: TelemetryReceiver.Behaviour) throws
        -> LoopbackClient
    {
        try LoopbackClient(
            #require(receiver.url(behaviour).split(separator: ":").last.flatMap { UInt16($0) })
        )
    }

    @Test(
        arguments: [(.takes, "HTTP/1.1 200 OK\r\n"), (.fails, "HTTP/1.1 500 Internal Server Error\r\n")]
            as [(TelemetryReceiver.Behaviour, String)]
    )
    func requestsAreAnsweredAndCounted(_ behaviour: TelemetryReceiver.Behaviour, _ status: String) throws {
        let receiver = try TelemetryReceiver()
        defer { receiver.stop() }
        receiver.watch(getpid())
        let client = try client(receiver, behaviour)
        for _ in 1...2 {
            try client.send(Self.request)
            #expect(client.receive(status.utf8.count).hasPrefix(status))
        }
        let received = receiver.take()
        #expect(received.requests == 2)
        #expect(received.byteCount == 6)
        #expect(received.peakMemory > 1 << 20)
        #expect(receiver.take() == TelemetryReceiver.Received())
    }

    @Test func requestsThatAreNotAnsweredAreCounted() throws {
        let receiver = try TelemetryReceiver()
        defer { receiver.stop() }
        let client = try client(receiver, .hangs)
        try client.send(Self.request)
        var requests = 0
        while requests == 0 { requests = receiver.take().requests }
        #expect(requests == 1)
        receiver.stop()
    }

    @Test func datagramsAreCounted() throws {
        let receiver = try TelemetryReceiver()
        defer { receiver.stop() }
        let client = try LoopbackClient(receiver.datagramPort, datagrams: true)
        try client.send("a:1|c\n")
        try client.send("b:1|c\n")
        let received = receiver.take()
        #expect(received.datagrams == 2)
        #expect(received.byteCount == 12)
    }

    @Test func connectionsAreRefused() throws {
        let receiver = try TelemetryReceiver()
        defer { receiver.stop() }
        #expect(throws: LoopbackClient.Refused(errno: ECONNREFUSED)) {
            try LoopbackClient(receiver.refusingPort)
        }
    }
}
