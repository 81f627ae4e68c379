import Foundation
import Testing

/// `sidecarctl trace` as a process.
@Suite struct TraceCommandTests {
    /// A heartbeat, see docs/DEBUGGING.md; an error and a cancelled read behind it, past midnight.
    private static let trace = """
        23:59:58.813029 io_uring_enter(to_submit=0, min_complete=1) = 0
        23:59:58.813078 poll_add(12<timer>) #4 = POLLIN
        23:59:58.813254 poll_add(11<http>, POLLIN) #7
        23:59:58.813267 timerfd_settime(12, 10.000s)
        23:59:58.813608 io_uring_enter(to_submit=1, min_complete=1) = 1
        23:59:58.813617 poll_add(11<http>) #7 = POLLIN
        00:00:00.813684 io_uring_enter(to_submit=0, min_complete=1) = 0
        00:00:00.813727 read(9<jobOutput.json>, 65536, offset=0) #8
        00:00:00.813728 read(9<jobOutput.json>) #8 = 120
        00:00:00.813729 poll_add(-1<bad>, POLLIN) #9
        00:00:00.813730 poll_add(-1<bad>) #9 = -1 EBADF (Bad file descriptor)
        00:00:00.813731 cancel #4 (12<timer>)
        00:00:00.813732 3 lines of the trace were dropped: it was not being read

        """

    @Test func showsATimeLineAndTheSums() async throws {
        try await Sidecarctl.with { tool in
            try tool.write(Self.trace, to: "trace")
            let result = try await tool.run(["trace", tool.file("trace")])
            #expect(result.status == 0)
            #expect(result.errors.isEmpty)
            let lines = result.output.split(separator: "\n").map(String.init)
            #expect(lines[1] == "    0.000049    +0.000049    timer #4                  → POLLIN")
            #expect(lines[4].hasSuffix("── waited 0.000341 s, 1 submitted (io_uring_enter)"))
            #expect(lines[6].hasPrefix("    2.000655    +2.000067  ── waited 2.000067 s"))
            #expect(lines[10].hasSuffix("bad #9                    → -1 EBADF (Bad file descriptor)"))
            #expect(
                lines[13]
                    == "13 lines in 2.000703 s: 3 waits of 2.000408 s in all, at most 0.238 ms of work at a time"
            )
            #expect(
                lines.contains("jobOutput.json                1          1          0          0        120")
            )
            #expect(
                lines.contains("bad                           1          1          0          1          0")
            )
        }
    }

    @Test func readsStandardInputAndSkipsWhatIsNoTrace() async throws {
        try await Sidecarctl.with { tool in
            try tool.write("a line of another program\n" + Self.trace, to: "trace")
            let shell = try ChildProcess(
                "/bin/sh",
                ["-c", "\(Sidecarctl.path) trace - --json < \(tool.file("trace"))"],
                environment: ["PATH": "/usr/bin:/bin"],
                log: tool.folder.appendingPathComponent("log")
            )
            #expect(await shell.exitCode == 0)
            let entries = try shell.output.split(separator: "\n").map { try JSON(parsing: String($0)) }
            #expect(entries.count == 14)
            #expect(entries[2]["event"].text == "submitted")
            #expect(entries[2]["source"].text == "http")
            #expect(entries[6]["microseconds"] == .number(2_000_655))
            #expect(entries[10]["result"].text == "-1 EBADF (Bad file descriptor)")
            #expect(entries[13]["skippedLines"] == .number(1))
        }
    }

    @Test func drawsAPicture() async throws {
        try await Sidecarctl.with { tool in
            try tool.write(Self.trace, to: "trace")
            let result = try await tool.run(["trace", tool.file("trace"), "--svg", tool.file("out.svg")])
            #expect(result.status == 0)
            let script =
                "import sys, xml.etree.ElementTree as tree\n"
                + "print(*tree.parse(sys.argv[1]).getroot().itertext(), sep='\\n')"
            let parser = try ChildProcess(
                "/usr/bin/python3",
                ["-c", script, tool.file("out.svg")],
                environment: ["PATH": "/usr/bin:/bin"],
                log: tool.folder.appendingPathComponent("texts")
            )
            #expect(await parser.exitCode == 0, "the picture is well-formed XML")
            let texts = parser.output.split(separator: "\n").map(String.init)
            for lane in ["loop", "timer", "http", "jobOutput.json", "bad"] {
                #expect(texts.contains(lane))
            }
            #expect(
                texts.contains(
                    "poll_add #9 POLLIN → -1 EBADF (Bad file descriptor): 2.000700 to 2.000701 s"
                )
            )
        }
    }

    /// A read that needs no round of the loop, see `Reactor.readAtOnce`.
    @Test func readsAtOnceHaveNoNumber() async throws {
        try await Sidecarctl.with { tool in
            try tool.write(
                """
                00:00:00.000001 pread(9<jobOutput.json>, 65536, offset=0) = 120
                00:00:00.000002 pread(9<jobOutput.json>, 65536, offset=120) = -1 EAGAIN (Resource temporarily unavailable)

                """,
                to: "trace"
            )
            let text = try await tool.run(["trace", tool.file("trace"), "--svg", tool.file("out.svg")])
            let lines = text.output.split(separator: "\n").map(String.init)
            #expect(lines[0].hasSuffix("jobOutput.json            read 65536, offset=0 → 120"))
            #expect(lines[1].hasSuffix("→ -1 EAGAIN (Resource temporarily unavailable)"))
            #expect(
                lines.contains("jobOutput.json                2          2          0          1        120")
            )
            let json = try await tool.run(["trace", tool.file("trace"), "--json"])
            let first = try JSON(parsing: String(try #require(json.output.split(separator: "\n").first)))
            #expect(first["event"].text == "readAtOnce")
            #expect(first["result"].text == "120")
            let picture = try String(contentsOfFile: tool.file("out.svg"), encoding: .utf8)
            #expect(picture.contains("pread 65536, offset=0 → 120"))
        }
    }

    /// The trace of a real job is understood, every line of it.
    @Test(arguments: Backend.allCases)
    func readsWhatTheSidecarWrites(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            let trace = pod.folder.appendingPathComponent("trace")
            pod.environment["SIDECAR_TRACE"] = trace.path
            #expect(try await pod.run(.sampleSource).exitCode == 0)
            let result = try await Sidecarctl(folder: pod.folder).run(["trace", trace.path, "--json"])
            #expect(result.status == 0)
            let last = try #require(result.output.split(separator: "\n").last)
            let summary = try JSON(parsing: String(last))
            #expect(summary["skippedLines"] == .number(0))
            #expect(summary["sources"].elements.contains { $0["source"].text == "jobOutput.json" })
        }
    }

    @Test(
        arguments: [
            (["trace", "missing"], 66, "cannot be read"),
            (["trace", "empty"], 65, "it is empty"),
            (["trace", "other"], 65, "line 1 is no line of a trace"),
            (["trace", "folder"], 66, "cannot be read"),
            (["trace"], 64, "Missing expected argument"),
            (["trace", "good", "--svg", "missing/out.svg"], 73, "cannot be written"),
        ]
    )
    func complainsOnce(_ arguments: [String], _ status: Int32, _ complaint: String) async throws {
        try await Sidecarctl.with { tool in
            try tool.write("", to: "empty")
            try tool.write("hello\n", to: "other")
            try tool.write("", to: "folder/file")
            try tool.write(Self.trace, to: "good")
            let names = ["missing", "empty", "other", "folder", "good", "missing/out.svg"]
            let result = try await tool.run(arguments.map { names.contains($0) ? tool.file($0) : $0 })
            #expect(result.status == status)
            #expect(result.errors.contains(complaint))
        }
    }

    @Test func isReadableInATerminal() async throws {
        try await Sidecarctl.with { tool in
            try tool.write(Self.trace, to: "trace")
            let terminal = try await Terminal(
                "\(Sidecarctl.path) trace \(tool.file("trace"))",
                in: tool.folder
            )
            let shown = try await terminal.waitFor("exit code 0")
            #expect(shown.contains("timer #4                  → POLLIN"))
            #expect(try await terminal.screen(colours: true).contains("\u{1B}[31m"))
            await terminal.close()
        }
    }
}
