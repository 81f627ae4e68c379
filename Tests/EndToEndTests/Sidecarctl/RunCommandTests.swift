import Foundation
import Testing

/// `sidecarctl run` as a process.
@Suite struct RunCommandTests {
    private static let sample = Project.path("demo/connectors/sample_source")
    private static let scripted = Project.path("demo/connectors/scripted_connector")
    private static let secret = "correct-horse-battery"
    private static let good = #"{"host": "api.example.com", "api_key": "correct-horse-battery"}"#
    private static let bad = #"{"host": "api.example.com", "api_key": "wrong"}"#
    private static let succeeded = #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"#

    /// A run whose temporary files are in the tool's folder, which has to be empty of them afterwards.
    private func run(
        _ tool: Sidecarctl,
        _ arguments: [String],
        environment: [String: String] = [:]
    ) async throws -> Sidecarctl.Result {
        let result = try await tool.run(
            ["run"] + arguments,
            environment: ["TMPDIR": try temporary(tool)].merging(environment) { $1 }
        )
        expectNothingIsLeft(tool)
        return result
    }

    private func start(_ tool: Sidecarctl, _ arguments: [String]) throws -> ChildProcess {
        try tool.start(["run"] + arguments, environment: ["TMPDIR": try temporary(tool)])
    }

    private func temporary(_ tool: Sidecarctl) throws -> String {
        let folder = tool.folder.appendingPathComponent("tmp")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.path
    }

    private func workspaces(_ tool: Sidecarctl) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: tool.file("tmp"))) ?? []
    }

    /// Processes that were started for a workspace in the tool's folder: its path is in their variables.
    private func processes(_ tool: Sidecarctl) -> [String] {
        let mark = Data("AIRBYTE_CONFIG_DIR=\(tool.file("tmp"))/".utf8)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.filter { Int($0) != nil }.filter { name in
            // A process that ends meanwhile has no variables any more, and neither has one that has ended.
            let variables = try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(name)/environ"))
            return variables?.range(of: mark) != nil
        }
    }

    private func expectNothingIsLeft(_ tool: Sidecarctl, _ location: SourceLocation = #_sourceLocation) {
        #expect(workspaces(tool).isEmpty, sourceLocation: location)
        #expect(processes(tool).isEmpty, sourceLocation: location)
    }

    /// A word of the time line for each call.
    private func calls(_ output: String) -> [String] {
        output.split(separator: "\n").compactMap { line in
            guard line.contains(" /api/v1/") && line.contains(" → ") else { return nil }
            return line.split(separator: " ").first { $0.hasPrefix("/api/v1/") }?.split(separator: "/").last
                .map(String.init)
        }
    }

    // MARK: Results

    @Test func spec() async throws {
        try await Sidecarctl.with { tool in
            let result = try await run(tool, ["spec", "--", Self.sample])
            #expect(result.status == 0, "\(result)")
            #expect(result.errors.isEmpty)
            #expect(result.output.contains("platform > ----- START SPEC -----\n"))
            #expect(result.output.contains("\nSPEC of sample_source:dev\n\nVerdict    SPEC succeeded: "))
            #expect(result.output.contains("\nConnector  exit code 0\nSidecar    exit code 0\n"))
            #expect(calls(result.output) == ["running", "write", "success"])
            #expect(result.output.contains("\n    {\n      \"outputType\": \"spec\",\n"))
            #expect(result.output.hasSuffix("\n    … (cut after 40 lines; --json prints all)\n"))
        }
    }

    @Test func check() async throws {
        try await Sidecarctl.with { tool in
            let good = try await run(tool, ["check", "--config", Self.good, "--", Self.sample])
            #expect(good.status == 0, "\(good)")
            #expect(good.output.contains("Verdict    CHECK succeeded: the connection works\n"))
            #expect(good.output.contains("stderr > sample source: check\n"))
            #expect(!good.output.contains(Self.secret))
            try tool.write(Self.bad, to: "config.json")
            let bad = try await run(tool, ["check", "--config", tool.file("config.json"), "--", Self.sample])
            #expect(bad.status == 0, "\(bad)")
            #expect(
                bad.output.contains(
                    "Verdict    CHECK gave the status failed: api.example.com refused the API key\n"
                )
            )
            #expect(calls(bad.output) == ["running", "write", "success"])
        }
    }

    @Test func discover() async throws {
        try await Sidecarctl.with { tool in
            let good = try await run(tool, ["discover", "--config", Self.good, "--", Self.sample])
            #expect(good.status == 0, "\(good)")
            let streams = "5 streams: customers, orders, Größen & Maße, events, attachments"
            #expect(good.output.contains("Verdict    DISCOVER succeeded: \(streams)\n"))
            #expect(good.output.contains("\nCatalog\n    \(streams)\n    look at it: add --keep, then "))
            #expect(calls(good.output) == ["running", "write_discover_catalog_result", "write", "success"])
            let bad = try await run(tool, ["discover", "--config", Self.bad, "--", Self.sample])
            #expect(bad.status == 1, "\(bad)")
            #expect(
                bad.output.contains(
                    "Verdict    DISCOVER failed: The streams could not be listed: api.example.com refused the API key "
                        + "(config_error)\n"
                )
            )
            #expect(bad.output.contains("\nConnector  exit code 1\n"))
            #expect(calls(bad.output) == ["running", "write", "success"])
        }
    }

    @Test func readsTheConfigurationFromStandardInput() async throws {
        try await Sidecarctl.with { tool in
            try tool.write(Self.good, to: "config.json")
            let child = try tool.start(
                ["run", "check", "--config", "-", "--", Self.sample],
                launcher: ["/bin/sh", "-c", #"exec "$@" <"$0""#, tool.file("config.json")],
                environment: ["TMPDIR": try temporary(tool)]
            )
            #expect(await child.exitCode == 0)
            #expect(child.output.contains("Verdict    CHECK succeeded"))
        }
    }

    /// The new configuration reaches the server, and its secret nobody else.
    @Test func updatesAConfiguration() async throws {
        try await Sidecarctl.with { tool in
            let config = #"{"host": "a", "api_key": "correct-horse-battery", "rotate_key": true}"#
            for more in [[], ["--json"]] {
                let result = try await run(tool, ["check", "--config", config] + more + ["--", Self.sample])
                #expect(result.status == 0, "\(result)")
                #expect(!result.output.contains(Self.secret))
                guard more.isEmpty else { continue }
                #expect(calls(result.output) == ["running", "get", "update", "write", "success"])
            }
        }
    }

    @Test func keepsAWorkspaceForTheOtherCommands() async throws {
        try await Sidecarctl.with { tool in
            let variables = ["TMPDIR": try temporary(tool)]
            let result = try await tool.run(
                ["run", "discover", "--keep", "--config", Self.good, "--", Self.sample],
                environment: variables
            )
            #expect(result.status == 0)
            let workspace = try #require(workspaces(tool).first.map { tool.file("tmp/\($0)") })
            #expect(result.output.contains("\nWorkspace  \(workspace)\n"))
            #expect(processes(tool).isEmpty)
            let inspected = try await tool.run(["inspect", workspace])
            #expect(inspected.status == 0)
            #expect(inspected.output.hasPrefix("DISCOVER of sample_source:dev, workload local_"))
            // What the sidecar would do is what it has done.
            #expect(
                calls(result.output)
                    == inspected.output.split(separator: "\n").compactMap { line in
                        line.split(separator: " ").first { $0.hasPrefix("/api/v1/") }?.split(separator: "/")
                            .last
                            .map(String.init)
                    }
            )
            let catalog = try await tool.run(["catalog", workspace])
            #expect(catalog.output.contains("5 streams"))
        }
    }

    @Test func printsJSON() async throws {
        try await Sidecarctl.with { tool in
            let result = try await run(
                tool,
                ["discover", "--json", "--config", Self.good, "--", Self.sample]
            )
            #expect(result.status == 0)
            let events = try result.output.split(separator: "\n").map { try JSON(parsing: String($0)) }
            #expect(
                events.filter { $0["event"].text == "call" }.map { $0["path"].text } == [
                    "/api/v1/workload/running", "/api/v1/sources/write_discover_catalog_result",
                    "/api/v1/workload_output/write", "/api/v1/workload/success",
                ]
            )
            #expect(
                events.filter { $0["event"].text == "stderr" }.map { $0["text"].text } == [
                    "sample source: discover"
                ]
            )
            #expect(events.contains { $0["event"].text == "message" && $0["type"].text == "CATALOG" })
            let summary = try #require(events.last)
            #expect(summary["event"].text == "summary")
            #expect(summary["success"] == .bool(true))
            #expect(summary["connectorExitCode"] == .number(0))
            #expect(summary["sidecarExitCode"] == .number(0))
            #expect(summary["jobOutput"]["outputType"].text == "discoverCatalogId")
            #expect(!result.output.contains(Self.secret))
        }
    }

    /// What is shipped, in place of what is built in; and its own variables.
    @Test func runsAnotherSidecar() async throws {
        let program = try #require(ProcessInfo.processInfo.environment["SIDECAR_RELEASE"])
        try await Sidecarctl.with { tool in
            let result = try await run(
                tool,
                ["spec", "--sidecar", program, "--set", "SIDECAR_IO_BACKEND=epoll", "--", Self.sample]
            )
            #expect(result.status == 0, "\(result)")
            #expect(result.output.contains(", on epoll\n"))
        }
    }

    /// By its name; the name of the image says nothing.
    @Test func checksADestination() async throws {
        try await Sidecarctl.with { tool in
            let config = #"{"host": "a", "api_key": "correct-horse-battery", "rotate_key": true}"#
            try FileManager.default.createSymbolicLink(
                atPath: tool.file("destination-sample"),
                withDestinationPath: Self.sample
            )
            let result = try await run(
                tool,
                [
                    "check", "--image", "example/sample:1", "--config", config, "--",
                    tool.file("destination-sample"),
                ]
            )
            #expect(result.status == 0, "\(result)")
            #expect(result.output.contains("POST /api/v1/destinations/update → 200\n"))
        }
    }

    // MARK: Connectors that fail

    @Test(arguments: [
        (["--signal", "SEGV"], "exit code 139", "139"), (["--exit", "3"], "exit code 3", "3"),
        (["--stderr", "no module named x", "--exit", "1"], "exit code 1", "1"),
    ])
    func showsHowAConnectorCrashed(_ steps: [String], _ reason: String, _ code: String) async throws {
        try await Sidecarctl.with { tool in
            let result = try await run(tool, ["check", "--config", "{}", "--", Self.scripted] + steps)
            #expect(result.status == 1, "\(result)")
            let verdict = result.output.split(separator: "\n").first { $0.hasPrefix("Verdict ") }
            #expect(verdict?.contains("CHECK failed: ") == true)
            #expect(verdict?.contains(reason) == true)
            #expect(verdict?.contains(/[^.] \(system_error\)$/) == true)
            #expect(result.output.contains("\nConnector  exit code \(code)\n"))
            if steps[0] == "--stderr" { #expect(result.output.contains("stderr > no module named x\n")) }
        }
    }

    /// The main container dies before it writes an exit code.
    @Test func noticesALostConnector() async throws {
        try await Sidecarctl.with { tool in
            let result = try await run(
                tool,
                [
                    "check", "--config", "{}", "--set", "SIDECAR_LOST_CONNECTOR_GRACE_SECONDS=0.2", "--",
                    "/bin/sh",
                    "-c", "kill -KILL $PPID; sleep 1000",
                ]
            )
            #expect(result.status == 1, "\(result)")
            #expect(result.output.contains("\nConnector  exit code 137\n"))
            #expect(calls(result.output) == ["running", "write", "failure"])
        }
    }

    @Test func endsAConnectorThatHangs() async throws {
        try await Sidecarctl.with { tool in
            let result = try await run(
                tool,
                [
                    "check", "--config", "{}", "--set", "SIDECAR_FILE_TIMEOUT_MINUTES=0.01", "--",
                    Self.scripted,
                    "--line", "hello", "--sleep", "1000",
                ]
            )
            #expect(result.status == 1, "\(result)")
            #expect(result.output.contains("\nConnector  exit code 143\n"))
            #expect(calls(result.output) == ["running", "write", "failure"])
        }
    }

    /// Bytes that would play with a terminal, on both streams.
    @Test func spellsOutWhatDisturbsATerminal() async throws {
        try await Sidecarctl.with { tool in
            let garbage = #"\x1b]0;title\x07\x1b[2J\xff\xfe\x00\x9b31m\xe2\x80\xae\n"#
            let script = "printf '\\033[2J\\200\\007\\n' >&2"
            let steps = ["--raw", garbage, "--shell", script, "--line", Self.succeeded]
            for more in [["--plain"], ["--json"]] {
                let result = try await run(
                    tool,
                    ["check", "--config", "{}"] + more + ["--", Self.scripted] + steps
                )
                #expect(result.status == 0, "\(result)")
                let disturbing = result.output.unicodeScalars.filter {
                    $0.value < 0x20 && $0 != "\n" || 0x7F...0x9F ~= $0.value || $0.value == 0x202E
                }
                #expect(disturbing.isEmpty)
            }
        }
    }

    @Test func hidesSecretsWhereverAConnectorWritesThem() async throws {
        try await Sidecarctl.with { tool in
            let trace = """
                {"type":"TRACE","trace":{"type":"ERROR","emitted_at":1,"error":{"message":"no \(Self.secret)"}}}
                """
            let steps = [
                "--stderr", "token \(Self.secret)", "--line", "text \(Self.secret)", "--line", trace,
                "--exit", "1",
            ]
            for more in [["--plain"], ["--json"]] {
                let result = try await run(
                    tool,
                    ["check", "--config", Self.good] + more + ["--", Self.scripted] + steps
                )
                #expect(result.status == 1, "\(result)")
                #expect(!result.output.contains(Self.secret))
                #expect(result.output.contains("token **********"))
                #expect(result.output.contains("no **********"))
            }
        }
    }

    /// It has left its process group and does not listen to SIGTERM.
    @Test func leavesNoProcessOfAConnector() async throws {
        try await Sidecarctl.with { tool in
            let result = try await run(
                tool,
                [
                    "check", "--config", "{}", "--", "/bin/sh", "-c",
                    "trap '' TERM; setsid sleep 1000 >&- 2>&- & echo '\(Self.succeeded)'",
                ]
            )
            #expect(result.status == 0, "\(result)")
        }
    }

    // MARK: Interruptions

    @Test(arguments: [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM"), (SIGHUP, "SIGHUP"), (SIGQUIT, "SIGQUIT")])
    func aSignalEndsEverything(_ signal: Int32, _ name: String) async throws {
        try await Sidecarctl.with { tool in
            let child = try start(
                tool,
                ["check", "--config", Self.good, "--", Self.scripted, "--line", "hello", "--sleep", "1000"]
            )
            #expect(try await child.waitForOutput("source > hello"))
            child.send(signal)
            #expect(await child.exitCode == 128 + signal)
            #expect(child.output.contains("Ending everything after \(name)\n"))
            #expect(child.output.contains("\nVerdict    CHECK was interrupted by \(name)\n"))
            #expect(child.output.contains("\nSidecar    exit code 143\n"))
            expectNothingIsLeft(tool)
        }
    }

    @Test func aSecondSignalKills() async throws {
        try await Sidecarctl.with { tool in
            let child = try start(
                tool,
                [
                    "check", "--config", "{}", "--", Self.scripted, "--ignore", "TERM", "--line", "hello",
                    "--sleep", "1000",
                ]
            )
            #expect(try await child.waitForOutput("source > hello"))
            child.send(SIGINT)
            #expect(try await child.waitForOutput("Ending everything after SIGINT\n"))
            child.send(SIGINT)
            #expect(await child.exitCode == 128 + SIGINT)
            expectNothingIsLeft(tool)
        }
    }

    /// Nothing can be done by the command itself: somebody else clears away.
    @Test func nothingIsLeftAfterSIGKILL() async throws {
        try await Sidecarctl.with { tool in
            let child = try start(
                tool,
                ["check", "--config", "{}", "--", Self.scripted, "--line", "hello", "--sleep", "1000"]
            )
            #expect(try await child.waitForOutput("source > hello"))
            child.send(SIGKILL)
            #expect(await child.exitCode == 128 + SIGKILL)
            while !workspaces(tool).isEmpty || !processes(tool).isEmpty {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    @Test func aReaderThatGoesEndsEverything() async throws {
        try await Sidecarctl.with { tool in
            let child = try tool.start(
                [
                    "run", "check", "--config", "{}", "--", Self.scripted, "--lines", "100000 some text",
                    "--sleep", "1000",
                ],
                launcher: ["/bin/bash", "-c", #""$@" | head -n 1; exit "${PIPESTATUS[0]}""#, "pipe"],
                environment: ["TMPDIR": try temporary(tool)]
            )
            #expect(await child.exitCode == 128 + SIGPIPE)
            #expect(child.errorOutput.isEmpty)
            expectNothingIsLeft(tool)
        }
    }

    // MARK: A terminal

    private func terminal(
        _ tool: Sidecarctl,
        _ arguments: String,
        environment: [String: String] = [:]
    ) async throws -> Terminal {
        try await Terminal(
            "\(Sidecarctl.path) run \(arguments)",
            in: tool.folder,
            environment: ["TMPDIR": try temporary(tool)].merging(environment) { $1 }
        )
    }

    /// A connector that says two lines and waits for a file.
    private func waiting(_ tool: Sidecarctl) throws -> String {
        let log = #"{"type":"LOG","log":{"level":"WARN","message":"a slow API, \u001b[31m日本語"}}"#
        try tool.write(
            "line some text\nline \(log)\nwait-for \(tool.file("go"))\nline \(Self.succeeded)\n",
            to: "scenario"
        )
        return "check --config {} -- \(Self.scripted) \(tool.file("scenario"))"
    }

    @Test func redrawsALiveViewInPlace() async throws {
        try await Sidecarctl.with { tool in
            let terminal = try await terminal(tool, try waiting(tool))
            let shown = try await terminal.waitFor("Last line  WARN a slow API, \\u{1b}[31m日本語")
            let lines = shown.split(separator: "\n")
            #expect(lines[0].hasPrefix("CHECK of scripted_connector:dev, "))
            #expect(lines[1] == "Phase      the connector is running")
            #expect(lines[2].hasPrefix("Output     2 lines, "))
            // On a busy machine, heartbeats have followed.
            let platform = #/Platform   (announced|\d+ heartbeats?), last contact .* ago/#
            #expect(lines[3].wholeMatch(of: platform) != nil, "\(lines[3])")
            #expect(lines.count == 5)
            #expect(try await terminal.screen(colours: true).contains(/33m[^W]*WARN/))
            // The clock goes on in the same place.
            while try await terminal.screen().hasPrefix(lines[0]) {}
            #expect(try await terminal.screen().split(separator: "\n").count == 5)
            try tool.write("", to: "go")
            let end = try await terminal.waitFor("\nexit code 0\n")
            #expect(end.hasPrefix("CHECK of scripted_connector:dev\n\nVerdict    CHECK succeeded: "))
            #expect(!end.contains("Phase "))
            await terminal.close()
            expectNothingIsLeft(tool)
        }
    }

    /// Narrower, narrower than a word, lower than the view, and large again.
    @Test func survivesChangesOfTheTerminalsSize() async throws {
        try await Sidecarctl.with { tool in
            let terminal = try await terminal(tool, try waiting(tool))
            _ = try await terminal.waitFor("Last line  WARN")
            for (columns, rows, lines) in [(40, 30, 5), (7, 30, 5), (40, 3, 3), (100, 40, 5)] {
                try await terminal.resize(columns: columns, rows: rows)
                // Drawn again with the new size, and nothing of the old is left.
                while true {
                    let shown = try await terminal.screen().split(separator: "\n")
                    if shown.count == lines, shown.allSatisfy({ $0.count < columns }),
                        shown[0].hasPrefix("CHECK"), shown[1].hasPrefix("Phase")
                    {
                        break
                    }
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            try tool.write("", to: "go")
            let end = try await terminal.waitFor("\nexit code 0\n")
            #expect(end.hasPrefix("CHECK of scripted_connector:dev\n\nVerdict    CHECK succeeded: "))
            #expect(!end.contains("Phase "))
            await terminal.close()
        }
    }

    /// The shell gets its screen back meanwhile.
    @Test func stopsByCtrlZAndGoesOn() async throws {
        try await Sidecarctl.with { tool in
            try tool.write(
                "set -m\n\(Sidecarctl.path) run \(try waiting(tool))\necho stopped\nread -r _\nfg\n",
                to: "script"
            )
            let terminal = try await Terminal(
                "/bin/bash \(tool.file("script"))",
                in: tool.folder,
                environment: ["TMPDIR": try temporary(tool)]
            )
            _ = try await terminal.waitFor("Last line  WARN")
            try await terminal.press("C-z")
            #expect(try await !terminal.waitFor("stopped\n").contains("Phase "))
            try await terminal.press("Enter")
            _ = try await terminal.waitFor("Last line  WARN")
            try tool.write("", to: "go")
            _ = try await terminal.waitFor("\nexit code 0\n")
            await terminal.close()
            expectNothingIsLeft(tool)
        }
    }

    @Test func endsByCtrlC() async throws {
        try await Sidecarctl.with { tool in
            let terminal = try await terminal(tool, try waiting(tool))
            _ = try await terminal.waitFor("Last line  WARN")
            try await terminal.press("C-c")
            let end = try await terminal.waitFor("\nexit code 130\n")
            #expect(end.contains("Verdict    CHECK was interrupted by SIGINT\n"))
            #expect(!end.contains("Phase "))
            await terminal.close()
            expectNothingIsLeft(tool)
        }
    }

    @Test func showsStandardErrorOfAConnectorThatFails() async throws {
        try await Sidecarctl.with { tool in
            let terminal = try await terminal(
                tool,
                "check --config {} -- \(Self.scripted) --stderr 'Traceback: no module' --exit 1"
            )
            let end = try await terminal.waitFor("\nexit code 1\n")
            #expect(end.contains("The connector's last lines on standard error\n  Traceback: no module\n"))
            #expect(try await terminal.screen(colours: true).contains(/31m[^C]*CHECK failed:/))
            await terminal.close()
        }
    }

    @Test func usesNoColoursWhereNobodyWantsThem() async throws {
        try await Sidecarctl.with { tool in
            let terminal = try await terminal(tool, try waiting(tool), environment: ["NO_COLOR": "1"])
            _ = try await terminal.waitFor("Last line  WARN")
            try tool.write("", to: "go")
            _ = try await terminal.waitFor("\nexit code 0\n")
            #expect(try await !terminal.screen(colours: true).contains("\u{1B}["))
            await terminal.close()
        }
    }

    @Test(arguments: ["--plain", "TERM=dumb"])
    func printsLinesOnATerminalToo(_ choice: String) async throws {
        try await Sidecarctl.with { tool in
            let option = choice == "--plain" ? "--plain " : ""
            let terminal = try await terminal(
                tool,
                "check \(option)--config {} -- \(Self.scripted) --line '\(Self.succeeded)'",
                environment: option.isEmpty ? ["TERM": "dumb"] : [:]
            )
            let end = try await terminal.waitFor("\nexit code 0\n")
            #expect(end.contains("platform > ----- START CHECK -----\n"))
            await terminal.close()
        }
    }

    // MARK: Wrong use

    @Test(arguments: [
        (["check", "--config", "{}"], 64, "The connector's command is missing"),
        (["check", "--", "/bin/true"], 64, "check needs the connector's configuration"),
        (["discover", "--", "/bin/true"], 64, "discover needs the connector's configuration"),
        (["spec", "--config", "{}", "--", "/bin/true"], 64, "spec takes no configuration"),
        (["spec", "--", "no-such-connector"], 66, "no-such-connector cannot be started as the connector"),
        (
            ["spec", "--", "./no-such-connector"], 66,
            "./no-such-connector cannot be started as the connector"
        ),
        (["spec", "--", "/etc/passwd"], 66, "/etc/passwd cannot be started as the connector"),
        (
            ["spec", "--sidecar", "/nowhere", "--", "/bin/true"], 66,
            "/nowhere cannot be started as the sidecar"
        ),
        (["check", "--config", "/nowhere.json", "--", "/bin/true"], 66, "/nowhere.json cannot be read"),
        (
            ["check", "--config", #"{"password": "hunter2-hunter2""#, "--", "/bin/true"], 65,
            "The configuration is not JSON"
        ),
        (["check", "--config", "/etc/passwd", "--", "/bin/true"], 65, "/etc/passwd is not JSON"),
        (["spec", "--set", "=x", "--", "/bin/true"], 64, "--set =x: give NAME=VALUE"),
    ])
    func complainsOnce(_ arguments: [String], _ status: Int32, _ complaint: String) async throws {
        try await Sidecarctl.with { tool in
            let result = try await run(tool, arguments)
            #expect(result.status == status)
            #expect(result.output.isEmpty)
            #expect(result.errors.hasPrefix("sidecarctl: \(complaint)"))
            #expect(result.errors.split(separator: "\n").count == 1)
            #expect(!result.errors.contains("hunter2"))
        }
    }

    @Test func complainsWhereNoWorkspaceCanBeMade() async throws {
        try await Sidecarctl.with { tool in
            let result = try await run(
                tool,
                ["spec", "--", "/bin/true"],
                environment: ["TMPDIR": "/nowhere"]
            )
            #expect(result.status == 73)
            #expect(result.errors.hasPrefix("sidecarctl: /nowhere cannot take the workspace"))
        }
    }

    /// The kernel refuses the program: the connector is not started, and the terminal shows the error.
    @Test func complainsWhereTheSidecarCannotBeStarted() async throws {
        try await Sidecarctl.with { tool in
            try tool.write("\u{1}", to: "sidecar")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755],
                ofItemAtPath: tool.file("sidecar")
            )
            let command = "spec --sidecar \(tool.file("sidecar")) -- \(Self.sample)"
            let terminal = try await terminal(tool, command)
            let end = try await terminal.waitFor("\nexit code 66\n")
            #expect(end.hasPrefix("sidecarctl: \(tool.file("sidecar")) cannot be started: "))
            await terminal.close()
            expectNothingIsLeft(tool)
        }
    }

    @Test func showsWhyTheSidecarDoesNotStart() async throws {
        try await Sidecarctl.with { tool in
            let result = try await run(
                tool,
                ["spec", "--set", "SIDECAR_IO_BACKEND=magic", "--", Self.scripted, "--sleep", "1000"]
            )
            #expect(result.status == 1)
            #expect(result.output.contains("SIDECAR_IO_BACKEND"))
            #expect(
                result.output.contains(
                    "Verdict    SPEC came to nothing: the sidecar reported neither success nor failure and ended with exit code 78\n"
                )
            )
        }
    }

    // MARK: The end

    /// Nobody reads what `run` shows, and the connector writes without an end.
    @Test(.timeLimit(.minutes(5)))
    func endsWhenNobodyReads() async throws {
        try await Sidecarctl.with { tool in
            try tool.write("#!/bin/sh\nexec yes hello >&2\n", to: "flood")
            chmod(tool.file("flood"), 0o755)
            let shell = try ChildProcess(
                "/bin/bash",
                ["-c", "'\(Sidecarctl.path)' run spec -- '\(tool.file("flood"))' | head -1"],
                environment: ["PATH": "/usr/bin:/bin", "TMPDIR": tool.folder.path],
                log: tool.folder.appendingPathComponent("out"),
                errors: tool.folder.appendingPathComponent("errors")
            )
            #expect(await shell.exitCode == 0, "head's")
            let left = try FileManager.default.contentsOfDirectory(atPath: tool.folder.path)
            #expect(Set(left) == ["errors", "flood", "out"])
        }
    }

    /// SIGTERM goes to the connector, and `run` waits until it has tidied up.
    @Test func interruptGivesTheConnectorTime() async throws {
        try await Sidecarctl.with { tool in
            let script = """
                #!/bin/sh
                trap 'sleep 0.5; echo tidied >"$1"; exit 7' TERM
                echo ready >&2
                while :; do sleep 0.1; done
                """
            try tool.write(script, to: "slow")
            chmod(tool.file("slow"), 0o755)
            let child = try tool.start(["run", "spec", "--", "/bin/sh", tool.file("slow"), tool.file("done")])
            #expect(try await child.waitForOutput("stderr > ready"))
            child.send(SIGINT)
            #expect(await child.exitCode != 0)
            #expect(FileManager.default.fileExists(atPath: tool.file("done")), "\(child.output)")
        }
    }

    // MARK: A real connector

    /// From PyPI.
    @Test func runsSourceFaker() async throws {
        try await Sidecarctl.with { tool in
            let folder = Project.path(".build/faker")
            let fetch = try ChildProcess(
                Project.path("scripts/fetch-faker"),
                [folder],
                environment: ProcessInfo.processInfo.environment,
                log: tool.folder.appendingPathComponent("fetch"),
                errors: tool.folder.appendingPathComponent("fetch-errors")
            )
            try #require(await fetch.exitCode == 0, "\(fetch.errorOutput)")
            let connector = fetch.output.trimmingCharacters(in: .newlines)
            let result = try await run(
                tool,
                ["discover", "--config", #"{"count": 100, "seed": 7}"#, "--", connector]
            )
            #expect(result.status == 0, "\(result)")
            #expect(result.output.contains("Verdict    DISCOVER succeeded: 3 streams: "))
        }
    }
}
