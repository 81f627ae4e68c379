import HTTP
import Reactor
import Synchronization
import Testing

@testable import CurlTransport

/// The drivers that this machine lets us use.
let drivers: [BackendChoice] = (try? Reactor(backend: .ioUring)) == nil ? [.epoll] : [.ioUring, .epoll]

typealias Outcome = Result<HTTPResponse, HTTPTransportError>

/// A reactor with a transport, and a way to run them until something has happened.
final class TestLoop {
    /// Only a guard against hanging: far longer than anything here takes.
    private static let guardTime = Duration.seconds(30)

    let reactor: Reactor
    private(set) weak var weakTransport: CurlTransport?
    private var heldTransport: CurlTransport?

    init(_ backend: BackendChoice, _ options: CurlTransport.Options = .init(userAgent: "Test")) throws {
        reactor = try Reactor(backend: backend)
        let transport = try CurlTransport(reactor: reactor, options: options)
        heldTransport = transport
        weakTransport = transport
    }

    /// Lets go of the transport with all that it still does.
    func dropTransport() { heldTransport = nil }

    var transport: CurlTransport {
        guard let heldTransport else { preconditionFailure("the test has let go of its transport") }
        return heldTransport
    }

    func run(until condition: () -> Bool) throws {
        var isStuck = false
        let timer = reactor.schedule(after: TestLoop.guardTime) { isStuck = true }
        defer { reactor.cancel(timer) }
        while !condition() {
            try reactor.tick()
            try #require(!isStuck, "the loop waits for something that does not happen")
        }
    }

    func run(until signal: Signal) throws {
        var isFired = false
        _ = try reactor.poll(signal.descriptor, for: .readable, mode: .oneShot, label: "signal") { _ in
            isFired = true
        }
        try run { isFired }
        signal.wait()
    }

    /// Sends the request and runs the loop until its end.
    func exchange(_ request: HTTPRequest) throws -> Outcome {
        var outcome: Outcome?
        _ = transport.send(request) { outcome = $0 }
        #expect(outcome == nil, "a completion was called within send")
        try run { outcome != nil }
        return try #require(outcome)
    }

    /// Runs the loop until it has nothing to do for a while: whoever sends has filled all buffers.
    func runUntilQuiet() throws {
        var looks = 0
        repeat {
            looks = 0
            var isOver = false
            reactor.schedule(after: .milliseconds(50)) { isOver = true }
            try run {
                looks += 1
                return isOver
            }
            // Before the first tick, after the timer's, and one to spare.
        } while looks > 3
    }

    /// The error that the request ends with.
    func failure(_ request: HTTPRequest) throws -> HTTPTransportError {
        switch try exchange(request) {
        case .success(let response):
            Issue.record("an answer with status \(response.status), where a failure is due")
            throw Unexpected()
        case .failure(let error):
            return error
        }
    }

    /// Runs what is still due, until the transport has nothing on the loop any more.
    func settle() throws {
        try run { transport.isIdle }
    }

    struct Unexpected: Error {}
}

/// A request with timeouts that are never the point.
func request(
    _ method: String = "GET",
    _ url: String,
    headers: [HTTPHeader] = [],
    body: [UInt8]? = nil,
    connectTimeout: Duration = .seconds(50),
    totalTimeout: Duration = .seconds(50)
) -> HTTPRequest {
    HTTPRequest(
        method: method,
        url: url,
        headers: headers,
        body: body,
        connectTimeout: connectTimeout,
        totalTimeout: totalTimeout
    )
}

/// The same with a body that is made while it is sent.
func request(
    _ method: String,
    _ url: String,
    body: HTTPGeneratedBody,
    stallTimeout: Duration? = nil
) -> HTTPRequest {
    HTTPRequest(
        method: method,
        url: url,
        body: .generated(body),
        connectTimeout: .seconds(50),
        totalTimeout: .seconds(50),
        stallTimeout: stallTimeout
    )
}

/// Where threads of servers leave what the test looks at.
final class Recorder<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])

    func append(_ element: Element) {
        elements.withLock { $0.append(element) }
    }

    var all: [Element] { elements.withLock { $0 } }
}
