import Glibc
import Testing

@testable import Reactor

@Suite("Small rings")
struct RingTests {
    @Test("A ring of one entry serves hundreds of registrations", arguments: bothDrivers)
    func oneEntry(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver, ringEntries: 1)
        let pipe = Pipe()
        let readers = (0..<300).map { _ in fcntl(pipe.reader, F_DUPFD_CLOEXEC, 0) }
        defer { readers.forEach { close($0) } }
        var calls = [Int](repeating: 0, count: readers.count)
        var registrations: [Registration] = []
        for (index, reader) in readers.enumerated() {
            registrations.append(
                try reactor.poll(reader, for: .readable, mode: .multishot, label: "pipe") { _ in
                    calls[index] += 1
                }
            )
        }
        try reactor.settle()
        #expect(calls.allSatisfy { $0 == 0 })
        pipe.fill()
        try reactor.run { calls.allSatisfy { $0 >= 1 } }
        registrations.forEach(reactor.cancel)
        let before = calls
        pipe.fill()
        try reactor.settle()
        #expect(calls == before)
        // All slots are free again: the same number of registrations needs no more of them.
        let slots = Set(registrations.map(\.slot))
        for reader in readers {
            let again = try reactor.poll(reader, for: .readable, mode: .oneShot, label: "pipe") { _ in }
            #expect(slots.contains(again.slot))
        }
    }

    @Test("Nothing is lost when the completion queue overflows", arguments: [PollMode.oneShot, .multishot])
    func overflow(_ mode: PollMode) throws {
        let trace = TraceRecorder()
        let driver = try IOUringDriver(entries: 1, trace: trace)
        let reactor = try Reactor(backend: .ioUring, trace: nil, makeIOUring: { driver })
        let pipe = Pipe()
        let readers = (0..<200).map { _ in fcntl(pipe.reader, F_DUPFD_CLOEXEC, 0) }
        defer { readers.forEach { close($0) } }
        try #require(driver.completionEntries < readers.count)
        var calls = [Int](repeating: 0, count: readers.count)
        for (index, reader) in readers.enumerated() {
            _ = try reactor.poll(reader, for: .readable, mode: mode, label: "pipe") { _ in calls[index] += 1 }
        }
        try reactor.settle()
        #expect(calls.allSatisfy { $0 == 0 })
        #expect(driver.overflows == 0)

        pipe.fill()
        try reactor.run { calls.allSatisfy { $0 >= 1 } }
        #expect(driver.overflows > 0, "the test means to overflow the queue")
        #expect(trace.lines.contains("io_uring: the completion queue overflowed"))
        try reactor.settle()
        guard mode == .multishot else {
            #expect(calls.allSatisfy { $0 == 1 })
            return
        }
        // Those that the kernel had to end for want of room have been started anew.
        pipe.drain()
        try reactor.settle()
        let before = calls
        pipe.fill()
        try reactor.run { zip(calls, before).allSatisfy { $0 > $1 } }
    }

    @Test("Cancellations of everything pass through a ring of one entry", arguments: bothDrivers)
    func cancelFlood(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver, ringEntries: 1)
        let pipe = Pipe()
        for _ in 0..<10 {
            var registrations: [Registration] = []
            for _ in 0..<50 {
                registrations.append(
                    try reactor.poll(pipe.reader, for: .readable, mode: .oneShot, label: "pipe") { _ in
                        Issue.record("called after its cancellation")
                    }
                )
            }
            pipe.fill()
            registrations.forEach(reactor.cancel)
            try reactor.settle(ticks: 1)
        }
        try reactor.settle()
    }
}
