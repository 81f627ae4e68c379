import Foundation
import Testing

/// `sidecarctl tail` as a process.
@Suite struct TailCommandTests {
    private static let input = """
        {"workloadId": "w-1", "operationType": "CHECK", "integrationLauncherConfig": {},
         "checkConnectionInput": {"actorType": "source",
                                  "connectionConfiguration": {"password": "hunter2-hunter2"}}}
        """
    private static let lines = """
        {"type":"LOG","log":{"level":"INFO","message":"using hunter2-hunter2"}}
        {"type":"LOG","log":{"level":"WARN","message":"slow","stack_trace":"at a\\nat b"}}
        some text
        {"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":{"token":"rotated-token"}}}}
        {"type":"LOG","log":{"level":"INFO","message":"now rotated-token"}}
        {"type":"CATALOG","catalog":{"streams":[{"name":"a"},{"name":"b"}]}}
        {"type":"CATALOG","catalog":{}}
        {"type":"TRACE","trace":{"type":"ERROR","emitted_at":1,"error":{"message":"no\\u001b[2J","failure_type":"config_error"}}}
        {"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":"refused"}}

        """
    private static let shown = """
        INFO     using **********
        WARN     slow
                 at a
                 at b
        TEXT     some text
        CONTROL  a new configuration, which is secret
        INFO     now **********
        CATALOG  2 streams: a, b
        SKIPPED  line 7: CATALOG without streams
        TRACE    no\\u{1b}[2J (config_error)
        STATUS   failed: refused
        END      exit code 3

        """

    @Test func showsWhatIsThere() async throws {
        try await Sidecarctl.with { tool in
            try tool.write(Self.input, to: "ws/sidecarInput.json")
            try tool.write(Self.lines, to: "ws/jobOutput.json")
            try tool.write("3\n", to: "ws/exitCode.txt")
            let result = try await tool.run(["tail", tool.file("ws")])
            #expect(result.status == 1)
            #expect(result.errors.isEmpty)
            #expect(result.output == Self.shown)
            let json = try await tool.run(["tail", tool.file("ws"), "--json"])
            #expect(json.status == 1)
            let entries = try json.output.split(separator: "\n").map { try JSON(parsing: String($0)) }
            #expect(entries.count == 10)
            #expect(entries[1]["stackTrace"].text == "at a\nat b")
            #expect(entries[6]["skipped"].text == "CATALOG without streams")
            #expect(entries[9]["exitCode"] == .number(3))
            #expect(!json.output.contains("hunter2") && !json.output.contains("rotated-token"))
        }
    }

    @Test func followsAWorkloadUntilItsEnd() async throws {
        try await Sidecarctl.with { tool in
            try tool.write(Self.input, to: "ws/sidecarInput.json")
            let child = try tool.start(["tail", tool.file("ws")])
            try tool.write("first line\nsecond ", to: "ws/jobOutput.json")
            #expect(try await child.waitForOutput("TEXT     first line\n"))
            let file = try FileHandle(forWritingTo: tool.folder.appendingPathComponent("ws/jobOutput.json"))
            try file.seekToEnd()
            try file.write(contentsOf: Data("line\nno end".utf8))
            #expect(try await child.waitForOutput("TEXT     second line\n"))
            try file.close()
            try tool.write("0\n", to: "ws/exitCode.txt")
            #expect(await child.exitCode == 0)
            #expect(
                child.output
                    == "TEXT     first line\nTEXT     second line\nTEXT     no end\nEND      exit code 0\n"
            )
        }
    }

    /// With a user's limit of inotify instances used up; and where the kernel reports nothing at all.
    @Test(
        arguments: [
            ("inotify_init1", "through F_NOTIFY"), ("inotify_init1,fcntl=1026", "NOTE     Scanning"),
        ]
    )
    func followsWithoutInotify(_ refused: String, _ note: String) async throws {
        try await Sidecarctl.with { tool in
            try tool.write("first\n", to: "ws/jobOutput.json")
            let child = try tool.start(
                ["tail", tool.file("ws")],
                launcher: [Project.path("Tests/EndToEndTests/Fixtures/refusing"), "EMFILE", refused]
            )
            #expect(try await child.waitForOutput("TEXT     first\n"))
            try tool.write("first\nsecond\n", to: "ws/jobOutput.json")
            #expect(try await child.waitForOutput("TEXT     second\n"))
            try tool.write("0\n", to: "ws/exitCode.txt")
            #expect(await child.exitCode == 0)
            #expect(child.output.contains(note), "\(child.output)")
        }
    }

    @Test func startsOverWhereTheOutputIsReplaced() async throws {
        try await Sidecarctl.with { tool in
            try tool.write("one\n", to: "ws/jobOutput.json")
            let child = try tool.start(["tail", tool.file("ws")])
            #expect(try await child.waitForOutput("TEXT     one\n"))
            let replacement = tool.folder.appendingPathComponent("ws/jobOutput.json")
            try Data("two\n".utf8).write(to: replacement, options: .atomic)
            #expect(try await child.waitForOutput("TEXT     two\n"))
            #expect(child.output.contains("NOTE     jobOutput.json was replaced by another file"))
            try tool.write("\n", to: "ws/exitCode.txt")
            #expect(await child.exitCode == 1)
            #expect(child.output.hasSuffix("END      exitCode.txt is empty\n"))
        }
    }

    /// Beside a sidecar that serves the workload.
    @Test func doesNotDisturbTheSidecar() async throws {
        try await Pod.with("discover") { pod in
            let follower = try Sidecarctl(folder: pod.folder).start(["tail", pod.workspace.path, "--json"])
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0)
            #expect(outcome.calls.filter { $0 == "success" }.count == 1)
            #expect(await follower.exitCode == 0)
            let entries = try follower.output.split(separator: "\n").map { try JSON(parsing: String($0)) }
            #expect(entries.contains { $0["type"].text == "CATALOG" })
            #expect(entries.last?["exitCode"] == .number(0))
        }
    }

    @Test func followsInATerminalUntilItIsInterrupted() async throws {
        try await Sidecarctl.with { tool in
            try tool.write(Self.lines, to: "ws/jobOutput.json")
            let terminal = try await Terminal("\(Sidecarctl.path) tail \(tool.file("ws"))", in: tool.folder)
            let shown = try await terminal.waitFor("STATUS   failed: refused")
            #expect(shown.contains("CATALOG  2 streams: a, b"))
            #expect(try await terminal.screen(colours: true).contains("\u{1B}[33mWARN"))
            try await terminal.press("C-c")
            _ = try await terminal.waitFor("exit code 130")
            await terminal.close()
        }
    }

    @Test(arguments: [
        (["tail", "missing"], 66, "cannot be opened"), (["tail"], 64, "Missing expected argument"),
    ])
    func complainsOnce(_ arguments: [String], _ status: Int32, _ complaint: String) async throws {
        try await Sidecarctl.with { tool in
            let result = try await tool.run(arguments.map { $0 == "missing" ? tool.file($0) : $0 })
            #expect(result.status == status)
            #expect(result.output.isEmpty)
            #expect(result.errors.contains(complaint))
        }
    }
}
