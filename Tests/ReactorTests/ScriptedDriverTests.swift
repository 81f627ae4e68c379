import Glibc
import Scheduling
import Testing

@testable import Reactor

/// A driver that answers as it was told, for what a real kernel cannot be brought to say.
private final class ScriptedDriver: Driver {
    let backend = Backend.ioUring
    var answers: [Completion] = []
    var pollResult: Int32?
    var readResults: [Int32] = []
    private(set) var reads: [(token: UInt64, mayBlock: Bool)] = []
    /// Called while the reactor waits.
    var onWait: () -> Void = {}

    func addPoll(_ descriptor: Int32, interest: Readiness, mode: PollMode, token: UInt64) throws(SystemError)
    {
        if let pollResult {
            answers.append(Completion(token: token, result: pollResult, more: false))
        }
    }

    func addRead(
        _ descriptor: Int32,
        offset: UInt64,
        memory: UnsafeMutableRawBufferPointer,
        mayBlock: Bool,
        token: UInt64
    ) throws(SystemError) {
        reads.append((token, mayBlock))
        answers.append(Completion(token: token, result: readResults.removeFirst(), more: false))
    }

    func cancel(token: UInt64) -> Bool { false }

    func wait(block: Bool, into completions: inout [Completion]) throws(SystemError) {
        onWait()
        completions += answers
        answers = []
    }

    func abandon(reads: [UInt64]) {}
}

@Suite("Answers a kernel seldom gives")
struct ScriptedDriverTests {
    private let driver = ScriptedDriver()

    private func makeReactor() throws -> Reactor {
        let driver = driver
        return try Reactor(backend: .ioUring, trace: nil, makeIOUring: { driver })
    }

    @Test("A read that would have to wait is tried once more, where it may", arguments: [EAGAIN, EINTR])
    func readIsRetried(_ errno: Int32) throws {
        let reactor = try makeReactor()
        let buffer = ReadBuffer(capacity: 8)
        driver.readResults = [-errno, 5]
        var outcomes: [Result<Int, SystemError>] = []
        _ = try reactor.read(3, at: 0, into: buffer, label: "file") { outcomes.append($0) }
        try reactor.tick()
        #expect(outcomes.isEmpty)
        #expect(buffer.isInFlight)
        try reactor.tick()
        #expect(outcomes == [.success(5)])
        #expect(driver.reads.map(\.mayBlock) == [false, true])
        #expect(!buffer.isInFlight)
    }

    @Test("But not for ever")
    func readGivesUp() throws {
        let reactor = try makeReactor()
        driver.readResults = [-EAGAIN, -EAGAIN]
        var outcomes: [Result<Int, SystemError>] = []
        _ = try reactor.read(3, at: 0, into: ReadBuffer(capacity: 8), label: "file") { outcomes.append($0) }
        for _ in 0..<3 {
            try reactor.tick()
        }
        #expect(outcomes == [.failure(SystemError(call: "read", errno: EAGAIN))])
    }

    @Test("Answers for slots and generations that never were are dropped")
    func strayCompletions() throws {
        let reactor = try makeReactor()
        var calls = 0
        let registration = try reactor.poll(3, for: .readable, mode: .multishot, label: "x") { _ in
            calls += 1
        }
        let later = Registration(
            kind: .poll,
            slot: registration.slot,
            generation: registration.generation &+ 1
        )
        for token in [0, .max, later.token, Registration(kind: .read, slot: 9, generation: 0).token] {
            driver.answers.append(Completion(token: token, result: 1, more: false))
        }
        try reactor.tick()
        #expect(calls == 0)
    }

    @Test("A multishot poll that the kernel ended goes on")
    func rearms() throws {
        let reactor = try makeReactor()
        var calls = 0
        let registration = try reactor.poll(3, for: .readable, mode: .multishot, label: "x") { _ in
            calls += 1
        }
        driver.pollResult = 1
        for _ in 0..<5 {
            driver.answers = [Completion(token: registration.token, result: 1, more: false)]
            try reactor.tick()
        }
        #expect(calls == 5)
    }

    @Test("An event that crosses its cancellation is not reported")
    func eventAfterCancel() throws {
        let reactor = try makeReactor()
        let registration = try reactor.poll(3, for: .readable, mode: .multishot, label: "x") { _ in
            Issue.record("called after its cancellation")
        }
        reactor.cancel(registration)
        driver.answers = [
            Completion(token: registration.token, result: 1, more: true),
            Completion(token: registration.with(kind: .cancel).token, result: -EALREADY, more: false),
        ]
        try reactor.tick()
        // Still owned: the kernel has not said its last word.
        let other = try reactor.poll(4, for: .readable, mode: .oneShot, label: "y") { _ in }
        #expect(other.slot != registration.slot)
        driver.answers = [Completion(token: registration.token, result: -ECANCELED, more: false)]
        try reactor.tick()
        let third = try reactor.poll(5, for: .readable, mode: .oneShot, label: "z") { _ in }
        #expect(third.slot == registration.slot)
        #expect(third.generation == registration.generation &+ 1)
    }

    @Test("Timers, signals and inotify that cannot be polled stop the loop with a typed error")
    func essentialPollFails() throws {
        let failure = SystemError(call: "poll_add", errno: ENOMEM)
        for make in [
            { reactor in
                reactor.schedule(after: .seconds(3_600)) {}
                return nil
            },
            {
                let source = InotifySource(Inotify(reactor: $0)) { _ in }
                _ = try source.watch(path: "/", [.create])
                return source
            },
            { try SignalSource(reactor: $0, signals: [SIGUSR1]) { _, _ in } },
        ] as [(Reactor) throws -> AnyObject?] {
            let reactor = try makeReactor()
            driver.pollResult = -ENOMEM
            let source = try make(reactor)
            #expect(throws: failure) { try reactor.tick() }
            withExtendedLifetime(source) {}
        }
    }

    @Test("The longest tick is the longest work between two waits, the hook's included; waits do not count")
    func longestTick() throws {
        let driver = driver
        var now = Instant(nanoseconds: 0)
        let reactor = try Reactor(
            backend: .ioUring,
            trace: nil,
            clock: { now },
            makeIOUring: { driver }
        )
        driver.onWait = { now = now + .seconds(60) }
        try reactor.tick()
        #expect(reactor.longestTick == .zero)
        for seconds in [1, 3, 2] {
            reactor.schedule(after: .zero) {
                now = now + .seconds(seconds)
                // The tick that is under way counts as far as it has come.
                #expect(reactor.longestTick >= .seconds(seconds))
            }
            try reactor.tick()
        }
        try reactor.tick()
        #expect(reactor.longestTick == .seconds(3))
        reactor.beforeWait = { now = now + .seconds(5) }
        try reactor.tick()
        #expect(reactor.longestTick == .seconds(5))
    }
}
