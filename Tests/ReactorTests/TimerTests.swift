import Glibc
import Reactor
import Scheduling
import Testing

@Suite("Timers on the loop")
struct TimerTests {
    @Test("In the order of their deadlines, never early", arguments: bothDrivers)
    func ordering(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        var fired: [Int] = []
        let start = reactor.now
        for number in (0..<500).reversed() {
            let deadline = start + .microseconds(number * 20)
            reactor.schedule(at: deadline) {
                #expect(reactor.now >= deadline)
                fired.append(number)
            }
        }
        try reactor.run { fired.count == 500 }
        #expect(fired == Array(0..<500))
    }

    @Test("Those of one deadline in the order of their making", arguments: bothDrivers)
    func equalDeadlines(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        var fired: [Int] = []
        for number in 0..<50 {
            reactor.schedule(after: .milliseconds(1)) { fired.append(number) }
        }
        try reactor.run { fired.count == 50 }
        #expect(fired == Array(0..<50))
    }

    @Test("One that is armed in a tick never fires in it", arguments: bothDrivers)
    func neverInTheSameTick(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let pipe = Pipe()
        var tick = 0
        var ticks: [Int] = []
        func chain() {
            ticks.append(tick)
            if ticks.count < 20 {
                reactor.schedule(after: .zero, handler: chain)
                // Long past, which makes no difference.
                reactor.schedule(at: Instant(nanoseconds: 1)) {}
            }
        }
        _ = try reactor.poll(pipe.reader, for: .readable, mode: .oneShot, label: "pipe") { _ in
            ticks.append(tick)
            reactor.schedule(after: .zero, handler: chain)
        }
        pipe.fill()
        while ticks.count < 20, tick < 1_000 {
            tick += 1
            try reactor.tick()
        }
        #expect(Set(ticks).count == 20)
    }

    @Test(
        "The before-wait hook runs once before the loop sleeps, and now and then while it does not",
        arguments: bothDrivers
    )
    func beforeWait(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        var calls = 0
        reactor.beforeWait = {
            calls += 1
            // What the hook makes due is not slept over.
            if calls == 1 { reactor.schedule(after: .zero) {} }
        }
        try reactor.tick()
        #expect(calls == 1)

        var rounds = 0
        func chain() {
            rounds += 1
            if rounds < 2 * Reactor.maxTicksWithoutHook { reactor.schedule(after: .zero, handler: chain) }
        }
        reactor.schedule(after: .zero, handler: chain)
        while rounds < Reactor.maxTicksWithoutHook - 1 { try reactor.tick() }
        #expect(calls == 1, "what is due goes first")
        while rounds < 2 * Reactor.maxTicksWithoutHook { try reactor.tick() }
        #expect(calls == 3)
    }

    @Test("Cancelled ones stay silent, also where they are due together", arguments: bothDrivers)
    func cancelled(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        var fired: [String] = []
        let early = reactor.schedule(after: .zero) { fired.append("early") }
        reactor.cancel(early)
        var second: TimerToken?
        reactor.schedule(after: .milliseconds(1)) {
            fired.append("first")
            if let second { reactor.cancel(second) }
        }
        second = reactor.schedule(after: .milliseconds(1)) { fired.append("second") }
        let last = reactor.schedule(after: .milliseconds(2)) { fired.append("last") }
        try reactor.run { fired.last == "last" }
        reactor.cancel(last)
        #expect(fired == ["first", "last"])
    }

    @Test("A handler's cancellation reaches a timer due in its tick", arguments: bothDrivers)
    func cancelledByDescriptor(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let pipe = Pipe()
        var fired = false
        let timer = reactor.schedule(after: .zero) { fired = true }
        var called = false
        pipe.fill()
        _ = try reactor.poll(pipe.reader, for: .readable, mode: .oneShot, label: "pipe") { _ in
            called = true
            reactor.cancel(timer)
        }
        try reactor.tick()
        try #require(called)
        try reactor.settle()
        #expect(!fired)
    }

    @Test("The clock stands still within a tick and moves between ticks", arguments: bothDrivers)
    func clock(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        var seen: [Instant] = []
        for _ in 0..<3 {
            reactor.schedule(after: .milliseconds(1)) { seen.append(reactor.now) }
        }
        let start = reactor.now
        try reactor.run { seen.count == 3 }
        #expect(Set(seen).count == 1)
        #expect(seen[0] >= start + .milliseconds(1))
    }

    @Test("Waiting for a timer is one wait, whatever else is registered", arguments: bothDrivers)
    func idle(_ driver: BackendChoice) throws {
        let trace = TraceRecorder()
        let reactor = try Reactor(backend: driver, trace: trace)
        let pipes = (0..<5).map { _ in Pipe() }
        for pipe in pipes {
            _ = try reactor.poll(pipe.reader, for: .readable, mode: .multishot, label: "pipe") { _ in }
        }
        reactor.schedule(after: .seconds(3_600)) {}
        try reactor.settle(ticks: 1)
        var fired = false
        reactor.schedule(after: .milliseconds(30)) { fired = true }
        trace.clear()
        while !fired {
            try reactor.tick()
        }
        #expect(trace.count(startingWith: "timerfd_settime") == 1)
        // A wait may be cut short from outside, by a debugger or a job control signal, which shows.
        let waits = trace.lines.filter { $0.hasPrefix("epoll_wait") || $0.hasPrefix("io_uring_enter") }
        #expect(waits.count { !$0.contains("EINTR") } == 1, "\(trace.lines)")
    }

    @Test("The alarm is set when the earliest deadline changes, and only then", arguments: bothDrivers)
    func alarm(_ driver: BackendChoice) throws {
        let trace = TraceRecorder()
        let reactor = try Reactor(backend: driver, trace: trace)
        let pipe = Pipe()
        var calls = 0
        _ = try reactor.poll(pipe.reader, for: .readable, mode: .multishot, label: "pipe") { _ in calls += 1 }
        func wake() throws {
            pipe.fill()
            let goal = calls + 1
            while calls < goal { try reactor.tick() }
        }
        func settings() -> Int { trace.count(startingWith: "timerfd_settime") }

        try wake()
        #expect(settings() == 0, "no timer, no alarm")
        let hour = reactor.schedule(after: .seconds(3_600)) {}
        for _ in 0..<5 { try wake() }
        #expect(settings() == 1)
        reactor.schedule(after: .seconds(7_200)) {}
        for _ in 0..<5 { try wake() }
        #expect(settings() == 1, "a later timer changes nothing")
        reactor.cancel(hour)
        for _ in 0..<5 { try wake() }
        #expect(settings() == 2, "a cancelled one must not wake anybody")
    }
}
