import Glibc
import Reactor
import TestSupport
import Testing

@testable import Sidecar

@Suite struct ConsoleTests {
    private final class Fixture {
        let reactor: Reactor
        let pipe = Pipe()
        let console: Console

        init(_ backend: BackendChoice) throws {
            reactor = try Reactor(backend: backend)
            console = Console(descriptor: pipe.writeEnd, reactor: reactor)
        }

        func print(_ text: String) { console.pending.append(contentsOf: text.utf8) }

        /// Lets the loop and the pipe's reader go on until so many bytes have come.
        func read(atLeast count: Int) throws -> String {
            var bytes: [UInt8] = []
            try reactor.tick {
                bytes += self.pipe.read()
                return bytes.count >= count
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Numbered lines, more of them than a pipe holds.
    private static let flood = (0..<200_000).map { "line \($0)\n" }.joined()

    @Test(arguments: BackendChoice.both)
    func linesComeInOrder(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.print("one\n")
        fixture.print("two\n")
        #expect(fixture.pipe.read() == [], "nothing is written before its time")
        fixture.console.flush()
        fixture.print("three\n")
        fixture.console.flush()
        #expect(String(decoding: fixture.pipe.read(), as: UTF8.self) == "one\ntwo\nthree\n")
    }

    @Test(arguments: BackendChoice.both)
    func slowReaderGetsEverythingAndBlocksNobody(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        var relieved = 0
        fixture.print(Self.flood)
        fixture.console.flush()
        #expect(fixture.console.isStalled)
        fixture.console.whenRelieved { relieved += 1 }
        fixture.print("after the flood\n")
        fixture.console.flush()
        #expect(relieved == 0)
        let expected = Self.flood + "after the flood\n"
        #expect(try fixture.read(atLeast: expected.utf8.count) == expected)
        #expect(relieved == 1)
        #expect(!fixture.console.isStalled)
    }

    @Test(arguments: BackendChoice.both)
    func littleThatWaitsIsNoStall(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        // More than a pipe holds by default (64 KiB, pipe(7)), less than what holds the connector's output back.
        let text = String(repeating: "a line of sixteen\n", count: 20_000)
        fixture.print(text)
        fixture.console.flush()
        #expect(!fixture.console.pending.isEmpty)
        #expect(!fixture.console.isStalled)
        #expect(try fixture.read(atLeast: text.utf8.count) == text)
    }

    @Test func muchIsWrittenInTheMiddleOfATick() throws {
        let fixture = try Fixture(.epoll)
        fixture.print("little\n")
        fixture.console.flushIfCrowded()
        #expect(fixture.pipe.read() == [])
        let much = String(repeating: "much\n", count: 20_000)
        fixture.print(much)
        fixture.console.flushIfCrowded()
        let text = "little\n" + much
        let atOnce = String(decoding: fixture.pipe.read(), as: UTF8.self)
        #expect(!atOnce.isEmpty && text.hasPrefix(atOnce))
        #expect(try atOnce + fixture.read(atLeast: text.utf8.count - atOnce.utf8.count) == text)
    }

    @Test(arguments: BackendChoice.both)
    func beyondTheBoundWholeLinesAreDroppedAndCounted(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        var written = 0
        while written < 40 * 1_024 * 1_024 {
            fixture.print(Self.flood)
            fixture.console.flush()
            written += Self.flood.utf8.count
        }
        fixture.print("the last word\n")
        let lines = try fixture.read(atLeast: fixture.console.pending.count).split(separator: "\n")
        #expect(lines.count { $0.contains("bytes of log lines were dropped") } >= 1)
        #expect(lines.allSatisfy { $0.hasPrefix("line ") || $0.hasPrefix("[") || $0 == "the last word" })
        #expect(lines.reduce(0) { $0 + $1.utf8.count } < 24 * 1_024 * 1_024)
    }

    /// - Parameter bite: how much the reader takes between two floods, each of which is more than the bound.
    @Test(arguments: BackendChoice.both, [0, 3 * 1_024 * 1_024])
    func notesTellOfEveryDroppedByte(_ backend: BackendChoice, _ bite: Int) throws {
        let fixture = try Fixture(backend)
        let mebibyte = String(repeating: String(repeating: "x", count: 1_023) + "\n", count: 1_024)
        var printed = 0
        var text = ""
        for _ in 0..<3 {
            for _ in 0..<20 {
                fixture.print(mebibyte)
                fixture.console.flush()
                printed += mebibyte.utf8.count
            }
            text += try fixture.read(atLeast: bite)
        }
        let end = "the end\n"
        fixture.print(end)
        while !text.hasSuffix(end) { text += try fixture.read(atLeast: 1) }
        let lines = text.dropLast(end.utf8.count).split(separator: "\n")
        let notes = lines.filter { $0.hasPrefix("[") }
        let told = try notes.map { note in
            try #require(Int(note.dropFirst().prefix { $0.isNumber }), "\(note) holds no number")
        }
        let delivered = lines.filter { $0.hasPrefix("x") }.reduce(0) { $0 + $1.utf8.count + 1 }
        #expect(notes.count == (bite == 0 ? 1 : 3))
        #expect(delivered + told.reduce(0, +) == printed)
    }

    @Test(arguments: BackendChoice.both)
    func lineThatIsLongerThanTheBoundIsCutAndTheNoteStands(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.print("first\n")
        fixture.console.flush()
        let line = String(repeating: "x", count: 20 * 1_024 * 1_024) + "\n"
        for _ in 0..<2 {
            fixture.print(line)
            fixture.console.flush()
        }
        let lines = try fixture.read(atLeast: fixture.console.pending.count).split(separator: "\n")
        try #require(lines.count == 3)
        #expect(lines[0] == "first")
        #expect(lines[1].utf8.allSatisfy { $0 == UInt8(ascii: "x") })
        let dropped = 2 * line.utf8.count - lines[1].utf8.count
        #expect(lines[2].hasPrefix("[\(dropped) bytes of log lines were dropped"))
    }

    @Test(arguments: BackendChoice.both)
    func readerThatIsGoneEndsNothing(_ backend: BackendChoice) throws {
        signal(SIGPIPE, SIG_IGN)
        let fixture = try Fixture(backend)
        fixture.pipe.closeReadEnd()
        fixture.print("to nobody\n")
        fixture.console.flush()
        fixture.print(Self.flood)
        fixture.console.flush()
        #expect(!fixture.console.isStalled)
        #expect(fixture.console.pending.isEmpty)
        fixture.console.drain(limit: .seconds(60))
    }

    @Test(arguments: BackendChoice.both)
    func readerThatGoesWhileTheConsoleWaitsHoldsNobodyBack(_ backend: BackendChoice) throws {
        signal(SIGPIPE, SIG_IGN)
        let fixture = try Fixture(backend)
        var isRelieved = false
        fixture.print(Self.flood)
        fixture.console.flush()
        fixture.console.whenRelieved { isRelieved = true }
        #expect(fixture.console.isStalled)
        fixture.pipe.closeReadEnd()
        try fixture.reactor.tick { isRelieved }
        #expect(!fixture.console.isStalled)
        #expect(fixture.console.pending.isEmpty)
    }

    @Test(arguments: BackendChoice.both)
    func drainGivesUpAtItsLimit(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.print(Self.flood)
        fixture.console.flush()
        fixture.console.drain(limit: .milliseconds(1))
        let got = String(decoding: fixture.pipe.read(), as: UTF8.self)
        #expect(!got.isEmpty && got.utf8.count < Self.flood.utf8.count)
        // What is left is not lost as long as the program lives.
        fixture.console.flush()
        #expect(try got + fixture.read(atLeast: Self.flood.utf8.count - got.utf8.count) == Self.flood)
    }

    @Test(arguments: BackendChoice.both)
    func drainWaitsForASlowReader(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.print(Self.flood)
        fixture.console.flush()
        #expect(fixture.console.isStalled)
        let reader = try PipeReader(fixture.pipe)
        fixture.console.drain(limit: .seconds(60))
        #expect(fixture.console.pending.isEmpty)
        fixture.pipe.closeWriteEnd()
        #expect(reader.everything() == Self.flood)
    }

    /// What is no pipe is written to in small steps: a file, or a socket whose reader falls behind.
    @Test func otherDescriptorsGetEverythingToo() throws {
        let directory = TemporaryDirectory()
        directory.write("console", "")
        let file = open(directory.path("console"), O_WRONLY | O_CLOEXEC)
        try #require(file >= 0)
        defer { close(file) }
        let console = Console(descriptor: file, reactor: try Reactor(backend: .epoll))
        console.pending.append(contentsOf: Self.flood.utf8)
        console.flush()
        #expect(console.pending.isEmpty)
        #expect(directory.read("console") == Self.flood)
    }

    @Test func socketThatIsFullHoldsNobodyUp() throws {
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { for end in ends { close(end) } }
        let reactor = try Reactor(backend: .epoll)
        let console = Console(descriptor: ends[1], reactor: reactor)
        console.pending.append(contentsOf: Self.flood.utf8)
        console.flush()
        #expect(console.isStalled)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < Self.flood.utf8.count {
            let count = recv(ends[0], &chunk, chunk.count, Int32(MSG_DONTWAIT))
            if count > 0 { bytes += chunk[..<count] } else { try reactor.tick() }
        }
        #expect(String(decoding: bytes, as: UTF8.self) == Self.flood)
    }

    @Test func drainWritesWhatIsLeft() throws {
        let fixture = try Fixture(.epoll)
        fixture.print("last words\n")
        fixture.console.drain(limit: .seconds(60))
        #expect(String(decoding: fixture.pipe.read(), as: UTF8.self) == "last words\n")
    }
}

/// Reads a pipe to its end on a thread of its own, while the test waits in the console.
private final class PipeReader {
    private final class Job {
        let descriptor: Int32
        var bytes: [UInt8] = []

        init(_ descriptor: Int32) { self.descriptor = descriptor }

        func run() {
            var chunk = [UInt8](repeating: 0, count: 65_536)
            while case let count = Glibc.read(descriptor, &chunk, chunk.count), count > 0 {
                bytes += chunk[..<count]
            }
        }
    }

    private let job: Job
    private var thread = pthread_t()

    init(_ pipe: Pipe) throws {
        try #require(fcntl(pipe.readEnd, F_SETFL, 0) == 0, "the read end does not block")
        job = Job(pipe.readEnd)
        let failure = pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            },
            Unmanaged.passRetained(job).toOpaque()
        )
        try #require(failure == 0, "no thread could be made")
    }

    /// All that came until the pipe's write end was closed.
    func everything() -> String {
        pthread_join(thread, nil)
        return String(decoding: job.bytes, as: UTF8.self)
    }
}
