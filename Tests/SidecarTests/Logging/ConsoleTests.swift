import Glibc
import Reactor
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
        #expect(lines.count { $0.contains("bytes of log lines dropped") } >= 1)
        #expect(lines.allSatisfy { $0.hasPrefix("line ") || $0.hasPrefix("[") || $0 == "the last word" })
        #expect(lines.reduce(0) { $0 + $1.utf8.count } < 24 * 1_024 * 1_024)
    }

    @Test(arguments: BackendChoice.both)
    func lineThatIsLongerThanTheBoundIsCutAndTheNoteStands(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.print("first\n")
        fixture.console.flush()
        fixture.print(String(repeating: "x", count: 20 * 1_024 * 1_024) + "\n")
        fixture.console.flush()
        let lines = try fixture.read(atLeast: fixture.console.pending.count).split(separator: "\n")
        #expect(lines.first == "first")
        #expect(lines.count == 3)
        #expect(try #require(lines.last).contains("bytes of log lines dropped"))
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
    func drainGivesUpAtItsLimit(_ backend: BackendChoice) throws {
        let fixture = try Fixture(backend)
        fixture.print(Self.flood)
        fixture.console.flush()
        fixture.console.drain(limit: .milliseconds(1))
        let got = fixture.pipe.read()
        #expect(!got.isEmpty && got.count < Self.flood.utf8.count)
    }

    @Test func drainWritesWhatIsLeft() throws {
        let fixture = try Fixture(.epoll)
        fixture.print("last words\n")
        fixture.console.drain(limit: .seconds(60))
        #expect(String(decoding: fixture.pipe.read(), as: UTF8.self) == "last words\n")
    }
}
