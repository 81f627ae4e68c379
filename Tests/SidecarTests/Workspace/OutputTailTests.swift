import AirbyteProtocol
import Glibc
import Reactor
import TestSupport
import Testing

@testable import Sidecar

/// The reading of a growing file, on the real loop with both drivers.
@Suite struct OutputTailTests {
    final class Told {
        private(set) var bytes: [UInt8] = []
        var restarts: [Int] = []
        /// The zero bytes that were skipped, and how many bytes had been read before.
        var skipped: [Skip] = []

        struct Skip: Equatable {
            var zeros: UInt64
            var before: Int
        }

        func take(_ span: RawSpan) {
            span.withUnsafeBytes { bytes.append(contentsOf: $0) }
        }
    }

    /// A tail with everything that it needs, and what it has told.
    final class Fixture {
        let directory = TemporaryDirectory()
        let reactor: Reactor
        let pipe = Pipe()
        let console: Console
        let log = CapturedLog()
        let output = ConnectorOutput()
        let tail: OutputTail
        private let told = Told()

        init(_ backend: BackendChoice, maxLastReading: UInt64 = OutputTail.maxLastReading) throws {
            reactor = try Reactor(backend: backend)
            console = Console(descriptor: pipe.writeEnd, reactor: reactor)
            tail = OutputTail(
                workspace: try WorkspaceDirectory(path: directory.path, reactor: reactor),
                output: output,
                scheduler: reactor,
                outlet: console,
                log: log.logger,
                maxLastReading: maxLastReading,
                onBytes: { [told] in told.take($0) },
                onZeros: { [told] in told.skipped.append(Told.Skip(zeros: $0, before: told.bytes.count)) },
                onRestart: { [told] in told.restarts.append(told.bytes.count) }
            )
        }

        /// Reads to the present end; what kept the output from being read.
        @discardableResult
        func finish() throws -> WorkspaceError? {
            var isFinished = false
            var problem: WorkspaceError?
            tail.finish {
                problem = $0
                isFinished = true
            }
            try reactor.tick { isFinished }
            return problem
        }

        var bytes: [UInt8] { told.bytes }
        /// How many bytes had been read at each new beginning.
        var restarts: [Int] { told.restarts }
        var skipped: [Told.Skip] { told.skipped }
        var text: String { String(decoding: bytes, as: UTF8.self) }

        func tick(until text: String) throws { try reactor.tick { self.text == text } }

        /// Has a console that nobody reads fall behind.
        func stall() {
            console.pending.append(contentsOf: repeatElement(UInt8(ascii: "c"), count: 2 * 1_024 * 1_024))
            console.flush()
        }

        /// Somebody reads the console again.
        func relieve() throws {
            var relieved = false
            console.whenRelieved { relieved = true }
            try reactor.tick {
                _ = self.pipe.read()
                return relieved
            }
        }
    }

    private static let output = "jobOutput.json"

    @Test(arguments: BackendChoice.both)
    func growth(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.directory.write(Self.output, "one\n")
        fixture.tail.wakeReplaced()
        #expect(fixture.text == "", "nothing is told from within the call")
        try fixture.tick(until: "one\n")
        fixture.directory.append(Self.output, "two\n")
        try fixture.reactor.tickOver()
        #expect(fixture.text == "one\n", "nobody has woken it")
        fixture.tail.wake()
        try fixture.tick(until: "one\ntwo\n")
        #expect(fixture.restarts == [])
        #expect(fixture.log.lines == [])
    }

    /// A tmpfs is always read at once; the file system of the tests' folder need not be one.
    @Test(arguments: BackendChoice.both)
    func readsAtOnce(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.directory.write(Self.output, "one\n")
        fixture.tail.wake()
        let isAtOnce = fixture.text == "one\n"
        #expect(isAtOnce || fixture.text == "")
        try fixture.tick(until: "one\n")
        guard isAtOnce else { return }
        for number in 1..<Reactor.maxReadsAtOnce {
            fixture.directory.append(Self.output, "\(number)")
            fixture.tail.wake()
        }
        #expect(fixture.text == "one\n123")
        fixture.directory.append(Self.output, "4")
        fixture.tail.wake()
        #expect(fixture.text == "one\n123", "a flood waits for the next tick")
        try fixture.tick(until: "one\n1234")
    }

    @Test(arguments: BackendChoice.both)
    func wokenWhileItReads(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.directory.write(Self.output, "one")
        fixture.tail.wake()
        fixture.directory.append(Self.output, "two")
        fixture.tail.wake()
        fixture.tail.wake()
        try fixture.tick(until: "onetwo")
    }

    @Test(arguments: BackendChoice.both)
    func severalBuffers(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        let content = (0..<50_000).map { "line \($0)\n" }.joined()
        fixture.directory.write(Self.output, content)
        fixture.tail.wake()
        try fixture.reactor.tick { fixture.bytes.count >= content.utf8.count }
        #expect(fixture.text == content)
    }

    @Test(arguments: BackendChoice.both)
    func appearsLater(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.tail.wakeReplaced()
        try fixture.reactor.tickOver()
        #expect(fixture.tail.isOpenForWriting == nil)
        fixture.directory.write(Self.output, "here")
        fixture.tail.wake()
        try fixture.tick(until: "here")
        #expect(fixture.restarts == [])
        #expect(fixture.log.lines == [], "that it was missing is no problem")
    }

    @Test(arguments: BackendChoice.both)
    func looksFindWhatNobodyHasToldOf(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        #expect(!fixture.tail.look(), "nothing is there")
        fixture.directory.write(Self.output, "one")
        #expect(fixture.tail.look())
        try fixture.tick(until: "one")
        #expect(!fixture.tail.look(), "nothing is new")
        fixture.directory.append(Self.output, "two")
        #expect(fixture.tail.look())
        #expect(!fixture.tail.look(), "it is being read")
        try fixture.tick(until: "onetwo")
        // It reads once more, to see whether the file was replaced.
        try fixture.reactor.tickOver()
        fixture.directory.write("other", "three")
        #expect(rename(fixture.directory.path("other"), fixture.directory.path(Self.output)) == 0)
        #expect(fixture.tail.look())
        try fixture.tick(until: "onetwothree")
        #expect(fixture.restarts == [6])
        try fixture.reactor.tickOver()
        #expect(unlink(fixture.directory.path(Self.output)) == 0)
        #expect(!fixture.tail.look())
    }

    @Test(arguments: BackendChoice.both)
    func lookThatFindsNoRegularFileFindsNothing(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        #expect(mkfifo(fixture.directory.path(Self.output), 0o644) == 0)
        #expect(!fixture.tail.look())
        #expect(!fixture.tail.look())
        #expect(fixture.log.lines.count == 1)
    }

    /// The file that the sidecar has created is not opened once more.
    @Test(arguments: BackendChoice.both)
    func createdFileIsReadThroughItsOwnDescriptor(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        let file = try WorkspaceDirectory(path: fixture.directory.path).createdOutput()
        fixture.output.file = file
        fixture.tail.wakeReplaced()
        fixture.directory.append(Self.output, "one")
        fixture.tail.wake()
        try fixture.tick(until: "one")
        #expect(fixture.output.file === file)
    }

    @Test(arguments: BackendChoice.both)
    func truncated(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.directory.write(Self.output, "a long line")
        fixture.tail.wake()
        try fixture.tick(until: "a long line")
        fixture.directory.write(Self.output, "new")
        fixture.tail.wake()
        try fixture.tick(until: "a long linenew")
        #expect(fixture.restarts == [11])
        #expect(fixture.log.count(of: "was truncated after 11 bytes") == 1)
    }

    @Test(arguments: BackendChoice.both)
    func replaced(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.directory.write(Self.output, "old")
        fixture.tail.wake()
        try fixture.tick(until: "old")
        // What the old file got before it was replaced is read first.
        fixture.directory.append(Self.output, " end")
        fixture.directory.write("other", "new")
        #expect(rename(fixture.directory.path("other"), fixture.directory.path(Self.output)) == 0)
        fixture.tail.wakeReplaced()
        try fixture.tick(until: "old endnew")
        #expect(fixture.restarts == [7])
        #expect(fixture.log.count(of: "was replaced by another file") == 1)
        fixture.directory.append(Self.output, "er")
        fixture.tail.wake()
        try fixture.tick(until: "old endnewer")
    }

    @Test(arguments: BackendChoice.both)
    func sameFileIsNotReadTwice(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.directory.write(Self.output, "once")
        fixture.tail.wake()
        try fixture.tick(until: "once")
        for _ in 0..<3 {
            fixture.tail.wakeReplaced()
            try fixture.reactor.tickOver()
        }
        #expect(fixture.text == "once")
        #expect(fixture.restarts == [])
    }

    @Test(arguments: BackendChoice.both)
    func removedFileIsReadToItsEnd(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.directory.write(Self.output, "one")
        fixture.tail.wake()
        try fixture.tick(until: "one")
        fixture.directory.append(Self.output, "two")
        #expect(unlink(fixture.directory.path(Self.output)) == 0)
        fixture.tail.wakeReplaced()
        try fixture.tick(until: "onetwo")
        #expect(fixture.restarts == [])
    }

    // MARK: The end

    @Test(arguments: BackendChoice.both)
    func finishReadsEverything(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        let content = text(ofLength: 500_000)
        fixture.directory.write(Self.output, content)
        var ends = 0
        fixture.tail.finish { _ in ends += 1 }
        #expect(ends == 0, "not from within the call")
        try fixture.reactor.tick { ends > 0 }
        #expect(fixture.text == content)
        try fixture.reactor.tickOver()
        #expect(ends == 1)
    }

    @Test(arguments: BackendChoice.both)
    func finishWhileItReads(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.directory.write(Self.output, "one")
        fixture.tail.wake()
        fixture.directory.append(Self.output, "two")
        try fixture.finish()
        #expect(fixture.text == "onetwo")
    }

    @Test(arguments: BackendChoice.both)
    func finishTakesTheReplacementToo(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.directory.write(Self.output, "old")
        fixture.tail.wake()
        try fixture.tick(until: "old")
        fixture.directory.write("other", "new")
        #expect(rename(fixture.directory.path("other"), fixture.directory.path(Self.output)) == 0)
        try fixture.finish()
        #expect(fixture.text == "oldnew")
    }

    /// Whatever comes of the file: results are delivered from the one that was read.
    @Test(arguments: BackendChoice.both)
    func nothingIsReadAfterTheEnd(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.directory.write(Self.output, "result")
        try fixture.finish()
        fixture.directory.append(Self.output, ", and more")
        fixture.tail.wake()
        try fixture.reactor.tickOver()
        fixture.directory.write("other", "something else")
        #expect(rename(fixture.directory.path("other"), fixture.directory.path(Self.output)) == 0)
        fixture.tail.wakeReplaced()
        try fixture.reactor.tickOver()
        #expect(fixture.text == "result")
        #expect(fixture.restarts == [])
        #expect(try fixture.output.bytes(in: 2..<10) == Array("sult, an".utf8))
    }

    /// A writer that never stops must not keep a job from ending.
    @Test(arguments: BackendChoice.both)
    func finishEndsAtTheSizeOfItsBeginning(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.directory.write(Self.output, "before")
        fixture.tail.wake()
        try fixture.tick(until: "before")
        fixture.directory.append(Self.output, ", at the end")
        var isFinished = false
        fixture.tail.finish { _ in isFinished = true }
        try fixture.reactor.tick {
            // More with every round, so that there is always something left to read.
            if !isFinished { fixture.directory.append(Self.output, ".") }
            return isFinished
        }
        #expect(fixture.text.hasPrefix("before, at the end"))
        #expect(fixture.text.utf8.count < 60)
    }

    @Test(arguments: BackendChoice.both)
    func finishEndsThoughTheFileIsReplacedAgainAndAgain(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.directory.write(Self.output, "first")
        var isFinished = false
        fixture.tail.finish { _ in isFinished = true }
        try fixture.reactor.tick {
            fixture.directory.write("other", "next")
            #expect(rename(fixture.directory.path("other"), fixture.directory.path(Self.output)) == 0)
            return isFinished
        }
        #expect(fixture.restarts.count <= 1)
    }

    @Test(arguments: BackendChoice.both)
    func fileThatWasWrittenAnewAndGrewIsReadAgain(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.directory.write(Self.output, "the first\n")
        fixture.tail.wake()
        try fixture.tick(until: "the first\n")
        fixture.directory.write(Self.output, "the second, which is longer\n")
        try fixture.finish()
        #expect(fixture.text.hasSuffix("the second, which is longer\n"))
        #expect(fixture.restarts.count == 1)
        #expect(fixture.log.count(of: "was rewritten") == 1)
    }

    /// What comes behind the old end of a file that was written anew is the rest of some line: nothing of it is told.
    @Test(arguments: BackendChoice.both)
    func fileThatWasWrittenAnewIsNoticedBeforeItsRestIsTold(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.directory.write(Self.output, "a line of the first version\n")
        fixture.tail.wake()
        try fixture.tick(until: "a line of the first version\n")
        fixture.directory.write(Self.output, "this one has been written anew, and it is longer\n")
        fixture.tail.wake()
        try fixture.tick(
            until: "a line of the first version\nthis one has been written anew, and it is longer\n"
        )
        #expect(fixture.restarts == ["a line of the first version\n".utf8.count])
    }

    @Test(arguments: BackendChoice.both)
    func finishNowEndsBeforeTheEnd(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.directory.write(Self.output, String(repeating: "x", count: 30_000_000))
        var isFinished = false
        var problem: WorkspaceError?
        fixture.tail.finish {
            problem = $0
            isFinished = true
        }
        try fixture.reactor.tickOver()
        #expect(!isFinished)
        fixture.tail.finishNow("it is late")
        try fixture.reactor.tick { isFinished }
        #expect(fixture.bytes.count < 30_000_000)
        #expect(problem?.problem == "was not read to its end, since it is late")
        #expect(
            fixture.log.lines == ["warning jobOutput.json was not read to its end, since it is late"]
        )
        fixture.tail.wake()
        try fixture.reactor.tickOver()
    }

    @Test("The last reading has a bound in bytes", arguments: BackendChoice.both)
    func finishHasABound(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend, maxLastReading: 100_000)
        let before = String(repeating: "x", count: 500_000)
        fixture.directory.write(Self.output, before)
        fixture.tail.wake()
        try fixture.tick(until: before)
        #expect(fixture.text == before, "before the end there is none")
        fixture.directory.append(Self.output, String(repeating: "y", count: 100_000))
        fixture.directory.append(Self.output, String(repeating: "z", count: 500_000))
        let problem = try fixture.finish()
        #expect(fixture.bytes.count > 600_000)
        #expect(fixture.bytes.count < 1_000_000)
        #expect(problem?.problem.contains("more than 100000 bytes") == true)
        #expect(fixture.log.count(of: "was not read to its end, since") == 1)
    }

    @Test("A reading that ends with the bound is complete", arguments: BackendChoice.both)
    func finishAtTheBound(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend, maxLastReading: 300_000)
        fixture.directory.write(Self.output, String(repeating: "x", count: 300_000))
        var ends: [WorkspaceError?] = []
        fixture.tail.finish { ends.append($0) }
        try fixture.reactor.tick { !ends.isEmpty }
        #expect(ends == [nil])
        #expect(fixture.bytes.count == 300_000)
    }

    /// A file of 1 TiB with two lines in it.
    @Test("Holes are skipped, and counted", arguments: BackendChoice.both)
    func holes(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.directory.write(Self.output, "first\n")
        let path = fixture.directory.path(Self.output)
        #expect(truncate(path, 1 << 39) == 0)
        fixture.directory.append(Self.output, "second\n")
        #expect(truncate(path, 1 << 40) == 0)
        try fixture.finish()
        let texts = fixture.bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        #expect(texts == ["first\n", "second\n"])
        #expect(fixture.skipped.count == 2)
        #expect(fixture.skipped.allSatisfy { $0.zeros > 1 << 38 })
        #expect(fixture.skipped.allSatisfy { $0.before >= TranscriptReader.minZerosBeforeSkip })
        let skipped = fixture.skipped.reduce(0) { $0 + $1.zeros }
        #expect(skipped + UInt64(fixture.bytes.count) == 1 << 40)
        #expect(fixture.log.lines == [])
    }

    @Test("Zero bytes that were written are no hole", arguments: BackendChoice.both)
    func writtenZeros(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        let content = String(repeating: "\0", count: 5_000_000) + "text"
        fixture.directory.write(Self.output, content)
        try fixture.finish()
        #expect(fixture.text == content)
        #expect(fixture.skipped == [])
    }

    @Test(arguments: BackendChoice.both)
    func finishWithoutAFile(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        var isFinished = false
        fixture.tail.finish { _ in isFinished = true }
        #expect(!isFinished)
        try fixture.reactor.tick { isFinished }
        #expect(fixture.bytes == [])
    }

    @Test(arguments: BackendChoice.both)
    func unusableFileIsToldOnceAndEnds(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        #expect(mkfifo(fixture.directory.path(Self.output), 0o644) == 0)
        for _ in 0..<3 {
            fixture.tail.wakeReplaced()
            try fixture.reactor.tickOver()
        }
        let problem = try fixture.finish()
        #expect(problem?.problem == "is a FIFO, not a regular file")
        #expect(fixture.log.lines == ["error jobOutput.json is a FIFO, not a regular file: it is not read"])
    }

    // MARK: Holding back

    @Test(arguments: BackendChoice.both)
    func stalledConsoleHoldsTheReadingBack(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.stall()
        #expect(fixture.console.isStalled)
        fixture.directory.write(Self.output, "patience")
        fixture.tail.wake()
        fixture.tail.wake()
        try fixture.reactor.tickOver()
        #expect(fixture.text == "")
        try fixture.relieve()
        try fixture.tick(until: "patience")
    }

    @Test(arguments: BackendChoice.both)
    func finishDoesNotWaitForTheConsole(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.stall()
        fixture.directory.write(Self.output, "all of it")
        fixture.tail.wake()
        try fixture.reactor.tickOver()
        #expect(fixture.text == "")
        try fixture.finish()
        #expect(fixture.text == "all of it")
        try fixture.relieve()
        try fixture.reactor.tickOver()
        #expect(fixture.text == "all of it")
    }

    // MARK: Cancelling

    @Test(arguments: BackendChoice.both)
    func cancelledTailTellsNothing(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.directory.write(Self.output, "x")
        fixture.tail.wakeReplaced()
        var isFinished = false
        fixture.tail.finish { _ in isFinished = true }
        fixture.tail.cancel()
        try fixture.reactor.tickOver()
        fixture.tail.wake()
        try fixture.reactor.tickOver()
        #expect(fixture.text == "")
        #expect(!isFinished)
    }

    @Test(arguments: BackendChoice.both)
    func cancelledAtItsEndTailTellsNothing(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        var isFinished = false
        // There is no file, so that the end is reached at once and only its telling is due.
        fixture.tail.finish { _ in isFinished = true }
        fixture.tail.cancel()
        try fixture.reactor.tickOver()
        #expect(!isFinished)
    }

    @Test(arguments: BackendChoice.both)
    func cancelledTailStaysSilentWhenTheConsoleIsRelieved(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.stall()
        fixture.directory.write(Self.output, "x")
        fixture.tail.wake()
        fixture.tail.cancel()
        try fixture.relieve()
        try fixture.reactor.tickOver()
        #expect(fixture.text == "")
    }

    // MARK: Who writes

    @Test(arguments: BackendChoice.both)
    func tellsWhetherSomebodyWrites(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        #expect(fixture.tail.isOpenForWriting == nil)
        fixture.directory.write(Self.output, "x")
        #expect(fixture.tail.isOpenForWriting == false)
        let writer = open(fixture.directory.path(Self.output), O_WRONLY | O_CLOEXEC)
        #expect(fixture.tail.isOpenForWriting == true)
        close(writer)
        #expect(fixture.tail.isOpenForWriting == false)
    }
}
