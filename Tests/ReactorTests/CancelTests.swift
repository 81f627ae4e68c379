import Glibc
import Testing

@testable import Reactor

@Suite("Cancelling")
struct CancelTests {
    @Test("Before the event", arguments: bothDrivers, [PollMode.oneShot, .multishot])
    func beforeEvent(_ driver: BackendChoice, _ mode: PollMode) throws {
        let reactor = try Reactor(backend: driver)
        let pipe = Pipe()
        var calls = 0
        let unsubmitted = try reactor.poll(pipe.reader, for: .readable, mode: mode, label: "pipe") { _ in
            calls += 1
        }
        reactor.cancel(unsubmitted)
        let submitted = try reactor.poll(pipe.reader, for: .readable, mode: mode, label: "pipe") { _ in
            calls += 1
        }
        try reactor.settle()
        reactor.cancel(submitted)
        try reactor.settle()
        pipe.fill()
        try reactor.settle()
        #expect(calls == 0)
    }

    @Test("After the event, before it was reported", arguments: bothDrivers, [PollMode.oneShot, .multishot])
    func afterEvent(_ driver: BackendChoice, _ mode: PollMode) throws {
        let reactor = try Reactor(backend: driver)
        let pipe = Pipe()
        var calls = 0
        let registration = try reactor.poll(pipe.reader, for: .readable, mode: mode, label: "pipe") { _ in
            calls += 1
        }
        try reactor.settle()
        pipe.fill()
        reactor.cancel(registration)
        reactor.cancel(registration)
        try reactor.settle()
        #expect(calls == 0)
    }

    @Test("A multishot poll in its own handler", arguments: bothDrivers)
    func inOwnHandler(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let pipe = Pipe()
        var calls = 0
        var registration: Registration?
        registration = try reactor.poll(pipe.reader, for: .readable, mode: .multishot, label: "pipe") { _ in
            calls += 1
            if let registration { reactor.cancel(registration) }
        }
        for _ in 0..<3 {
            pipe.fill()
            try reactor.settle()
        }
        #expect(calls == 1)
    }

    @Test("Another one whose event has been taken from the kernel already", arguments: bothDrivers)
    func alreadyReaped(_ driver: BackendChoice) throws {
        for mode in [PollMode.oneShot, .multishot] {
            let reactor = try Reactor(backend: driver)
            let pipes = (0..<10).map { _ in Pipe() }
            var registrations: [Registration] = []
            var calls = 0
            for pipe in pipes {
                registrations.append(
                    try reactor.poll(pipe.reader, for: .readable, mode: mode, label: "pipe") { _ in
                        calls += 1
                        registrations.forEach(reactor.cancel)
                    }
                )
            }
            pipes.forEach { $0.fill() }
            try reactor.tick()
            #expect(calls == 1)
            pipes.forEach { $0.fill() }
            try reactor.settle()
            #expect(calls == 1)
        }
    }

    @Test("A registration that is over does not touch the one that took its slot", arguments: bothDrivers)
    func staleToken(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let (pipe, other) = (Pipe(), Pipe())
        var old: Registration?
        var new: Registration?
        var calls = 0
        old = try reactor.poll(pipe.reader, for: .readable, mode: .oneShot, label: "old") { _ in
            new = try? reactor.poll(other.reader, for: .readable, mode: .oneShot, label: "new") { _ in
                calls += 1
            }
            if let old { reactor.cancel(old) }
        }
        pipe.fill()
        try reactor.settle()
        #expect(old?.slot == new?.slot, "the test means to reuse the slot")
        #expect(old?.generation != new?.generation)
        if let old { reactor.cancel(old) }
        other.fill()
        try reactor.settle()
        #expect(calls == 1)
    }

    @Test("A token that was never given out is ignored", arguments: bothDrivers)
    func foreignToken(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        reactor.cancel(Registration(kind: .poll, slot: 77, generation: 3))
        reactor.cancel(Registration(token: .max))
        try reactor.settle()
    }

    @Test(
        "A descriptor that is closed and comes back in one tick brings no old events",
        arguments: bothDrivers
    )
    func descriptorReuse(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let (trigger, old, new) = (Pipe(), Pipe(), Pipe())
        let number = fcntl(old.reader, F_DUPFD_CLOEXEC, 0)
        defer { close(number) }
        var log: [String] = []
        var registration: Registration?
        // The trigger was registered first, but the drivers report in an order of their own: the swap is
        // made by whoever comes first.
        func swap() {
            guard let current = registration else { return }
            registration = nil
            reactor.cancel(current)
            // Closes the number and gives it to the other file, before a test on another thread can take it.
            #expect(dup2(new.reader, number) == number)
            #expect(throws: Never.self) {
                _ = try reactor.poll(number, for: .readable, mode: .multishot, label: "new") { _ in
                    log.append("new")
                    _ = Pipe.drain(number)
                }
            }
        }
        _ = try reactor.poll(trigger.reader, for: .readable, mode: .oneShot, label: "trigger") { _ in swap() }
        registration = try reactor.poll(number, for: .readable, mode: .multishot, label: "old") { _ in
            // Happens where it is reported before the trigger; the swap must come all the same.
            swap()
        }
        try reactor.settle()
        trigger.fill()
        old.fill()
        try reactor.settle()
        old.fill()
        try reactor.settle()
        #expect(log.isEmpty)
        new.fill()
        try reactor.settle()
        #expect(log == ["new"])
    }

    @Test("A descriptor that was closed too early does not spoil its successor", arguments: bothDrivers)
    func closedBeforeCancel(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let (old, new) = (Pipe(), Pipe())
        let number = fcntl(old.reader, F_DUPFD_CLOEXEC, 0)
        defer { close(number) }
        var calls = 0
        let stale = try reactor.poll(number, for: .readable, mode: .multishot, label: "old") { _ in }
        try reactor.settle()
        #expect(dup2(new.reader, number) == number)
        _ = try reactor.poll(number, for: .readable, mode: .oneShot, label: "new") { _ in calls += 1 }
        reactor.cancel(stale)
        try reactor.settle()
        new.fill()
        try reactor.settle()
        #expect(calls == 1)
    }

    @Test("Changing the interest, as libcurl does: cancel and poll anew", arguments: bothDrivers)
    func changeOfInterest(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let pair = SocketPair()
        var log: [Readiness] = []
        var current: Registration?
        func change(to interest: Readiness) throws {
            if let current { reactor.cancel(current) }
            current = try reactor.poll(pair.one, for: interest, mode: .oneShot, label: "socket") {
                log.append($0)
            }
        }
        for _ in 0..<100 {
            try change(to: .writable)
            try change(to: [.readable, .writable])
            try change(to: .readable)
        }
        try reactor.settle()
        #expect(log.isEmpty)
        try change(to: [.readable, .writable])
        try reactor.settle()
        #expect(log == [.writable])
        try change(to: .readable)
        #expect(write(pair.other, "x", 1) == 1)
        try reactor.settle()
        #expect(log == [.writable, .readable])
    }

    @Test("Slots come back: many short registrations need few", arguments: bothDrivers)
    func slotsAreReused(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let pipe = Pipe()
        var highest = 0
        for _ in 0..<300 {
            let registration = try reactor.poll(
                pipe.reader,
                for: .readable,
                mode: .multishot,
                label: "pipe"
            ) { _ in }
            highest = max(highest, registration.slot)
            try reactor.settle(ticks: 1)
            reactor.cancel(registration)
            try reactor.settle(ticks: 1)
        }
        #expect(highest < 4)
    }
}
