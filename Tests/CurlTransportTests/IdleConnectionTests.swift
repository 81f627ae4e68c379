import Reactor
import Testing

@testable import CurlTransport

/// What comes on a connection between two exchanges belongs to neither of them.
///
/// libcurl 7.88.1 takes it for the answer to the next request: it looks for the end of an idle connection only.
@Suite struct IdleConnectionTests {
    private static let gone = "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"

    /// Answers each request with its connection's number. On the first connection, the stray bytes follow once the
    /// signal has come.
    private final class StrayServer: Sendable {
        let server: LoopbackServer
        let isIdle = Signal()
        let hasSent = Signal()
        let requests = Recorder<[UInt8]>()

        init(_ stray: String, answer: String = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1") {
            let (isIdle, hasSent, requests) = (isIdle, hasSent, requests)
            server = LoopbackServer { connection in
                while let request = connection.readRequest() {
                    requests.append(request.body)
                    guard connection.number == 1 else {
                        connection.answer(body: "\(connection.number)")
                        continue
                    }
                    connection.write(answer)
                    isIdle.wait()
                    connection.write(stray)
                    hasSent.fire()
                }
            }
        }

        func stop() {
            isIdle.fire()
            server.stop()
        }
    }

    @Test(arguments: drivers, ["GET", "PUT", "POST"])
    func bytesBetweenRequestsAnswerNone(driver: BackendChoice, method: String) throws {
        let server = StrayServer(Self.gone)
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let sent = request(method, server.server.url, body: method == "GET" ? nil : [1, 2, 3])
        #expect(try loop.exchange(sent).get().body == Array("1".utf8))
        server.isIdle.fire()
        server.hasSent.wait()
        for _ in 0..<3 { #expect(try loop.exchange(sent).get().body == Array("2".utf8)) }
        // The first connection got nothing more, and the second one is used as any other.
        #expect(server.server.acceptedCount == 2)
        #expect(server.requests.all.count == 4)
        try loop.settle()
    }

    @Test(arguments: ["0\r\n\r\n", "\r\n", "x", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"])
    func fewAndOddBytesAnswerNoneEither(stray: String) throws {
        let server = StrayServer(stray)
        defer { server.stop() }
        let loop = try TestLoop(.automatic)
        #expect(try loop.exchange(request("POST", server.server.url, body: [1])).get().body == [0x31])
        server.isIdle.fire()
        server.hasSent.wait()
        let body = PatternSource(100_000).body(count: nil)
        #expect(try loop.exchange(request("POST", server.server.url, body: body)).get().body == [0x32])
        #expect(server.requests.all.map(\.count) == [1, 100_000])
    }

    /// 204 has no body, so the end of a chunked one belongs to nothing. Where it comes late, it can also meet the next
    /// request on its way: such a connection is not used again.
    @Test(
        arguments: drivers,
        ["204 No Content\r\nTransfer-Encoding: chunked", "204 No Content\r\nContent-Length: 5"]
    )
    func aConnectionWithADoubtfulEndIsNotUsedAgain(driver: BackendChoice, head: String) throws {
        let server = StrayServer("0\r\n\r\n", answer: "HTTP/1.1 \(head)\r\n\r\n")
        defer { server.stop() }
        let loop = try TestLoop(driver)
        #expect(try loop.exchange(request("PUT", server.server.url, body: [1])).get().status == 204)
        #expect(try loop.exchange(request("PUT", server.server.url, body: [1])).get().body == [0x32])
        try loop.settle()
    }

    @Test(arguments: drivers)
    func aConnectionToAProxyIsLookedAtToo(driver: BackendChoice) throws {
        let server = StrayServer(Self.gone)
        defer { server.stop() }
        let options = CurlTransport.Options(userAgent: "Test", httpProxy: server.server.url)
        let loop = try TestLoop(driver, options)
        let sent = request("PUT", "http://api.invalid/", body: [1])
        #expect(try loop.exchange(sent).get().body == Array("1".utf8))
        server.isIdle.fire()
        server.hasSent.wait()
        for _ in 0..<2 { #expect(try loop.exchange(sent).get().body == Array("2".utf8)) }
        #expect(server.server.acceptedCount == 2)
    }

    // MARK: TLS

    private static func loop(for server: TLSServer) throws -> TestLoop {
        try TestLoop(.automatic, .init(userAgent: "Test", certificateFile: server.certificateFile))
    }

    /// The number of the connection on which the server has answered.
    private func connection(_ loop: TestLoop, _ url: String) throws -> String? {
        let response = try loop.exchange(request("GET", url)).get()
        #expect(response.status == 200)
        #expect(response.header("X-Protocol") == "TLSv1.3")
        return response.header("X-Connection")
    }

    /// A server sends its session tickets behind the handshake: they make the socket readable, but are read together
    /// with the first answer.
    @Test func sessionTicketsDoNotCostAConnection() throws {
        let server = try TLSServer()
        defer { server.stop() }
        let loop = try Self.loop(for: server)
        for _ in 0..<5 { #expect(try connection(loop, server.url) == "1") }
    }

    /// In a record of their own, which waits in the socket.
    @Test func lateBytesOnATLSConnectionAnswerNone() throws {
        let server = try TLSServer()
        defer { server.stop() }
        let loop = try Self.loop(for: server)
        #expect(try connection(loop, server.url + "/late") == "1")
        #expect(try connection(Self.loop(for: server), server.url + "/sent") == "2")
        for _ in 0..<2 { #expect(try connection(loop, server.url) == "3") }
    }

    /// In the record of the answer's last bytes: OpenSSL has read them, and the socket is not readable.
    @Test func bytesInTheSameRecordAnswerNone() throws {
        let server = try TLSServer()
        defer { server.stop() }
        let loop = try Self.loop(for: server)
        #expect(try connection(loop, server.url + "/excess") == "1")
        for _ in 0..<2 { #expect(try connection(loop, server.url) == "2") }
    }
}
