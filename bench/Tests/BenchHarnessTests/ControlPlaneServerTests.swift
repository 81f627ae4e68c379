import ControlPlane
import Scheduling
import Testing

@testable import BenchHarness

@Suite struct ControlPlaneServerTests {
    private static let answer = "HTTP/1.1 204 No Content\r\n\r\n"

    private func request(_ name: String) -> String {
        let body = #"{"workloadId":"w"}"#
        return "PUT /api/v1/workload/\(name) HTTP/1.1\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private func server() throws -> ControlPlaneServer {
        try ControlPlaneServer(keptBody: Harness.keptBody) { ObjectStoreRouter() }
    }

    /// The server's calls once so many have come.
    private func calls(_ count: Int, _ server: ControlPlaneServer) -> [ReceivedCall] {
        var calls: [ReceivedCall] = []
        while calls.count < count { calls += server.takeCalls() }
        return calls
    }

    @Test(arguments: [0, 0.03])
    func requestsAreAnsweredInTheirOrderAtAnyDistance(distance: Double) throws {
        let server = try server()
        try server.start()
        defer { server.stop() }
        server.setDistance(.seconds(distance))
        let client = try LoopbackClient(server.port)
        let first = Instant.now
        // In two pieces, the second with the beginning of the next request.
        let text = request("running") + request("heartbeat")
        try client.send(String(text.prefix(70)))
        try client.send(String(text.dropFirst(70).prefix(60)))
        #expect(client.receive(Self.answer.utf8.count) == Self.answer)
        let second = Instant.now
        try client.send(String(text.dropFirst(130)))
        #expect(client.receive(Self.answer.utf8.count) == Self.answer)
        // The last request is not lost where the end of the connection follows at once.
        let third = Instant.now
        try client.send(request("success"))
        client.finish()
        #expect(client.receive() == Self.answer)

        let calls = calls(3, server)
        #expect(calls.map(\.kind) == [.running, .heartbeat, .success])
        #expect(calls.map(\.numberOnConnection) == [1, 2, 3])
        for (call, sent) in zip(calls, [first, second, third]) {
            #expect(call.arrival.seconds(since: sent) >= distance)
        }
    }

    @Test func aConnectionKeepsItsDistance() throws {
        let server = try server()
        try server.start()
        defer { server.stop() }
        server.setDistance(.milliseconds(30))
        let far = try LoopbackClient(server.port)
        try far.send(request("running"))
        #expect(far.receive(Self.answer.utf8.count) == Self.answer)
        server.setDistance(.zero)
        let sent = Instant.now
        try far.send(request("success"))
        #expect(far.receive(Self.answer.utf8.count) == Self.answer)
        #expect(calls(2, server)[1].arrival.seconds(since: sent) >= 0.03)
    }

    @Test func nonsenseFromAfarIsAViolation() throws {
        let server = try server()
        try server.start()
        defer { server.stop() }
        server.setDistance(.milliseconds(1))
        let client = try LoopbackClient(server.port)
        try client.send("GET /\r\n\r\n")
        #expect(client.receive() == "")
        #expect(calls(1, server)[0].kind == .violation)
    }

    @Test func aLongBodyIsCountedAndNotHeld() throws {
        let server = try server()
        try server.start()
        defer { server.stop() }
        let client = try LoopbackClient(server.port)
        let count = 4 << 20
        let body = #"{"workloadId":"w","output":""# + String(repeating: "x", count: count - 30) + #""}"#
        try client.send(
            "POST /api/v1/workload_output/write HTTP/1.1\r\nContent-Length: \(count)\r\n\r\n\(body)"
        )
        #expect(client.receive(Self.answer.utf8.count) == Self.answer)
        let call = calls(1, server)[0]
        #expect(call.kind == .writeOutput)
        #expect(call.workloadID == "w")
        #expect(call.byteCount == count)
        #expect(call.body.count == Harness.keptBody)
        #expect(!call.isWhole)
    }

    /// SHA-256 of "abc" (FIPS 180-4), MD5 of "abc" in Base64 (RFC 1321).
    @Test(arguments: [
        ("x-amz-content-sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("Content-MD5", "kAFQmDzST7DWlj99KOF/cg=="),
    ])
    func aBodyHasTheDigestThatItsRequestNames(field: String, digest: String) throws {
        let server = try server()
        try server.start()
        defer { server.stop() }
        let client = try LoopbackClient(server.port)
        for body in ["abc", "abd"] {
            try client.send(
                "PUT /workload-output/k HTTP/1.1\r\n\(field): \(digest)\r\nContent-Length: 3\r\n\r\n\(body)"
            )
        }
        client.finish()
        #expect(client.receive().contains("HTTP/1.1 400 "))
        #expect(calls(2, server).map(\.kind) == [.putObject, .violation])
    }
}
