import Foundation
import Testing

/// `sidecarctl inspect` as a process.
@Suite struct InspectTests {
    private static let input = """
        {"workloadId": "w-1", "operationType": "CHECK", "logPath": "1/0/logs.log",
         "integrationLauncherConfig": {"jobId": "1", "attemptId": 0, "dockerImage": "airbyte/source-x:1.2.3"},
         "checkConnectionInput": {"actorType": "source", "actorId": "a-1",
                                  "connectionConfiguration": {"password": "hunter2-hunter2"}}}
        """
    private static let succeeded = #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"#

    private func workspace(_ tool: Sidecarctl, _ output: String, exitCode: String? = "0\n") throws -> String {
        try tool.write(Self.input, to: "ws/sidecarInput.json")
        try tool.write(output, to: "ws/jobOutput.json")
        if let exitCode { try tool.write(exitCode, to: "ws/exitCode.txt") }
        return tool.file("ws")
    }

    @Test func showsAResult() async throws {
        try await Sidecarctl.with { tool in
            let result = try await tool.run(["inspect", try workspace(tool, Self.succeeded + "\n")])
            #expect(result.status == 0)
            #expect(result.errors.isEmpty)
            #expect(result.output.hasPrefix("CHECK of airbyte/source-x:1.2.3, workload w-1\n"))
            #expect(result.output.contains("1 line: 1 CONNECTION_STATUS\n"))
            #expect(result.output.contains(#""status": "succeeded""#))
            #expect(result.output.contains("1 PUT  /api/v1/workload/running"))
            #expect(result.output.contains("2 POST /api/v1/workload_output/write"))
            #expect(result.output.contains("3 PUT  /api/v1/workload/success"))
            #expect(!result.output.contains("\u{1B}"))
        }
    }

    @Test func failsWhereTheJobFailsAndHidesSecrets() async throws {
        try await Sidecarctl.with { tool in
            let lines = """
                {"type":"LOG","log":{"level":"ERROR","message":"cannot log in with hunter2-hunter2"}}
                {"type":"LOG","log":{"level":"LOUD","message":"hunter2-hunter2"}}
                {"type":"CONNECTION_STATUS","connectionStatus":{"status":"hunter2-hunter2"}}

                """
            let path = try workspace(tool, lines, exitCode: "1\n")
            for options in [[], ["--bodies"], ["--json"]] {
                let result = try await tool.run(["inspect", path] + options)
                #expect(result.status == 1)
                #expect(result.output.contains("cannot log in with **********"))
                #expect(!result.output.contains("hunter2"))
            }
        }
    }

    @Test func pointsAtTheLineAndTheByte() async throws {
        try await Sidecarctl.with { tool in
            let lines = """
                text for people
                {"type":"CATALOG","catalog":{}}
                {"type":"LOG","log":{"level":"LOUD","message":"hi"}}
                {"type":"RECORD","record":{"stream":"s","data":{"mail":"a@b.c"}
                \(Self.succeeded)
                """
            let result = try await tool.run(["inspect", try workspace(tool, lines), "--json"])
            #expect(result.status == 0)
            let found = try JSON(parsing: result.output)["output"]
            #expect(found["textLines"] == .number(1))
            #expect(found["malformed"] == .number(3))
            let malformed = found["malformedLines"]
            #expect(malformed[0]["line"] == .number(2))
            #expect(malformed[0]["byte"] == .number(16))
            #expect(malformed[0]["problem"].text == "CATALOG without streams")
            #expect(malformed[1]["line"] == .number(3))
            #expect(malformed[1]["lineStart"] == .number(48))
            #expect(malformed[1]["byte"] == .number(77))
            #expect(malformed[1]["problem"].text?.hasPrefix(#"/log/level is "LOUD", not one of"#) == true)
            #expect(malformed[2]["line"] == .number(4))
            #expect(malformed[2]["text"] == .null)
            #expect(!result.output.contains("a@b.c"))
        }
    }

    @Test func pointsIntoALineThatIsTooLongToBeHeld() async throws {
        try await Sidecarctl.with { tool in
            let filling = String(repeating: "x", count: 3_000_000)
            let line = #"{"type":"CATALOG","catalog":{"streams":[{"name":"\#(filling)""#
            try tool.write(line + "\n" + Self.succeeded + "\n", to: "output")
            let result = try await tool.run([
                "inspect", tool.file("output"), "--operation", "check", "--json",
            ])
            #expect(result.status == 0)
            let malformed = try JSON(parsing: result.output)["output"]["malformedLines"][0]
            #expect(malformed["line"] == .number(1))
            #expect(malformed["byte"] == .number(Double(line.utf8.count)))
            #expect(malformed["problem"].text == "the line ends within a value")
        }
    }

    @Test func showsWhatIsAssumedBeforeTheEnd() async throws {
        try await Sidecarctl.with { tool in
            let path = try workspace(tool, "", exitCode: nil)
            let result = try await tool.run(["inspect", path])
            #expect(result.status == 1)
            #expect(result.output.contains("There is no exit code yet"))
            let assumed = try await tool.run(["inspect", path, "--exit-code", "137"])
            #expect(assumed.output.contains("killed by SIGKILL"))
        }
    }

    @Test func showsTheReportOnAnUnusableInput() async throws {
        try await Sidecarctl.with { tool in
            try tool.write(#"{"workloadId": "w-1", "operationType": "DANCE"}"#, to: "ws/sidecarInput.json")
            let result = try await tool.run(["inspect", tool.file("ws"), "--json"])
            #expect(result.status == 1)
            let json = try JSON(parsing: result.output)
            #expect(json["verdict"]["outcome"].text == "rejected")
            #expect(json["calls"][0]["path"].text == "/api/v1/workload/failure")
        }
    }

    @Test(
        arguments: [
            (["inspect", "missing"], 66, "missing cannot be opened"),
            (["inspect", "output"], 64, "--operation spec, check or discover"),
            (["inspect", "output/below", "--operation", "spec"], 66, "cannot be opened"),
            (["inspect", "empty"], 65, "sidecarInput.json is missing"),
            (["inspect", "output", "--operation", "dance"], 64, "dance"),
            (["inspect"], 64, "Missing expected argument"),
            (["inspect", "output", "--max-body=-1"], 64, "must not be negative"),
        ]
    )
    func complainsOnce(_ arguments: [String], _ status: Int32, _ complaint: String) async throws {
        try await Sidecarctl.with { tool in
            try tool.write("", to: "output")
            try tool.write("", to: "empty/unrelated")
            let arguments = arguments.map {
                ["missing", "output", "output/below", "empty"].contains($0) ? tool.file($0) : $0
            }
            let result = try await tool.run(arguments)
            #expect(result.status == status)
            #expect(result.output.isEmpty)
            #expect(result.errors.contains(complaint))
        }
    }

    @Test func hasColoursOnATerminalOnly() async throws {
        try await Sidecarctl.with { tool in
            let path = try workspace(tool, Self.succeeded + "\n")
            for (environment, isColoured) in [
                ([:], true), (["NO_COLOR": "1"], false), (["TERM": "dumb"], false),
            ] {
                let terminal = try await Terminal(
                    "\(Sidecarctl.path) inspect \(path)",
                    in: tool.folder,
                    environment: environment
                )
                let shown = try await terminal.waitFor("exit code 0")
                #expect(shown.contains("The connector gave its connection status"))
                #expect(try await terminal.screen(colours: true).contains("\u{1B}[32m") == isColoured)
                await terminal.close()
            }
        }
    }

    @Test func endsQuietlyWhenItsReaderHasGone() async throws {
        try await Sidecarctl.with { tool in
            let lines = String(repeating: "{}\n", count: 5_000)
            let path = try workspace(tool, lines + Self.succeeded + "\n")
            let shell = try ChildProcess(
                "/bin/sh",
                ["-c", "\(Sidecarctl.path) inspect \(path) --json | head -n 1"],
                environment: ["PATH": "/usr/bin:/bin"],
                log: tool.folder.appendingPathComponent("log")
            )
            #expect(await shell.exitCode == 0)
            #expect(shell.output == "{\n")
        }
    }
}
