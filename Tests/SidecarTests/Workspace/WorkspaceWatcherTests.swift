import Glibc
import Reactor
import TestSupport
import Testing
import Text

@testable import Sidecar

/// What happens to a directory's files as changes, on the real loop with both drivers.
@Suite struct WorkspaceWatcherTests {
    final class Told {
        var changes: [WorkspaceChange] = []
    }

    final class Fixture {
        let directory = TemporaryDirectory()
        let reactor: Reactor
        let log = CapturedLog()
        let watcher: WorkspaceWatcher
        private let told = Told()
        private var created: (any WorkspaceFile)?

        init(_ backend: BackendChoice, usesWatch: Bool = true) throws {
            reactor = try Reactor(backend: backend)
            watcher = WorkspaceWatcher(
                workspace: try WorkspaceDirectory(path: directory.path, reactor: reactor),
                scheduler: reactor,
                usesWatch: usesWatch,
                quietPeriod: .seconds(1),
                rescanInterval: .milliseconds(1),
                log: log.logger
            ) { [told] in told.changes.append($0) }
        }

        var changes: [WorkspaceChange] { told.changes }

        func start() {
            watcher.start()
            told.changes = []
        }

        /// Starts with a created output, which stays open: closing it would be an event.
        func startWithCreatedOutput() throws {
            let file = try WorkspaceDirectory(path: directory.path).createdOutput()
            created = file
            watcher.start(output: file)
        }

        /// The changes until a last one that is waited for.
        func changes(until last: WorkspaceChange) throws -> [WorkspaceChange] {
            try reactor.tick { changes.contains(last) }
            try reactor.tickOver()
            defer { told.changes = [] }
            return changes
        }
    }

    private static let output = "jobOutput.json"
    private static let exitCode = "exitCode.txt"

    @Test(arguments: BackendChoice.both)
    func everythingIsUnknownAtTheStart(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.watcher.start()
        #expect(fixture.changes == [.unknown])
        #expect(fixture.log.lines == [])
    }

    @Test(arguments: BackendChoice.both)
    func lifeOfAnOutput(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.start()
        let file = open(fixture.directory.path(Self.output), O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        #expect(try fixture.changes(until: .outputReplaced) == [.outputReplaced])
        #expect(write(file, "a\n", 2) == 2)
        #expect(try fixture.changes(until: .outputWritten) == [.outputWritten])
        close(file)
        #expect(try fixture.changes(until: .outputClosed) == [.outputClosed])
        fixture.directory.write("other", "x")
        #expect(rename(fixture.directory.path("other"), fixture.directory.path(Self.output)) == 0)
        #expect(try fixture.changes(until: .outputReplaced) == [.outputReplaced])
    }

    @Test(arguments: BackendChoice.both)
    func manyWritesBetweenTwoTicksAreToldOnce(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.start()
        let file = open(fixture.directory.path(Self.output), O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        for number in 0..<1_000 {
            #expect(write(file, "a\n", 2) == 2)
            // Something else in between, so that the kernel does not join the events.
            if number % 10 == 0 { fixture.directory.append("noise", "x") }
        }
        close(file)
        #expect(
            try fixture.changes(until: .outputClosed) == [.outputReplaced, .outputWritten, .outputClosed]
        )
    }

    @Test(arguments: BackendChoice.both)
    func lastChangeBetweenTwoTicksIsTold(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.start()
        let file = open(fixture.directory.path(Self.output), O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        #expect(try fixture.changes(until: .outputReplaced) == [.outputReplaced])
        close(file)
        fixture.directory.append(Self.output, "more")
        // A suspicion that the first closing raised and the write laid to rest must be raised again.
        #expect(
            try fixture.changes(until: .outputWritten) == [.outputClosed, .outputWritten, .outputClosed]
        )
    }

    @Test(arguments: BackendChoice.both)
    func exitCodeRenamedIntoPlace(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.start()
        fixture.directory.write("exitCode.tmp", "0\n")
        #expect(rename(fixture.directory.path("exitCode.tmp"), fixture.directory.path(Self.exitCode)) == 0)
        #expect(try fixture.changes(until: .exitCodeComplete) == [.exitCodeComplete])
    }

    @Test(arguments: BackendChoice.both)
    func exitCodeWrittenInPlace(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.start()
        fixture.directory.write(Self.exitCode, "0\n")
        #expect(
            try fixture.changes(until: .exitCodeComplete) == [.exitCodeCreated, .exitCodeComplete]
        )
    }

    @Test(arguments: BackendChoice.both)
    func otherFilesAreNobodysBusiness(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.start()
        fixture.directory.write("TERMINATED", "")
        fixture.directory.write("jobOutput.json.bak", "")
        #expect(mkdir(fixture.directory.path("folder"), 0o755) == 0)
        fixture.directory.write(Self.exitCode, "0\n")
        #expect(
            try fixture.changes(until: .exitCodeComplete) == [.exitCodeCreated, .exitCodeComplete]
        )
    }

    @Test(arguments: BackendChoice.both)
    func lostEventsMakeEverythingUnknown(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.start()
        let limit = Int(
            TemporaryDirectory.read(path: "/proc/sys/fs/inotify/max_queued_events")?.trimmingWhitespace()
                ?? ""
        )
        let first = open(fixture.directory.path("first"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        let second = open(fixture.directory.path("second"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        defer {
            close(first)
            close(second)
        }
        for _ in 0...(try #require(limit) / 2) {
            #expect(write(first, "x", 1) == 1)
            #expect(write(second, "x", 1) == 1)
        }
        #expect(try fixture.changes(until: .unknown) == [.unknown])
        fixture.directory.write(Self.exitCode, "0\n")
        #expect(
            try fixture.changes(until: .exitCodeComplete) == [.exitCodeCreated, .exitCodeComplete],
            "the watch goes on"
        )
    }

    // MARK: Who opens the output

    private func openOutput(_ fixture: Fixture, _ flags: Int32) -> Int32 {
        Glibc.open(fixture.directory.path(Self.output), flags | O_CLOEXEC, 0o644)
    }

    /// Linux 6.18, tmpfs and ext4: `>` on an empty file gives IN_OPEN and IN_MODIFY, `>>` gives IN_OPEN alone.
    @Test(arguments: BackendChoice.both)
    func opensAreToldWhereTheyAreWatchedFor(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        try fixture.startWithCreatedOutput()
        #expect(fixture.changes == [.unknown])
        close(openOutput(fixture, O_RDONLY))
        #expect(try fixture.changes(until: .outputReleased) == [.unknown, .outputOpened, .outputReleased])
        let appending = openOutput(fixture, O_WRONLY | O_APPEND)
        #expect(try fixture.changes(until: .outputOpened) == [.outputOpened])
        close(appending)
        #expect(try fixture.changes(until: .outputClosed) == [.outputClosed])
        let truncating = openOutput(fixture, O_WRONLY | O_TRUNC)
        #expect(try fixture.changes(until: .outputWritten) == [.outputOpened, .outputWritten])
        close(truncating)
        #expect(try fixture.changes(until: .outputClosed) == [.outputClosed])
        fixture.watcher.ignoreOpens()
        close(openOutput(fixture, O_RDONLY))
        fixture.directory.append(Self.output, "x")
        #expect(try fixture.changes(until: .outputClosed) == [.outputWritten, .outputClosed])
        #expect(fixture.log.lines == [], "that a watch has ended is no loss of the file system")
    }

    /// Opens and closes are counted, so that none may be left out.
    @Test(arguments: BackendChoice.both)
    func eachOpenAndCloseBetweenTwoTicksIsTold(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        try fixture.startWithCreatedOutput()
        for _ in 0..<3 { close(openOutput(fixture, O_WRONLY | O_APPEND)) }
        #expect(
            try fixture.changes(until: .outputClosed)
                == [.unknown] + Array(repeating: [.outputOpened, .outputClosed], count: 3).joined()
        )
    }

    // MARK: Silence

    @Test(arguments: BackendChoice.both)
    func silenceLeadsToRescans(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.start()
        fixture.watcher.suspectSilence()
        fixture.watcher.suspectSilence()
        try fixture.reactor.tick { fixture.changes.count >= 3 }
        #expect(Set(fixture.changes) == [.unknown])
        #expect(fixture.log.count(of: ": inotify did not report a change in it") == 1)
    }

    @Test(arguments: BackendChoice.both)
    func silenceThatIsBrokenIsNone(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.start()
        fixture.directory.write(Self.output, "x")
        // Looked at before the event was read.
        fixture.watcher.suspectSilence()
        var isOver = false
        fixture.reactor.schedule(after: .milliseconds(200)) { isOver = true }
        try fixture.reactor.tick { isOver }
        #expect(!fixture.changes.contains(.unknown))
        #expect(fixture.log.lines == [])
    }

    // MARK: Looking again and again

    @Test(arguments: BackendChoice.both)
    func withoutInotifyEverythingIsLookedAtAgainAndAgain(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend, usesWatch: false)
        fixture.start()
        try fixture.reactor.tick { fixture.changes.count >= 5 }
        #expect(Set(fixture.changes) == [.unknown])
        #expect(
            fixture.log.count(of: "every 0.001 seconds: its file system") == 1
        )
        #expect(fixture.log.lines.count == 1)
    }

    @Test(arguments: BackendChoice.both)
    func cancelledRescanStops(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend, usesWatch: false)
        fixture.start()
        try fixture.reactor.tick { !fixture.changes.isEmpty }
        fixture.watcher.cancel()
        let count = fixture.changes.count
        var isOver = false
        fixture.reactor.schedule(after: .milliseconds(10)) { isOver = true }
        try fixture.reactor.tick { isOver }
        #expect(fixture.changes.count == count)
    }

    @Test(arguments: BackendChoice.both)
    func cancelledWatchTellsNothing(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.start()
        fixture.directory.write(Self.output, "x")
        fixture.watcher.cancel()
        try fixture.reactor.tickOver()
        fixture.directory.write(Self.exitCode, "0\n")
        try fixture.reactor.tickOver()
        #expect(fixture.changes == [])
    }
}
