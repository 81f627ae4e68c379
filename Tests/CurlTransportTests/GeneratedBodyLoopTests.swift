import Glibc
import HTTP
import Reactor
import Testing

@testable import CurlTransport

/// What a generated body costs the loop, and when its readers come and go.
@Suite struct GeneratedBodyLoopTests {
    /// CURLOPT_UPLOAD_BUFFERSIZE(3): what libcurl asks for at once.
    private static let uploadBuffer = 64 * 1024

    /// Takes bodies in as fast as they come, and answers with how many bytes that were.
    private static func countingServer(_ length: Int) -> LoopbackServer {
        LoopbackServer { connection in
            while connection.readHead() != nil {
                var count = 0
                while count < length, case let piece = connection.readSome(1 << 20), !piece.isEmpty {
                    count += piece.count
                }
                connection.answer(body: "\(count)")
            }
        }
    }

    /// However long the body, there is one piece of it, and one array for all pieces.
    @Test(arguments: drivers)
    func noMoreThanAPieceIsInMemory(driver: BackendChoice) throws {
        let length = 256 * 1024 * 1024
        let server = Self.countingServer(length)
        defer { server.stop() }
        let loop = try TestLoop(driver)
        var maxLimit = 0
        var maxPieceSize = 0
        let body = CountingBody(length) { limit, piece in
            maxLimit = max(maxLimit, limit)
            maxPieceSize = max(maxPieceSize, piece.capacity)
        }
        let response = try loop.exchange(request("PUT", server.url, body: body.generated)).get()
        #expect(response.body == Array("\(length)".utf8))
        #expect(maxLimit <= Self.uploadBuffer)
        #expect(maxPieceSize <= 2 * Self.uploadBuffer)
        #expect(body.given == length)
    }

    /// However fast the receiver is, the loop has its turn after each buffer, and so have timers.
    @Test(arguments: drivers)
    func theLoopHasItsTurnAfterEachBuffer(driver: BackendChoice) throws {
        let length = 64 * 1024 * 1024
        let server = Self.countingServer(length)
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let body = CountingBody(length)
        // A timer that sets itself again at each turn, like many heartbeats in a row.
        var places: [Int] = []
        var isOver = false
        func beat() {
            places.append(body.given)
            if !isOver { loop.reactor.schedule(after: .zero, handler: beat) }
        }
        beat()
        var maxStep = 0
        var before = 0
        _ = loop.transport.send(request("PUT", server.url, body: body.generated)) { outcome in
            #expect((try? outcome.get().status) == 200)
            isOver = true
        }
        try loop.run {
            maxStep = max(maxStep, body.given - before)
            before = body.given
            return isOver
        }
        #expect(body.given == length)
        #expect(maxStep <= Self.uploadBuffer)
        // Between any two beats there are few buffers, so a single one cannot come late either.
        let gaps = zip(places.dropFirst(), places).map(-)
        #expect((gaps.max() ?? length) <= 4 * Self.uploadBuffer, "\(gaps.max() ?? -1)")
    }

    /// A heartbeat is answered while a body is on its way that nobody takes.
    @Test(arguments: drivers)
    func otherExchangesGoOnMeanwhile(driver: BackendChoice) throws {
        let go = Signal()
        let length = 64 * 1024 * 1024
        let server = LoopbackServer { connection in
            guard let head = connection.readHead(), head[0].hasPrefix("PUT") else {
                return connection.answer("204 No Content")
            }
            go.wait()
            var count = 0
            while count < length, case let piece = connection.readSome(1 << 20), !piece.isEmpty {
                count += piece.count
            }
            connection.answer("201 Created")
        }
        defer { server.stop() }
        // Whatever happens, it waits no longer.
        defer { go.fire() }
        let loop = try TestLoop(driver)
        let body = CountingBody(length)
        var outcome: Outcome?
        _ = loop.transport.send(request("PUT", server.url, body: body.generated)) { outcome = $0 }
        try loop.run { body.given > 0 }
        #expect(try loop.exchange(request("GET", server.url)).get().status == 204)
        #expect(outcome == nil)
        #expect(body.given < length)
        go.fire()
        try loop.run { outcome != nil }
        #expect(try outcome?.get().status == 201)
    }

    @Test(arguments: drivers, [300_000, nil] as [Int64?])
    func aSecondAttemptBeginsWithTheFirstByte(driver: BackendChoice, count: Int64?) throws {
        let bodies = Recorder<[UInt8]>()
        let server = LoopbackServer { connection in
            while let request = connection.readRequest() {
                bodies.append(request.body)
                // The second request is taken in whole, and nobody hears of it.
                if bodies.all.count == 2 { return }
                connection.answer(body: "\(connection.number)")
            }
        }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let source = PatternSource(300_000, piece: 999)
        let sent = request("PUT", server.url, body: source.body(count: count))
        #expect(try loop.exchange(sent).get().body == Array("1".utf8))
        #expect(try loop.exchange(sent).get().body == Array("2".utf8))
        #expect(bodies.all == Array(repeating: PatternSource.bytes(300_000), count: 3))
        #expect(
            source.log.all.filter { $0 == .made || $0 == .released } == [
                .made, .released, .made, .released, .made, .released,
            ]
        )
    }

    /// The connection dies with a part of the body in it.
    @Test(arguments: drivers, [300_000, nil] as [Int64?])
    func anAttemptThatDiesInTheMiddleBeginsAnew(driver: BackendChoice, count: Int64?) throws {
        let go = Signal()
        let bodies = Recorder<[UInt8]>()
        let server = LoopbackServer { connection in
            if let request = connection.readRequest() {
                bodies.append(request.body)
                connection.answer(body: "\(connection.number)")
            }
            guard connection.number == 1, connection.readHead() != nil else { return }
            go.wait()
        }
        defer { server.stop() }
        // Whatever happens, it waits no longer.
        defer { go.fire() }
        let loop = try TestLoop(driver)
        #expect(try loop.exchange(request("GET", server.url)).get().body == Array("1".utf8))
        let length = 20_000_000
        let source = PatternSource(length, piece: HTTPGeneratedBody.maximumPieceBytes)
        var outcome: Outcome?
        let body = source.body(count: count.map { _ in Int64(length) })
        _ = loop.transport.send(request("PUT", server.url, body: body)) { outcome = $0 }
        try loop.runUntilQuiet()
        #expect(!source.log.all.contains(.ended))
        go.fire()
        try loop.run { outcome != nil }
        #expect(try outcome?.get().body == Array("2".utf8))
        let isWhole = bodies.all.last.map { isSame($0, PatternSource.bytes(length)) }
        #expect(isWhole == true)
    }

    @Test(arguments: drivers)
    func anIdleConnectionThatWasClosedCostsNoReader(driver: BackendChoice) throws {
        let isClosed = Signal()
        let server = LoopbackServer.closingItsFirstConnection(isClosed)
        defer { server.stop() }
        let loop = try TestLoop(driver)
        #expect(try loop.exchange(request("GET", server.url)).get().body == Array("1".utf8))
        isClosed.wait()
        let source = PatternSource(100_000)
        let sent = request("PUT", server.url, body: source.body(count: 100_000))
        #expect(try loop.exchange(sent).get().body == Array("2".utf8))
        #expect(source.log.all.count { $0 == .made } == 1)
    }

    @Test(arguments: drivers, [true, false])
    func whoIsGivenUpLetsGoOfTheReader(driver: BackendChoice, cancels: Bool) throws {
        let ended = Signal()
        let server = LoopbackServer { connection in
            _ = connection.readHead()
            connection.waitForEnd()
            ended.fire()
        }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let source = PatternSource(1 << 40)
        let id = loop.transport.send(request("PUT", server.url, body: source.body(count: 1 << 40))) { _ in
            Issue.record("called after the end")
        }
        try loop.run { source.log.all.count > 5 }
        #expect(!source.log.all.contains(.released))
        if cancels { loop.transport.cancel(id) } else { loop.dropTransport() }
        #expect(source.log.all.last == .released)
        try loop.run(until: ended)
        #expect(source.log.all.last == .released)
    }

    /// No reader before the connection stands.
    @Test func aPortThatIsClosedCostsNoReader() throws {
        let (descriptor, port) = listen(backlog: 1)
        close(descriptor)
        let loop = try TestLoop(.automatic)
        let source = PatternSource(10)
        let sent = request("PUT", "http://127.0.0.1:\(port)/", body: source.body(count: 10))
        #expect(try loop.failure(sent).kind == .connect)
        #expect(source.log.all.isEmpty)
    }

    /// HTTP/1.0 has no chunks: one who is known for it is told nothing that it would misunderstand.
    @Test func chunksAreNotForHTTP10() throws {
        let server = LoopbackServer { connection in
            while connection.readRequest() != nil {
                connection.write("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n")
            }
        }
        defer { server.stop() }
        let other = Self.countingServer(5)
        defer { other.stop() }
        let loop = try TestLoop(.automatic)
        #expect(try loop.exchange(request("GET", server.url)).get().status == 200)
        let source = PatternSource(5)
        let error = try loop.failure(request("PUT", server.url, body: source.body(count: nil)))
        #expect(error.kind == .protocolViolation)
        let known = request("PUT", server.url, body: source.body(count: 5))
        #expect(try loop.exchange(known).get().status == 200)
        // Another server has nothing to do with that.
        #expect(
            try loop.exchange(request("PUT", other.url, body: source.body(count: nil))).get().status == 200
        )
    }
}

/// Without a failure's listing of both.
private func isSame(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    one.count == other.count && memcmp(one, other, one.count) == 0
}
