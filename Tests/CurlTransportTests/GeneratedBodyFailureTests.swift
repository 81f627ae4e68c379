import Glibc
import HTTP
import Reactor
import TestSupport
import Testing

@testable import CurlTransport

/// Bodies that cannot be made, are not as long as announced, or are not wanted.
@Suite struct GeneratedBodyFailureTests {
    /// More than any socket buffers, so that the sender always is in the middle of it.
    private static let large = 64 * 1024 * 1024

    /// Records what it has got of each body when the connection ended, and says so.
    private final class RecordingServer: Sendable {
        let received = Recorder<[UInt8]>()
        let ended = Signal()
        let server: LoopbackServer

        init() {
            let (received, ended) = (received, ended)
            server = LoopbackServer { connection in
                var bytes: [UInt8] = []
                if connection.readHead() != nil {
                    while case let piece = connection.readSome(65536), !piece.isEmpty { bytes += piece }
                }
                received.append(bytes)
                ended.fire()
            }
        }

        var url: String { server.url }
        func stop() { server.stop() }
    }

    @Test(arguments: drivers, [500_000, nil] as [Int64?])
    func aReaderCanGiveUpInTheMiddle(driver: BackendChoice, count: Int64?) throws {
        let server = RecordingServer()
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let source = PatternSource(500_000, failure: (200_000, HTTPBodyError("jobOutput.json has changed")))
        let error = try loop.failure(request("PUT", server.url, body: source.body(count: count)))
        #expect(error.kind == .bodyUnavailable)
        #expect(!error.isTemporary)
        let host = "127.0.0.1:\(server.server.port)"
        #expect(error.message == "\(host): the request's body is not available: jobOutput.json has changed")
        try loop.settle()
        server.ended.wait()
        let bytes = try #require(server.received.all.first)
        #expect(bytes.count <= 200_000)
        #expect(bytes.suffix(5) != Array("0\r\n\r\n".utf8)[...])
        #expect(source.log.all.count { $0 == .made } == 1)
        #expect(source.log.all.last == .released)
    }

    @Test(arguments: drivers, [0, 10, nil] as [Int64?])
    func aReaderThatCannotBeMadeEndsTheExchange(driver: BackendChoice, count: Int64?) throws {
        let server = RecordingServer()
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let body = HTTPGeneratedBody(count: count) { () throws(HTTPBodyError) in
            throw HTTPBodyError("no such file")
        }
        let error = try loop.failure(request("PUT", server.url, body: body))
        #expect(error.kind == .bodyUnavailable)
        #expect(error.message.hasSuffix(": no such file"))
        try loop.settle()
        // Where none is announced, nothing is asked of the server at all; else not even the body's end comes.
        guard count != 0 else { return }
        server.ended.wait()
        #expect(server.received.all == [[]])
    }

    /// The server never sees as many bytes as were announced.
    @Test(
        arguments: drivers,
        [
            (0, 1), (65535, 65536), (65536, 65537), (199_999, 200_000), (1, 0), (2, 1), (65537, 65536),
            (200_001, 200_000), (300_000, 200_000),
        ]
    )
    func aWrongLengthIsNoRequest(driver: BackendChoice, lengths: (given: Int, announced: Int)) throws {
        let server = RecordingServer()
        defer { server.stop() }
        let loop = try TestLoop(driver)
        for piece in [nil, 1000] {
            let source = PatternSource(lengths.given, piece: piece)
            let body = source.body(count: Int64(lengths.announced))
            let error = try loop.failure(request("PUT", server.url, body: body))
            #expect(error.kind == .bodyUnavailable)
            let reason =
                lengths.given < lengths.announced
                ? "it has ended after \(lengths.given) of \(lengths.announced) bytes"
                : "it is longer than the \(lengths.announced) bytes that were announced"
            #expect(error.message.hasSuffix(": \(reason)"), "\(error.message)")
            if lengths.announced > 0 { server.ended.wait() }
        }
        try loop.settle()
        #expect(server.received.all.count == (lengths.announced > 0 ? 2 : 0))
        #expect(server.received.all.allSatisfy { $0.count < lengths.announced })
    }

    @Test func aNegativeLengthIsRefused() throws {
        let loop = try TestLoop(.automatic)
        let body = PatternSource(1).body(count: -1)
        let error = try loop.failure(request("PUT", "http://127.0.0.1/", body: body))
        #expect(error.kind == .invalidRequest)
        #expect(error.message == "127.0.0.1:80: a body of -1 bytes cannot be sent")
    }

    @Test func piecesAreBounded() throws {
        let server = RecordingServer()
        defer { server.stop() }
        let loop = try TestLoop(.automatic)
        let source = PatternSource(1_000_000, piece: HTTPGeneratedBody.maximumPieceBytes + 1)
        let error = try loop.failure(request("PUT", server.url, body: source.body(count: nil)))
        #expect(error.kind == .bodyUnavailable)
        #expect(error.message.hasSuffix(": its reader gave 262145 bytes at once, more than 262144"))
    }

    /// Nobody takes the rest of the body.
    @Test(arguments: drivers, [Body.known, .chunked, .bytes])
    func anEarlyRefusalEndsTheBody(driver: BackendChoice, body: Body) throws {
        let server = LoopbackServer { connection in
            guard connection.readHead() != nil else { return }
            connection.answer("413 Content Too Large", headers: ["Connection: close"], body: "no")
            connection.waitUnread()
        }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        for _ in 0..<2 {
            let response = try loop.exchange(body.request(server.url, Self.large)).get()
            #expect(response.status == 413)
            #expect(response.body == Array("no".utf8))
        }
        try loop.settle()
        #expect(server.acceptedCount == 2)
    }

    /// The server closes, on bytes that it has not read, once its answer has come. What libcurl had still to send
    /// fails then, which must not hide the answer.
    @Test(
        arguments: drivers,
        [
            (Body.known, "Content-Length: 2\r\n"), (.chunked, "Content-Length: 2\r\n"),
            (.bytes, "Content-Length: 2\r\n"), (.known, ""), (.chunked, ""), (.bytes, ""),
        ]
    )
    func anEarlyRefusalCountsThoughTheServerHangsUp(
        driver: BackendChoice,
        request: (body: Body, length: String)
    ) throws {
        let (body, length) = request
        let go = Signal()
        let answered = Signal()
        let server = LoopbackServer { connection in
            guard connection.readHead() != nil else { return }
            go.wait()
            connection.write("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n\(length)\r\nno")
            answered.fire()
            go.wait()
            connection.reset()
        }
        defer { server.stop() }
        // Whatever happens, it waits no longer.
        defer { for _ in 0..<2 { go.fire() } }
        let loop = try TestLoop(driver)
        var outcome: Outcome?
        _ = loop.transport.send(body.request(server.url, Self.large)) { outcome = $0 }
        try loop.runUntilQuiet()
        go.fire()
        try loop.run(until: answered)
        try loop.runUntilQuiet()
        go.fire()
        try loop.run { outcome != nil }
        let response = try #require(try outcome?.get())
        #expect(response.status == 413)
        #expect(response.body == Array("no".utf8))
        try loop.settle()
    }

    /// Answer and reset arrive when libcurl has looked for an answer, and before it sends on. It gives up then, with the
    /// answer unread.
    @Test(arguments: drivers, ["407 Proxy Authentication Required", "302 Found", "200 OK"])
    func anAnswerThatIsLeftUnreadCounts(driver: BackendChoice, status: String) throws {
        let isWanted = Signal()
        let isSent = Signal()
        let server = LoopbackServer { connection in
            guard connection.readHead() != nil else { return }
            isWanted.wait()
            connection.write("HTTP/1.1 \(status)\r\nX-Cause: test\r\nContent-Length: 100\r\n\r\nbeginning")
            connection.reset()
            isSent.fire()
        }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let source = PatternSource(Self.large)
        let body = HTTPGeneratedBody(count: nil) { () throws(HTTPBodyError) in
            let reader = try source.body(count: nil).makeReader()
            var calls = 0
            return { (piece, limit) throws(HTTPBodyError) in
                calls += 1
                if calls == 2 {
                    isWanted.fire()
                    isSent.wait()
                }
                try reader(&piece, limit)
            }
        }
        let outcome = try loop.exchange(request("POST", server.url, body: body))
        try loop.settle()
        guard !status.hasPrefix("200") else {
            #expect(throws: HTTPTransportError.self) { try outcome.get() }
            return
        }
        let response = try outcome.get()
        #expect(response.status == Int(status.prefix(3)))
        #expect(response.header("X-Cause") == "test")
        #expect(response.body == Array("beginning".utf8))
    }

    /// Who is content without the end of a body has not taken it.
    @Test(arguments: drivers, [Body.known, .chunked, .bytes])
    func anEarlySuccessIsNone(driver: BackendChoice, body: Body) throws {
        let server = LoopbackServer { connection in
            guard connection.readHead() != nil else { return }
            connection.answer("201 Created", headers: ["Connection: close"])
            connection.waitUnread()
        }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let error = try loop.failure(body.request(server.url, Self.large))
        #expect(error.kind == .interrupted)
        let reason = "the answer was 201 before all of the request was sent"
        #expect(error.message == "127.0.0.1:\(server.port): \(reason)")
        #expect(error.answer?.status == 201)
        try loop.settle()
    }

    @Test(arguments: drivers)
    func aStallEndsTheExchange(driver: BackendChoice) throws {
        let server = LoopbackServer { connection in
            _ = connection.readHead()
            connection.waitUnread()
        }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let source = PatternSource(Self.large)
        let error = try loop.failure(
            request("PUT", server.url, body: source.body(count: nil), stallTimeout: .milliseconds(50))
        )
        #expect(error.kind == .timeout)
        #expect(
            error.message
                == "127.0.0.1:\(server.port): timed out (no byte was sent or received for 0.05 seconds)"
        )
        #expect(source.log.all.last == .released)
        try loop.settle()
    }

    /// The span begins anew with all that moves: here a server takes its time, but not a whole span at once.
    @Test func whatMovesIsNoStall() throws {
        let length = 256 * 1024 * 1024
        let step = Signal()
        let isOver = Recorder<Bool>()
        let server = LoopbackServer { connection in
            guard connection.readHead() != nil else { return }
            var left = length
            while left > 0 {
                if isOver.all.isEmpty { step.wait() }
                var more = min(left, 2 * 1024 * 1024)
                left -= more
                while more > 0, case let count = connection.readSome(min(more, 65536)).count, count > 0 {
                    more -= count
                }
            }
            connection.answer()
        }
        defer { server.stop() }
        // Whatever happens, it waits no longer.
        defer {
            isOver.append(true)
            step.fire()
        }
        let loop = try TestLoop(.automatic)
        let stall = Duration.seconds(1)
        loop.reactor.schedule(after: stall * 2.5) { isOver.append(true) }
        func takeStep() {
            step.fire()
            guard isOver.all.isEmpty else { return }
            loop.reactor.schedule(after: .milliseconds(40), handler: takeStep)
        }
        takeStep()
        let body = CountingBody(length).generated
        let response = try loop.exchange(request("PUT", server.url, body: body, stallTimeout: stall))
        #expect(try response.get().status == 200)
        #expect(!isOver.all.isEmpty)
    }

    enum Body: Sendable {
        case known, chunked, bytes

        func request(_ url: String, _ length: Int) -> HTTPRequest {
            switch self {
            case .known: CurlTransportTests.request("PUT", url, body: CountingBody(length).generated)
            case .chunked: CurlTransportTests.request("PUT", url, body: CountingBody(length).chunked)
            case .bytes: CurlTransportTests.request("PUT", url, body: [UInt8](repeating: 0, count: length))
            }
        }
    }
}
