import HTTP
import Reactor
import Testing

@testable import CurlTransport

/// How connections live on between exchanges.
@Suite struct ConnectionReuseTests {
    @Test(arguments: drivers)
    func exchangesInARowShareOneConnection(driver: BackendChoice) throws {
        let server = LoopbackServer { connection in
            while connection.readRequest() != nil { connection.answer(body: "\(connection.number)") }
        }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        for method in ["PUT", "GET", "POST", "HEAD", "PUT"] {
            let body: [UInt8]? = method == "PUT" ? Array("{}".utf8) : nil
            // The server answers HEAD with a body, which costs the connection; leave it out.
            if method == "HEAD" { continue }
            #expect(try loop.exchange(request(method, server.url, body: body)).get().body == Array("1".utf8))
            #expect(loop.transport.isIdle)
        }
        #expect(server.acceptedCount == 1)
    }

    /// A connection is found again by its ends, whatever their addresses look like.
    @Test func connectionsOverIPv6AreSharedToo() throws {
        guard let socket = listenOnIPv6() else { return }
        let server = LoopbackServer(on: socket) { connection in
            while connection.readRequest() != nil { connection.answer() }
        }
        defer { server.stop() }
        let loop = try TestLoop(.automatic)
        for _ in 0..<3 {
            #expect(try loop.exchange(request("GET", "http://[::1]:\(server.port)/")).get().status == 200)
        }
        #expect(server.acceptedCount == 1)
    }

    @Test(arguments: drivers, ["GET", "PUT", "POST"])
    func aConnectionThatWasClosedInTheMeantimeIsReplaced(driver: BackendChoice, method: String) throws {
        let isClosed = Signal()
        let server = LoopbackServer.closingItsFirstConnection(isClosed)
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let body: [UInt8]? = method == "GET" ? nil : [1, 2, 3]
        #expect(try loop.exchange(request(method, server.url, body: body)).get().body == Array("1".utf8))
        isClosed.wait()
        #expect(try loop.exchange(request(method, server.url, body: body)).get().body == Array("2".utf8))
    }

    /// The close and the next request cross on their way: the request is sent, body and all, but nobody reads it.
    @Test(arguments: drivers, [HTTPMethodCase.get, .put, .largePut])
    func aConnectionThatDiesUnderTheNextRequestIsReplaced(driver: BackendChoice, method: HTTPMethodCase)
        throws
    {
        let bodies = Recorder<[UInt8]>()
        let server = LoopbackServer { connection in
            while let request = connection.readRequest() {
                bodies.append(request.body)
                if connection.number == 1 && bodies.all.count == 2 { return }
                connection.answer(body: "\(connection.number)")
            }
        }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let sent = request(method.name, server.url, body: method.body)
        #expect(try loop.exchange(sent).get().body == Array("1".utf8))
        #expect(try loop.exchange(sent).get().body == Array("2".utf8))
        #expect(bodies.all == Array(repeating: method.body ?? [], count: 3))
    }

    enum HTTPMethodCase: CaseIterable, Sendable {
        case get, put, largePut

        var name: String { self == .get ? "GET" : "PUT" }

        var body: [UInt8]? {
            switch self {
            case .get: nil
            case .put: Array("{}".utf8)
            case .largePut: [UInt8](repeating: 7, count: 300_000)
            }
        }
    }

    /// The server can have acted on what it has read, so only the caller can decide to send it again.
    ///
    /// libcurl 7.88.1 repeats any request by itself, up to five times (`Curl_retry_request` in lib/transfer.c).
    @Test(arguments: drivers, PostBody.allCases)
    func aPostThatWasReadIsNotSentAgain(driver: BackendChoice, body: PostBody) throws {
        let bodies = Recorder<[UInt8]>()
        let server = LoopbackServer { connection in
            while let request = connection.readRequest() {
                bodies.append(request.body)
                // The second request on a connection gets no answer.
                if bodies.all.count.isMultiple(of: 2) { return }
                connection.answer()
            }
        }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        for _ in 0..<2 {
            #expect(try loop.exchange(body.request(server.url)).get().status == 200)
            let error = try loop.failure(body.request(server.url))
            #expect(error.kind == .interrupted)
            #expect(error.message == "127.0.0.1:\(server.port): the connection was closed without an answer")
        }
        #expect(bodies.all == Array(repeating: body.bytes, count: 4))
        try loop.settle()
    }

    enum PostBody: CaseIterable, Sendable {
        case none, short, large, generated, chunked

        var bytes: [UInt8] {
            switch self {
            case .none: []
            case .short: Array("{}".utf8)
            case .large, .generated, .chunked: PatternSource.bytes(100_000)
            }
        }

        func request(_ url: String) -> HTTPRequest {
            let source = PatternSource(100_000)
            return switch self {
            case .none: CurlTransportTests.request("POST", url)
            case .short, .large: CurlTransportTests.request("POST", url, body: bytes)
            case .generated: CurlTransportTests.request("POST", url, body: source.body(count: 100_000))
            case .chunked: CurlTransportTests.request("POST", url, body: source.body(count: nil))
            }
        }
    }

    @Test func aCancelledExchangeTakesItsConnectionWithIt() throws {
        let arrived = Signal()
        let ended = Signal()
        let server = LoopbackServer { connection in
            while connection.readRequest() != nil {
                guard connection.number == 1 else {
                    connection.answer()
                    continue
                }
                arrived.fire()
                connection.waitForEnd()
                ended.fire()
            }
        }
        defer { server.stop() }
        let loop = try TestLoop(.automatic)
        let id = loop.transport.send(request("GET", server.url)) { _ in Issue.record("called after cancel") }
        try loop.run(until: arrived)
        loop.transport.cancel(id)
        try loop.run(until: ended)
        #expect(try loop.exchange(request("GET", server.url)).get().status == 200)
        #expect(server.acceptedCount == 2)
    }
}
