import AirbyteProtocol
import Logging
import ProtocolTestSupport
import TestSupport
import Testing
import Text
import Workload

@testable import Sidecar

@Suite struct JSONLogFormatterTests {
    private let formatter = JSONLogFormatter(context: [("workloadId", "w-1"), ("jobId", "j \"1\"")])

    @Test(arguments: [
        "plain", "two\nlines", "\u{1B}[31m", "quote \" and \\", "\u{0}\u{7}", "Zoë 😀", "",
        "\u{7F}\u{9B}31m", "\u{202E}cod.exe\u{2066}\u{200F}\u{61C}",
    ])
    func anyMessageIsOneLineOfJSON(_ message: String) throws {
        let text = formatted(formatter, event(message, .warning, .destination))
        #expect(text.hasSuffix("\n"))
        #expect(String(text.dropLast()).isPlainLine && !text.contains("\t"))
        let root = try JSONDocument(parsing: Array(text.utf8)).root
        #expect(root[member: "message"]?.string == message)
        #expect(root[member: "level"]?.string == "WARN")
        #expect(root[member: "logSource"]?.string == "destination")
        #expect(root[member: "timestamp"]?.int64 == 1_700_000_000_123)
        #expect(root[member: "caller"] == nil)
        #expect(root[member: "workloadId"]?.string == "w-1")
        #expect(root[member: "jobId"]?.string == "j \"1\"")
    }

    @Test(arguments: [
        (Logger.Level.trace, "TRACE"), (.debug, "DEBUG"), (.info, "INFO"), (.notice, "INFO"),
        (.warning, "WARN"),
        (.error, "ERROR"), (.critical, "ERROR"),
    ])
    func levelsBearThePlatformsNames(_ level: Logger.Level, _ name: String) throws {
        let text = formatted(formatter, event("m", level))
        #expect(try json(text.utf8).text("level") == name)
    }

    @Test func eventsFollowEachOtherLineByLine() throws {
        var formatter = formatter
        var output: [UInt8] = []
        for message in ["one", "two\nlines", "three"] { formatter.format(event(message), into: &output) }
        #expect(output.last == UInt8(ascii: "\n"))
        let lines = output.dropLast().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        #expect(try lines.map { try json($0).text("message") } == ["one", "two\nlines", "three"])
    }

    @Test func contextStandsBehindTheEvent() throws {
        let members = ["timestamp", "message", "level", "logSource"]
        #expect(
            try json(formatted(formatter, event("m")).utf8).names == members + ["workloadId", "jobId"]
        )
        #expect(
            try json(formatted(JSONLogFormatter(context: []), event("m")).utf8).names == members
        )
    }

    @Test(arguments: [
        ("Sidecar/CallOutcome+HTTP.swift", "classify(_:call:)", "CallOutcome+HTTP", "classify"),
        ("Sidecar/Console.swift", "init(descriptor:reactor:)", "Console", "init"),
        ("Sidecar/Console.swift", "isStalled", "Console", "isStalled"),
        ("/source/Sidecar/Machine/Ending.swift", "==(_:_:)", "Ending", "=="),
        ("main.swift", "main", "main", "main"),
        ("", "", "", ""),
    ])
    func callerIsTheTypeAndItsMethod(
        _ file: String,
        _ function: String,
        _ className: String,
        _ methodName: String
    ) throws {
        let caller = JobLogEvent.Caller(file: file, function: function, line: 42)
        let root = try json(formatted(formatter, event("m", caller: caller)).utf8)
        #expect(root.text("caller.className") == className)
        #expect(root.text("caller.methodName") == methodName)
        #expect(root.at("caller.lineNumber")?.int64 == 42)
        #expect(root.text("caller.threadName") == "main")
    }
}
