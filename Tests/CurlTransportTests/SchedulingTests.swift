import Glibc
import HTTP
import Reactor
import Synchronization
import Testing

@testable import CurlTransport

/// Many exchanges at once, and what callers do from within completions.
@Suite struct SchedulingTests {
    private static func echoServer() -> LoopbackServer {
        LoopbackServer { connection in
            while let request = connection.readRequest() {
                connection.answer(body: String(decoding: request.body, as: UTF8.self))
            }
        }
    }

    /// A server that does not answer before it is told to.
    private final class HeldServer: Sendable {
        let arrived = Signal()
        let release = Signal()
        let server: LoopbackServer

        init() {
            let (arrived, release) = (arrived, release)
            server = LoopbackServer { connection in
                while connection.readRequest() != nil {
                    arrived.fire()
                    release.wait()
                    connection.answer()
                }
            }
        }
    }

    @Test(arguments: drivers)
    func manyExchangesShareABoundedNumberOfConnections(driver: BackendChoice) throws {
        let server = Self.echoServer()
        defer { server.stop() }
        let loop = try TestLoop(driver)
        var answers: [Int: String] = [:]
        for number in 0..<100 {
            _ = loop.transport.send(request("PUT", server.url, body: Array("\(number)".utf8))) { outcome in
                #expect(answers[number] == nil)
                answers[number] = (try? outcome.get()).map { String(decoding: $0.body, as: UTF8.self) }
            }
        }
        try loop.run { answers.count == 100 }
        #expect(answers == Dictionary(uniqueKeysWithValues: (0..<100).map { ($0, "\($0)") }))
        #expect(server.acceptedCount <= CurlTransport.exchangesPerOrigin)
        #expect(loop.transport.isIdle)
    }

    @Test(arguments: drivers)
    func aBusyOriginDoesNotHoldUpAnother(driver: BackendChoice) throws {
        let held = HeldServer()
        let other = Self.echoServer()
        defer { other.stop() }
        let loop = try TestLoop(driver)
        var ended = 0
        let count = CurlTransport.exchangesPerOrigin + 1
        for _ in 0..<count {
            _ = loop.transport.send(request("GET", held.server.url)) { outcome in
                #expect((try? outcome.get().status) == 200)
                ended += 1
            }
        }
        for _ in 0..<CurlTransport.exchangesPerOrigin { try loop.run(until: held.arrived) }
        #expect(try loop.exchange(request("PUT", other.url, body: [65])).get().body == [65])
        #expect(ended == 0)
        for _ in 0..<count { held.release.fire() }
        try loop.run { ended == count }
        held.server.stop()
        try loop.settle()
    }

    @Test(arguments: drivers)
    func waitingCountsAgainstTheTimeout(driver: BackendChoice) throws {
        let held = HeldServer()
        let loop = try TestLoop(driver)
        var ended = 0
        for _ in 0..<CurlTransport.exchangesPerOrigin {
            _ = loop.transport.send(request("GET", held.server.url)) { _ in ended += 1 }
        }
        let error = try loop.failure(request("GET", held.server.url, totalTimeout: .milliseconds(30)))
        #expect(error.kind == .timeout)
        #expect(error.message.contains("other requests held all connections"))
        #expect(ended == 0)
        for _ in 0..<CurlTransport.exchangesPerOrigin { held.release.fire() }
        try loop.run { ended == CurlTransport.exchangesPerOrigin }
        held.server.stop()
        try loop.settle()
    }

    @Test func theQueueIsBounded() throws {
        let loop = try TestLoop(.automatic)
        let (listener, port) = listen(backlog: 0)
        defer { close(listener) }
        var errors: [HTTPTransportError] = []
        let room = CurlTransport.exchangesPerOrigin + CurlTransport.maximumWaiting
        for _ in 0..<room + 2 {
            _ = loop.transport.send(request("GET", "http://127.0.0.1:\(port)/")) { outcome in
                if case .failure(let error) = outcome { errors.append(error) }
            }
        }
        try loop.run { errors.count == 2 }
        #expect(errors.allSatisfy { $0.kind == .connect && $0.message.contains("too many requests wait") })
    }

    @Test(arguments: drivers)
    func cancelBeforeTheLoopRuns(driver: BackendChoice) throws {
        let server = Self.echoServer()
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let id = loop.transport.send(request("GET", server.url)) { _ in Issue.record("called after cancel") }
        loop.transport.cancel(id)
        try loop.settle()
        #expect(server.acceptedCount == 0)
        // Again, and one that never was.
        loop.transport.cancel(id)
        loop.transport.cancel(HTTPExchangeID(rawValue: 99))
        #expect(try loop.exchange(request("GET", server.url)).get().status == 200)
    }

    @Test(arguments: drivers)
    func cancelWhileTheServerThinks(driver: BackendChoice) throws {
        let held = HeldServer()
        let loop = try TestLoop(driver)
        let id = loop.transport.send(request("GET", held.server.url)) { _ in
            Issue.record("called after cancel")
        }
        try loop.run(until: held.arrived)
        loop.transport.cancel(id)
        try loop.settle()
        held.release.fire()
        held.server.stop()
    }

    @Test(arguments: drivers)
    func cancelWhileWaitingForAConnection(driver: BackendChoice) throws {
        let held = HeldServer()
        let loop = try TestLoop(driver)
        var ended = 0
        for _ in 0..<CurlTransport.exchangesPerOrigin {
            _ = loop.transport.send(request("GET", held.server.url)) { _ in ended += 1 }
        }
        let id = loop.transport.send(request("GET", held.server.url)) { _ in
            Issue.record("called after cancel")
        }
        loop.transport.cancel(id)
        for _ in 0..<CurlTransport.exchangesPerOrigin {
            try loop.run(until: held.arrived)
            held.release.fire()
        }
        try loop.run { ended == CurlTransport.exchangesPerOrigin }
        held.server.stop()
        try loop.settle()
    }

    @Test(arguments: drivers)
    func cancelWhileTheNameIsLookedUp(driver: BackendChoice) throws {
        let loop = try TestLoop(driver)
        var isCancelled = false
        let id = loop.transport.send(request("GET", "http://no-such-host.invalid/")) { _ in
            #expect(!isCancelled)
        }
        // The first tick starts the look-up.
        try loop.reactor.tick()
        loop.transport.cancel(id)
        isCancelled = true
        try loop.settle()
    }

    @Test func cancelAfterTheEnd() throws {
        let server = Self.echoServer()
        defer { server.stop() }
        let loop = try TestLoop(.automatic)
        var outcomes = 0
        let id = loop.transport.send(request("GET", server.url)) { _ in outcomes += 1 }
        try loop.run { outcomes == 1 }
        loop.transport.cancel(id)
        try loop.settle()
        #expect(outcomes == 1)
    }

    /// Two refused requests end in the same tick: the first one's completion cancels the second.
    @Test(arguments: drivers)
    func aCompletionCanCancelWhatHasEndedWithIt(driver: BackendChoice) throws {
        let loop = try TestLoop(driver)
        var second: HTTPExchangeID?
        var isFirstOver = false
        _ = loop.transport.send(request("GET", "nonsense")) { [transport = loop.transport] _ in
            isFirstOver = true
            if let second { transport.cancel(second) }
        }
        second = loop.transport.send(request("GET", "nonsense")) { _ in Issue.record("called after cancel") }
        try loop.run { isFirstOver }
        try loop.settle()
    }

    @Test(arguments: drivers)
    func aCompletionCanCancelWhatStillRuns(driver: BackendChoice) throws {
        let held = HeldServer()
        let server = Self.echoServer()
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let running = loop.transport.send(request("GET", held.server.url)) { _ in
            Issue.record("called after cancel")
        }
        try loop.run(until: held.arrived)
        var isOver = false
        _ = loop.transport.send(request("GET", server.url)) { [transport = loop.transport] _ in
            transport.cancel(running)
            isOver = true
        }
        try loop.run { isOver }
        try loop.settle()
        held.release.fire()
        held.server.stop()
    }

    @Test(arguments: drivers)
    func completionsCanSendAndAreNeverNested(driver: BackendChoice) throws {
        let server = Self.echoServer()
        defer { server.stop() }
        let loop = try TestLoop(driver)
        var depth = 0
        var left = 20
        func sendNext(_ transport: CurlTransport, url: String) {
            _ = transport.send(request("GET", url)) { [unowned transport] _ in
                #expect(depth == 0)
                depth += 1
                left -= 1
                // Every other request is refused at once, which is the tempting moment for nesting.
                if left > 0 { sendNext(transport, url: left.isMultiple(of: 2) ? server.url : "nonsense") }
                depth -= 1
            }
        }
        sendNext(loop.transport, url: server.url)
        try loop.run { left == 0 }
        try loop.settle()
        #expect(server.acceptedCount == 1)
    }

    @Test(arguments: drivers)
    func aTransportCanGoAwayInTheMiddle(driver: BackendChoice) throws {
        let held = HeldServer()
        let loop = try TestLoop(driver)
        for _ in 0...CurlTransport.exchangesPerOrigin {
            _ = loop.transport.send(request("GET", held.server.url)) { _ in
                Issue.record("called after the end")
            }
        }
        try loop.run(until: held.arrived)
        loop.dropTransport()
        #expect(loop.weakTransport == nil)
        var isLater = false
        loop.reactor.schedule(after: .milliseconds(5)) { isLater = true }
        try loop.run { isLater }
        for _ in 0..<CurlTransport.exchangesPerOrigin { held.release.fire() }
        held.server.stop()
    }

    @Test(arguments: drivers)
    func aCompletionCanLetGoOfTheTransport(driver: BackendChoice) throws {
        let server = Self.echoServer()
        defer { server.stop() }
        let loop = try TestLoop(driver)
        var isOver = false
        _ = loop.transport.send(request("GET", server.url)) { _ in
            loop.dropTransport()
            isOver = true
        }
        try loop.run { isOver }
        try loop.run { loop.weakTransport == nil }
    }

    /// A handler that takes its time lets the loop's clock fall behind libcurl's, so that libcurl's timer comes
    /// too early; libcurl has to ask for it again.
    @Test(arguments: drivers)
    func aTimerThatComesEarlyIsSetAgain(driver: BackendChoice) throws {
        let held = HeldServer()
        let loop = try TestLoop(driver)
        loop.reactor.schedule(after: .zero) { usleep(60_000) }
        let error = try loop.failure(request("GET", held.server.url, totalTimeout: .milliseconds(50)))
        #expect(error.kind == .timeout)
        try loop.settle()
        held.release.fire()
        held.server.stop()
    }

    /// After the last exchange the loop has nothing to do: no timer, no descriptor, no wake-up.
    @Test(arguments: drivers)
    func nothingIsLeftOnTheLoopWhenAllHasEnded(driver: BackendChoice) throws {
        let server = Self.echoServer()
        defer { server.stop() }
        let trace = RecordingTrace()
        let reactor = try Reactor(backend: driver, trace: trace)
        let transport = try CurlTransport(reactor: reactor, options: .init(userAgent: "Test"))
        var ended = 0
        for url in [
            server.url, "http://localhost:\(server.port)/", "http://no-such-host.invalid/", "nonsense",
        ] {
            _ = transport.send(request("GET", url)) { _ in ended += 1 }
        }
        while ended < 4 { try reactor.tick() }
        #expect(transport.isIdle)
        // The only thing that can wake the loop now is a timer of the test's own.
        trace.clear()
        var isWoken = false
        reactor.schedule(after: .milliseconds(300)) { isWoken = true }
        while !isWoken { try reactor.tick() }
        #expect(trace.all.count { $0.hasPrefix("timerfd_settime(") } == 1, "\(trace.all)")
        // Cancelled polls may still be reported as such, but there are no new ones.
        #expect(!trace.all.contains { $0.contains("<http>") && !$0.contains(" = ") }, "\(trace.all)")
        #expect(transport.isIdle)
    }

    private final class RecordingTrace: TraceSink {
        private var lines: [String] = []
        var all: [String] { lines }
        func write(_ line: String) { lines.append(line) }
        func clear() { lines = [] }
    }
}
