import Glibc
import Testing

@testable import Reactor

@Suite("Trace")
struct TraceTests {
    /// Without the lines that tell how a driver waits.
    private func operations(_ trace: TraceRecorder) -> [String] {
        trace.lines.filter { line in
            !["io_uring_enter", "epoll_wait", "timerfd_settime"].contains { line.hasPrefix($0) }
        }
    }

    @Test("Both drivers tell the same story", arguments: bothDrivers)
    func lines(_ driver: BackendChoice) throws {
        let trace = TraceRecorder()
        let reactor = try Reactor(backend: driver, trace: trace)
        let directory = TemporaryDirectory()
        let file = OwnedDescriptor(open(directory.write("file", [1, 2, 3]), O_RDONLY | O_CLOEXEC))
        let pipe = Pipe()
        pipe.fill()
        let many = try reactor.poll(pipe.reader, for: .readable, mode: .multishot, label: "inotify") { _ in }
        try reactor.settle(ticks: 1)
        var hasRead = false
        let buffer = ReadBuffer(capacity: 64)
        _ = try reactor.read(file.raw, at: 1, into: buffer, label: "jobOutput.json") { _ in hasRead = true }
        // On some file systems (tmpfs) a read is left to the kernel's workers.
        while !hasRead { try reactor.tick() }
        _ = try reactor.poll(-1, for: [.readable, .peerClosed], mode: .oneShot, label: "bad") { _ in }
        try reactor.settle(ticks: 1)
        reactor.cancel(many)
        #expect(
            operations(trace) == [
                "poll_add(\(pipe.reader)<inotify>, POLLIN, multishot) #1",
                "poll_add(\(pipe.reader)<inotify>) #1 = POLLIN",
                "read(\(file.raw)<jobOutput.json>, 64, offset=1) #2",
                "read(\(file.raw)<jobOutput.json>) #2 = 2",
                "poll_add(-1<bad>, POLLIN|POLLRDHUP) #3",
                "poll_add(-1<bad>) #3 = -1 EBADF (Bad file descriptor)",
                "cancel #1 (\(pipe.reader)<inotify>)",
            ]
        )
    }

    @Test("Every wait shows, and so does the alarm", arguments: bothDrivers)
    func waits(_ driver: BackendChoice) throws {
        let trace = TraceRecorder()
        let reactor = try Reactor(backend: driver, trace: trace)
        let pipe = Pipe()
        _ = try reactor.poll(pipe.reader, for: .readable, mode: .oneShot, label: "pipe") { _ in }
        reactor.schedule(after: .seconds(3_600)) {}
        pipe.fill()
        trace.clear()
        try reactor.tick()
        #expect(trace.lines.contains { $0.contains(/^timerfd_settime\(\d+, 3600\.000s\)$/) })
        switch driver {
        case .epoll: #expect(trace.lines.contains { $0.hasPrefix("epoll_wait(") && $0.hasSuffix("= 1") })
        default: #expect(trace.lines.contains("io_uring_enter(to_submit=2, min_complete=1) = 2"))
        }
    }

    @Test("A file sink appends lines with the time of day")
    func fileSink() throws {
        let directory = TemporaryDirectory()
        let path = directory.path + "/trace"
        for line in ["first", "second"] {
            try FileTraceSink(path: path).write(line)
        }
        let file = OwnedDescriptor(open(path, O_RDONLY | O_CLOEXEC))
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = read(file.raw, &bytes, bytes.count)
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        try #require(lines.count == 3)
        let time = /[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{6}/
        for (line, word) in zip(lines, ["first", "second"]) {
            let parts = line.split(separator: " ")
            #expect(parts.count == 2)
            #expect(try time.wholeMatch(in: parts[0]) != nil)
            #expect(parts[1] == word)
        }
        #expect(lines[2].isEmpty)
    }

    @Test("A sink that nobody reads drops lines, counts them, and never waits")
    func sinkThatIsNotRead() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        // The writing end blocks, as one that is inherited does.
        let sink = FileTraceSink(descriptor: OwnedDescriptor(ends[1]))
        let line = String(repeating: "x", count: 1_000)
        // A pipe has room for 64 KiB.
        for _ in 0..<100 { sink.write(line) }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        let taken = Pipe.drain(ends[0]) / (line.utf8.count + 17)
        #expect(taken < 100)
        sink.write("after")
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = read(ends[0], &bytes, bytes.count)
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        #expect(text.contains(" \(100 - taken) lines of the trace were dropped: it was not being read\n"))
        #expect(text.hasSuffix(" after\n"))
    }

    @Test("A FIFO that nobody reads is refused")
    func fifoWithoutReader() throws {
        let path = TemporaryDirectory().path + "-fifo"
        try #require(mkfifo(path, 0o600) == 0)
        defer { unlink(path) }
        #expect(throws: SystemError(call: "open", errno: ENXIO)) { try FileTraceSink(path: path) }
    }

    @Test("A file sink that cannot be opened says so")
    func fileSinkError() {
        #expect(throws: SystemError(call: "open", errno: ENOENT)) {
            try FileTraceSink(path: "/nonexistent/trace")
        }
    }
}
