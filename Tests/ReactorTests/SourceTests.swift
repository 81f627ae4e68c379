import Glibc
import Testing

@testable import Reactor

@Suite("Signals")
struct SignalTests {
    @Test("Arrive with number and sender, all that are pending", arguments: bothDrivers)
    func signals(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        var seen: [Int32: Int32] = [:]
        let source = try SignalSource(reactor: reactor, signals: [SIGUSR1, SIGUSR2]) { signal, sender in
            seen[signal] = sender
        }
        // Directed at this thread, where they are blocked; the process' other threads know nothing of them.
        raise(SIGUSR1)
        raise(SIGUSR2)
        try reactor.run { seen.count == 2 }
        #expect(seen == [SIGUSR1: getpid(), SIGUSR2: getpid()])
        seen = [:]
        raise(SIGUSR1)
        try reactor.run { !seen.isEmpty }
        #expect(seen == [SIGUSR1: getpid()])
        source.cancel()
    }

    @Test("A handler may end the source", arguments: bothDrivers)
    func cancelInHandler(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        var source: SignalSource?
        var calls = 0
        source = try SignalSource(reactor: reactor, signals: [SIGUSR1, SIGUSR2]) { _, _ in
            calls += 1
            source?.cancel()
        }
        raise(SIGUSR1)
        raise(SIGUSR2)
        try reactor.settle()
        #expect(calls == 1)
        // Take the other one away, so that the thread's next test does not find it.
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGUSR1)
        sigaddset(&set, SIGUSR2)
        var none = timespec()
        #expect(sigtimedwait(&set, nil, &none) == SIGUSR2)
    }

    @Test("A number that is no signal is refused")
    func noSignal() throws {
        let reactor = try Reactor(backend: .epoll)
        #expect(throws: SystemError(call: "sigaddset", errno: EINVAL)) {
            try SignalSource(reactor: reactor, signals: [4_711]) { _, _ in }
        }
    }
}

@Suite("inotify")
struct InotifyTests {
    private let directory = TemporaryDirectory()

    @Test("Tells of files written, renamed and removed, in order", arguments: bothDrivers)
    func events(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        var events: [InotifyEvent] = []
        let source = InotifySource(Inotify(reactor: reactor)) { events += $0 }
        let watch = try source.watch(
            path: directory.path,
            [.closeWrite, .movedFrom, .movedTo, .delete, .onlyDirectory]
        )
        let path = directory.write("exitCode.tmp", [48])
        rename(path, directory.path + "/exitCode.txt")
        unlink(directory.path + "/exitCode.txt")
        try reactor.run { events.count >= 4 }
        #expect(events.map(\.mask) == [.closeWrite, .movedFrom, .movedTo, .delete])
        #expect(events.map(\.name) == ["exitCode.tmp", "exitCode.tmp", "exitCode.txt", "exitCode.txt"])
        #expect(events.allSatisfy { $0.watch == watch && !$0.isOverflow })
        #expect(events[1].cookie == events[2].cookie)
        #expect(events[1].cookie != 0)
        source.cancel()
        directory.write("later")
        try reactor.settle()
        #expect(events.count == 4)
    }

    @Test("Watches what a descriptor holds open, wherever its path leads", arguments: bothDrivers)
    func byDescriptor(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let inner = directory.path + "/inner"
        mkdir(inner, 0o700)
        let object = OwnedDescriptor(open(inner, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        rename(inner, directory.path + "/moved")
        mkdir(inner, 0o700)
        defer {
            rmdir(inner)
            unlink(directory.path + "/moved/file")
            rmdir(directory.path + "/moved")
        }
        var events: [InotifyEvent] = []
        let source = InotifySource(Inotify(reactor: reactor)) { events += $0 }
        let watch = try source.watch(descriptor: object.raw, [.closeWrite])
        directory.write("moved/file")
        try reactor.run { !events.isEmpty }
        #expect(events.map(\.name) == ["file"])

        events = []
        try source.remove(watch)
        directory.write("moved/file")
        try reactor.settle()
        #expect(events == [])
        #expect(throws: SystemError(call: "inotify_rm_watch", errno: EINVAL)) { try source.remove(watch) }
    }

    @Test("Names are bytes first")
    func names() throws {
        let reactor = try Reactor(backend: .epoll)
        var events: [InotifyEvent] = []
        let source = InotifySource(Inotify(reactor: reactor)) { events += $0 }
        _ = try source.watch(path: directory.path, [.create])
        var path = Array(directory.path.utf8CString.dropLast())
        path += [0x2F, 0x61, CChar(bitPattern: 0xFF), 0]
        close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600))
        try reactor.run { !events.isEmpty }
        #expect(events[0].nameBytes == [0x61, 0xFF])
        #expect(events[0].name == "a\u{FFFD}")
        unlink(path)
    }

    @Test("A path that is not there is a typed error")
    func missing() throws {
        let reactor = try Reactor(backend: .epoll)
        let source = InotifySource(Inotify(reactor: reactor)) { _ in }
        #expect(throws: SystemError(call: "inotify_add_watch", errno: ENOENT)) {
            try source.watch(path: directory.path + "/none", [.create])
        }
        let file = directory.write("file")
        #expect(throws: SystemError(call: "inotify_add_watch", errno: ENOTDIR)) {
            try source.watch(path: file, [.create, .onlyDirectory])
        }
    }

    @Test("A full queue shows as an overflow, and does not stop the timers", arguments: bothDrivers)
    func overflow(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        var count = 0
        var overflows: [InotifyEvent] = []
        var timerAfter = 0
        let source = InotifySource(Inotify(reactor: reactor)) { events in
            #expect(!events.isEmpty)
            count += events.count
            overflows += events.filter(\.isOverflow)
        }
        let files = ["one", "two"].map { directory.write($0) }
        _ = try source.watch(path: directory.path, [.open])
        let limit = try queueLimit()
        // Two files in turn: equal events in a row are merged.
        for number in 0..<(limit + 100) {
            close(open(files[number % 2], O_RDONLY | O_CLOEXEC))
        }
        reactor.schedule(after: .zero) { timerAfter = count }
        try reactor.run { !overflows.isEmpty }
        #expect(count == limit + 1)
        #expect(overflows.map(\.watch.rawValue) == [-1])
        #expect(timerAfter > 0)
        #expect(timerAfter < count, "the timer fires between two portions")
        // And it goes on afterwards.
        directory.write("three")
        try reactor.run { count == limit + 2 }
    }

    @Test("Sources share an instance, and each gets its own events", arguments: bothDrivers)
    func sharedInstance(_ driver: BackendChoice) throws {
        let reactor = try Reactor(backend: driver)
        let inotify = Inotify(reactor: reactor)
        let folders = ["a", "b"].map { directory.path + "/" + $0 }
        for folder in folders { mkdir(folder, 0o700) }
        defer { for folder in folders { unlink(folder + "/file"); rmdir(folder) } }
        var events: [[InotifyEvent]] = [[], [], []]
        let sources = (0..<3).map { number in InotifySource(inotify) { events[number] += $0 } }
        #expect(!inotify.isOpen, "the first watch opens it")
        _ = try sources[0].watch(path: folders[0], [.closeWrite])
        let shared = try sources[1].watch(path: folders[1], [.closeWrite])
        #expect(try sources[2].watch(path: folders[1], [.create]) == shared, "one object, one watch")
        #expect(inotify.isOpen)

        directory.write("a/file")
        directory.write("b/file")
        try reactor.run { events.allSatisfy { !$0.isEmpty } }
        #expect(events[0].map(\.mask) == [.closeWrite])
        #expect(events[1].map(\.mask) == [.create, .closeWrite], "the masks of one object are joined")
        #expect(events[2] == events[1])

        events = [[], [], []]
        try sources[1].remove(shared)
        sources[0].cancel()
        directory.write("a/file")
        directory.write("b/file")
        try reactor.run { !events[2].isEmpty }
        #expect(events[0] == [] && events[1] == [])
        sources[1].cancel()
        sources[2].cancel()
        #expect(inotify.isOpen, "closing takes long, and the loop would stand still")
        let late = InotifySource(inotify) { events[0] += $0 }
        _ = try late.watch(path: folders[0], [.closeWrite])
        directory.write("a/file")
        try reactor.run { !events[0].isEmpty }
    }

    private func queueLimit() throws -> Int {
        let file = OwnedDescriptor(open("/proc/sys/fs/inotify/max_queued_events", O_RDONLY | O_CLOEXEC))
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = read(file.raw, &bytes, bytes.count)
        let text = String(decoding: bytes.prefix(max(0, count - 1)), as: UTF8.self)
        return try #require(Int(text))
    }
}
