import Glibc
import Reactor
import Scheduling
import Testing

@testable import Sidecar

/// Each in a process of its own, since a fork copies this thread alone: another one could hold a lock of the runtime.
@Suite struct HelperProcessTests {
    @Test func successAndFailure() async {
        await #expect(processExitsWith: .success) {
            for backend in BackendChoice.both {
                let reactor = try Reactor(backend: backend)
                let results = Results(on: reactor)
                try results.run { _ in nil }
                #expect(results.all == ["done"])
                try results.run { _ in "the disk is full" }
                #expect(results.all == ["done", "the disk is full"])
                try results.reapAll()
            }
        }
    }

    @Test func progressBeforeTheResult() async {
        await #expect(processExitsWith: .success) {
            let reactor = try Reactor(backend: .epoll)
            let results = Results(on: reactor)
            try results.run { progressed in
                for _ in 0..<200_000 { progressed() }
                return "in the end"
            }
            #expect(results.all == ["in the end"])
        }
    }

    @Test func aChildThatIsKilledIsAFailure() async {
        await #expect(processExitsWith: .success) {
            let reactor = try Reactor(backend: .epoll)
            let results = Results(on: reactor)
            try results.run { _ in
                kill(getpid(), SIGKILL)
                return nil
            }
            #expect(results.all == ["the process that writes was ended by SIGKILL (out of memory?)"])
            try results.run { _ in _exit(3) }
            #expect(results.all.last == "the process that writes was ended with exit code 3")
        }
    }

    @Test func aChildThatGetsNoFurtherIsKilled() async {
        await #expect(processExitsWith: .success) {
            for backend in BackendChoice.both {
                let reactor = try Reactor(backend: backend)
                let results = Results(on: reactor, stallLimit: .milliseconds(50))
                try results.run { _ in
                    while true { pause() }
                }
                #expect(results.all == ["nothing was written for 0.05 seconds"])
                try results.reapAll()
            }
        }
    }

    /// Stop signals reach the whole process group.
    @Test func stopSignalsDoNotEndTheChild() async {
        await #expect(processExitsWith: .success) {
            ProcessState.prepare()
            let reactor = try Reactor(backend: .epoll)
            let results = Results(on: reactor)
            try results.run { _ in
                for signal in ProcessState.stopSignals { kill(getpid(), signal) }
                return "alive"
            }
            #expect(results.all == ["alive"])
        }
    }

    @Test func theChildHasNoDescriptorButTheKept() async {
        await #expect(processExitsWith: .success) {
            let reactor = try Reactor(backend: .ioUring)
            let results = Results(on: reactor)
            let pipe = Pipe()
            try results.run(keeping: [pipe.readEnd]) { _ in
                let open = (0..<1_024).filter { fcntl($0, F_GETFD) >= 0 }
                // 0 to 2, the kept one, and the pipe of the result.
                let kept = open.contains(pipe.readEnd) && !open.contains(pipe.writeEnd)
                return "\(open.count) \(kept)"
            }
            #expect(results.all == ["5 true"])
        }
    }

    @Test func theChildDiesWithItsParent() async {
        await #expect(processExitsWith: .success) {
            let pipe = Pipe()
            _ = fcntl(pipe.readEnd, F_SETFL, 0)
            let results = Results(on: try Reactor(backend: .epoll))
            // The first helper starts a second one, and ends once that one runs.
            try results.run(keeping: [pipe.readEnd, pipe.writeEnd]) { _ in
                guard let inner = try? Reactor(backend: .epoll) else { return "no loop" }
                let hasStarted = HelperProcess.start(
                    on: inner,
                    stallLimit: .seconds(60),
                    keeping: [pipe.writeEnd],
                    { _ in
                        _ = write(pipe.writeEnd, "x", 1)
                        while true { pause() }
                    },
                    completion: { _ in }
                )
                var byte: UInt8 = 0
                return hasStarted && read(pipe.readEnd, &byte, 1) == 1 ? nil : "no second helper"
            }
            #expect(results.all == ["done"])
            pipe.closeWriteEnd()
            // The end of the file comes once the last writer is dead.
            var byte: UInt8 = 0
            #expect(read(pipe.readEnd, &byte, 1) == 0)
        }
    }

    @Test func withoutADescriptorNothingIsStarted() async {
        await #expect(processExitsWith: .success) {
            let reactor = try Reactor(backend: .epoll)
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(7), &limit)
            limit.rlim_cur = 3
            setrlimit(__rlimit_resource_t(7), &limit)
            let hasStarted = HelperProcess.start(
                on: reactor,
                stallLimit: .seconds(60),
                keeping: [],
                { _ in nil },
                completion: { _ in }
            )
            #expect(!hasStarted)
        }
    }
}

/// Runs helpers one after the other and keeps their results.
private final class Results {
    private let reactor: Reactor
    private let stallLimit: Duration
    /// "done" for a success.
    private(set) var all: [String] = []

    init(on reactor: Reactor, stallLimit: Duration = .seconds(60)) {
        self.reactor = reactor
        self.stallLimit = stallLimit
    }

    func run(keeping descriptors: [Int32] = [], _ work: HelperProcess.Work) throws {
        let count = all.count
        let hasStarted = HelperProcess.start(
            on: reactor,
            stallLimit: stallLimit,
            keeping: descriptors,
            work,
            completion: { self.all.append($0 ?? "done") }
        )
        try #require(hasStarted)
        try reactor.tick { self.all.count > count }
    }

    /// Until no child is left, dead or alive.
    func reapAll() throws {
        var timer: TimerToken?
        func tickOn() { timer = reactor.schedule(after: .milliseconds(1)) { tickOn() } }
        tickOn()
        defer { if let timer { reactor.cancel(timer) } }
        try reactor.tick {
            var information = siginfo_t()
            return waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD
        }
    }
}
