import Glibc
import HTTP
import Reactor
import Testing

@testable import CurlTransport

/// What ends an exchange without an answer, and how it is called.
@Suite struct FailureTests {
    /// Reads one request on each connection, then does what the script says.
    private static func server(_ script: @escaping @Sendable (ServerConnection) -> Void) -> LoopbackServer {
        LoopbackServer { connection in
            guard connection.readRequest() != nil else { return }
            script(connection)
        }
    }

    @Test(arguments: drivers)
    func aClosedPortIsAConnectFailure(driver: BackendChoice) throws {
        let (descriptor, port) = listen(backlog: 1)
        close(descriptor)
        let loop = try TestLoop(driver)
        let error = try loop.failure(request("GET", "http://user:secret@127.0.0.1:\(port)/path?key=secret"))
        #expect(error.kind == .connect)
        #expect(error.message == "127.0.0.1:\(port): cannot connect (Connection refused)")
        try loop.settle()
    }

    @Test(arguments: drivers)
    func aNameWithoutAddressIsAResolutionFailure(driver: BackendChoice) throws {
        let loop = try TestLoop(driver)
        // RFC 6761, section 6.4: no name below .invalid has an address.
        let error = try loop.failure(request("GET", "http://no-such-host.invalid:81/path"))
        #expect(error.kind == .nameResolution)
        #expect(error.message == "no-such-host.invalid:81: no address is known for host no-such-host.invalid")
        try loop.settle()
    }

    @Test(arguments: drivers)
    func silenceEndsWithTheWholeTimeout(driver: BackendChoice) throws {
        let server = Self.server { $0.waitForEnd() }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let error = try loop.failure(request("GET", server.url, totalTimeout: .milliseconds(50)))
        #expect(error.kind == .timeout)
        #expect(error.message.hasPrefix("127.0.0.1:\(server.port): timed out (Operation timed out after "))
        try loop.settle()
    }

    @Test(arguments: drivers)
    func anAnswerThatNeverEndsIsStillTimedOut(driver: BackendChoice) throws {
        let server = Self.server { connection in
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbeginning")
            connection.waitForEnd()
        }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let error = try loop.failure(request("GET", server.url, totalTimeout: .milliseconds(50)))
        #expect(error.kind == .timeout)
        try loop.settle()
    }

    /// A listener whose queue is full lets connection attempts hang.
    @Test(arguments: drivers)
    func aConnectionThatDoesNotComeAboutIsTimedOut(driver: BackendChoice) throws {
        let (listener, port) = listen(backlog: 0)
        let fillers = (0..<4).map { _ in connectToLoopback(port: port, blocking: false) }
        defer { for descriptor in fillers + [listener] { close(descriptor) } }
        let loop = try TestLoop(driver)
        let error = try loop.failure(
            request("GET", "http://127.0.0.1:\(port)/", connectTimeout: .milliseconds(50))
        )
        #expect(error.kind == .timeout)
        // libcurl says it in one of two ways, depending on where it notices.
        let ways = ["Failed to connect to 127.0.0.1 ", "Connection timeout after "]
        #expect(ways.contains { error.message.hasPrefix("127.0.0.1:\(port): timed out (\($0)") })
        try loop.settle()
    }

    @Test(arguments: drivers)
    func aCutBodyIsAnInterruption(driver: BackendChoice) throws {
        let server = Self.server { $0.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive.") }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let error = try loop.failure(request("GET", server.url))
        #expect(error.kind == .interrupted)
        #expect(error.message.contains("in the middle of the answer"))
        try loop.settle()
    }

    @Test(
        arguments: drivers,
        ["HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc"]
    )
    func aCutHeadOrChunkIsAnInterruption(driver: BackendChoice, answer: String) throws {
        let server = Self.server { $0.write(answer) }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        #expect(try loop.failure(request("GET", server.url)).kind == .interrupted)
        try loop.settle()
    }

    @Test(arguments: drivers)
    func noAnswerAtAllIsAnInterruption(driver: BackendChoice) throws {
        let server = Self.server { _ in }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let error = try loop.failure(request("PUT", server.url, body: [1]))
        #expect(error.kind == .interrupted)
        #expect(error.message == "127.0.0.1:\(server.port): the connection was closed without an answer")
        // A fresh connection's failure is the caller's to repeat.
        #expect(server.acceptedCount == 1)
        try loop.settle()
    }

    @Test(arguments: drivers)
    func aResetIsAnInterruption(driver: BackendChoice) throws {
        let server = Self.server { $0.reset() }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let error = try loop.failure(request("GET", server.url))
        #expect(error.kind == .interrupted)
        #expect(error.message.hasSuffix("(Connection reset by peer)"))
        try loop.settle()
    }

    @Test(
        arguments: drivers,
        [
            "SSH-2.0-OpenSSH_9.2\r\n", "\u{0}\u{1}\u{2}",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        ]
    )
    func whatIsNotHTTPIsAViolation(driver: BackendChoice, answer: String) throws {
        let server = Self.server { connection in
            connection.write(answer)
        }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        #expect(try loop.failure(request("GET", server.url)).kind == .protocolViolation)
        try loop.settle()
    }

    /// Neither an error of our own nor a SIGPIPE, which would end the test's process.
    @Test(arguments: drivers, [true, false])
    func aPeerThatHangsUpWhileWeSendIsAnInterruption(driver: BackendChoice, reset: Bool) throws {
        let server = LoopbackServer { connection in
            _ = connection.readHead()
            if reset { connection.reset() }
        }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let body = [UInt8](repeating: 1, count: 20_000_000)
        #expect(try loop.failure(request("PUT", server.url, body: body)).kind == .interrupted)
        try loop.settle()
    }

    /// The server does not want the body: what it says counts, and its connection is not used again.
    @Test(arguments: drivers)
    func anAnswerBeforeTheEndOfTheBodyCounts(driver: BackendChoice) throws {
        let server = LoopbackServer { connection in
            guard connection.readHead() != nil else { return }
            connection.answer("413 Content Too Large", body: "no")
            connection.waitForEnd()
        }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let body = [UInt8](repeating: 1, count: 20_000_000)
        for _ in 0..<2 {
            let response = try loop.exchange(request("PUT", server.url, body: body)).get()
            #expect(response.status == 413)
            #expect(response.body == Array("no".utf8))
        }
        #expect(server.acceptedCount == 2)
        try loop.settle()
    }

    /// How a transfer can end after the head of its answer.
    enum Ending: CaseIterable, Sendable {
        case reset, close, silence, badChunk, overlong

        func play(_ connection: ServerConnection, _ status: String, _ isRead: Signal) {
            let framing =
                switch self {
                case .badChunk: "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"
                case .overlong: "Content-Length: 5000\r\n\r\n" + String(repeating: "x", count: 5000)
                default: "Content-Length: 100\r\n\r\n" + "beginning"
                }
            connection.write("HTTP/1.1 \(status)\r\nX-Cause: test\r\n\(framing)")
            switch self {
            case .reset:
                // It would overtake the head.
                isRead.wait()
                connection.reset()
            case .close: connection.close()
            case .silence, .badChunk, .overlong: connection.waitForEnd()
            }
        }
    }

    private func exchange(_ status: String, _ ending: Ending, _ driver: BackendChoice) throws -> Outcome {
        let isRead = Signal()
        let server = Self.server { ending.play($0, status, isRead) }
        defer { server.stop() }
        defer { isRead.fire() }
        let loop = try TestLoop(driver, .init(userAgent: "Test", maxResponseBytes: 1000))
        var outcome: Outcome?
        let timeout = Duration.milliseconds(ending == .silence ? 100 : 50_000)
        let sent = request("POST", server.url, body: [1], totalTimeout: timeout)
        _ = loop.transport.send(sent) { outcome = $0 }
        if ending == .reset {
            try loop.runUntilQuiet()
            isRead.fire()
        }
        try loop.run { outcome != nil }
        try loop.settle()
        return try #require(outcome)
    }

    @Test(arguments: drivers, Ending.allCases)
    func theHeadOfAnErrorDecides(driver: BackendChoice, ending: Ending) throws {
        for status in [400, 407, 410, 500, 503] {
            let response = try exchange("\(status) Status", ending, driver).get()
            #expect(response.status == status)
            #expect(response.header("X-Cause") == "test")
        }
    }

    @Test(arguments: [200, 201, 302], Ending.allCases)
    func theHeadOfAnotherAnswerDoesNot(status: Int, ending: Ending) throws {
        #expect(throws: HTTPTransportError.self) {
            try exchange("\(status) Status", ending, .automatic).get()
        }
    }

    /// A head that is cut off decides nothing, whatever it says so far.
    @Test(arguments: drivers, ["HTTP/1.1 410 Gone\r\n", "HTTP/1.1 407 No\r\nContent-Length: 0\r\n"])
    func aHeadWithoutItsEndDecidesNothing(driver: BackendChoice, head: String) throws {
        let server = LoopbackServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.answer()
            guard connection.readRequest() != nil else { return }
            connection.write(head)
        }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        #expect(try loop.exchange(request("PUT", server.url, body: [1])).get().status == 200)
        #expect(try loop.failure(request("PUT", server.url, body: [1])).kind == .interrupted)
        #expect(server.acceptedCount == 1)
        try loop.settle()
    }

    @Test(arguments: drivers)
    func bodiesOverTheBoundAreRefused(driver: BackendChoice) throws {
        let server = Self.server { connection in
            connection.write("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 1001))
        }
        defer { server.stop() }
        let loop = try TestLoop(driver, .init(userAgent: "Test", maxResponseBytes: 1000))
        let error = try loop.failure(request("GET", server.url))
        #expect(error.kind == .protocolViolation)
        #expect(error.message == "127.0.0.1:\(server.port): the answer is longer than 1000 bytes")
        try loop.settle()
    }

    @Test func bodiesUpToTheBoundAreFine() throws {
        let server = Self.server { connection in
            connection.answer(body: String(repeating: "x", count: 1000))
        }
        defer { server.stop() }
        let loop = try TestLoop(.automatic, .init(userAgent: "Test", maxResponseBytes: 1000))
        #expect(try loop.exchange(request("GET", server.url)).get().body.count == 1000)
    }

    /// libcurl's own bound for a line of the head is 100 KiB; its error for that is "Out of memory".
    @Test(arguments: drivers, [70_000, 150_000])
    func aFieldOverTheBoundIsRefused(driver: BackendChoice, length: Int) throws {
        let server = Self.server { connection in
            let value = String(repeating: "x", count: length)
            connection.write("HTTP/1.1 200 OK\r\nX-Long: \(value)\r\n\r\n")
        }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let error = try loop.failure(request("GET", server.url))
        #expect(error.kind == .protocolViolation)
        #expect(error.isTemporary)
        #expect(
            error.message == "127.0.0.1:\(server.port): the head of the answer is longer than 65536 bytes"
        )
        try loop.settle()
    }

    @Test func headsOverTheBoundAreRefused() throws {
        let server = Self.server { connection in
            connection.write("HTTP/1.1 200 OK\r\n")
            for number in 0..<5000 {
                guard connection.write("X-\(number): 0123456789\r\n") else { return }
            }
        }
        defer { server.stop() }
        let loop = try TestLoop(.automatic)
        let error = try loop.failure(request("GET", server.url))
        #expect(error.kind == .protocolViolation)
        #expect(error.message.contains("head of the answer"))
    }

    @Test(arguments: [
        "", "127.0.0.1/x", "http://a@b@c/", "ftp://127.0.0.1/", "file:///etc/passwd", "http://",
        "http://[::1/",
        "http://h:99999/",
        "http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: y", "http://127.0.0.1/\u{0}",
    ])
    func malformedAddressesAreRefused(url: String) throws {
        let loop = try TestLoop(.automatic)
        #expect(try loop.failure(request("GET", url)).kind == .invalidRequest)
        try loop.settle()
    }

    @Test(arguments: [
        request("GE T", "http://127.0.0.1/"), request("", "http://127.0.0.1/"),
        request("GET", "http://127.0.0.1/", headers: [HTTPHeader("A", "secret\r\nB: c")]),
        request("GET", "http://127.0.0.1/", headers: [HTTPHeader("A: b\r\nC", "secret")]),
        request("GET", "http://127.0.0.1/", headers: [HTTPHeader("", "secret")]),
    ])
    func fieldsThatWouldAddFieldsAreRefused(request: HTTPRequest) throws {
        let loop = try TestLoop(.automatic)
        let error = try loop.failure(request)
        #expect(error.kind == .invalidRequest)
        #expect(!error.message.contains("secret"))
        #expect(error.message.hasPrefix("127.0.0.1:80: "))
    }

    @Test(arguments: ["http://", "http://user:secret@:80", "ht tp://secret", "http://secret:port"])
    func malformedProxiesAreRefusedWithoutQuotingThem(proxy: String) throws {
        let reactor = try Reactor()
        let error = #expect(throws: HTTPTransportError.self) {
            try CurlTransport(reactor: reactor, options: .init(userAgent: "Test", httpsProxy: proxy))
        }
        #expect(error?.kind == .invalidRequest)
        #expect(error?.message.hasPrefix("HTTPS_PROXY is not of the form") == true)
        #expect(error?.message.contains("secret") == false)
    }
}
