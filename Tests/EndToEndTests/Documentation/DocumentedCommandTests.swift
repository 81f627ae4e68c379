import Foundation
import TestSupport
import Testing

/// Every command of the documents is run by a test, or it is known why not.
@Suite struct DocumentedCommandTests {
    /// Something else runs the command: the file has that text.
    private struct Elsewhere {
        var command: String
        var file: String
        var text: String
    }

    private static let elsewhere = [
        Elsewhere(command: "scripts/test", file: ".ci/run", text: "scripts/test"),
        Elsewhere(command: "scripts/release", file: "scripts/test", text: "scripts/release"),
        Elsewhere(
            command: "scripts/release --with-sidecarctl",
            file: "scripts/test",
            text: "scripts/release --with-sidecarctl"
        ),
        Elsewhere(
            command: "swift test --filter HostileTests",
            file: "scripts/test",
            text: "exec swift test --skip-build"
        ),
        Elsewhere(
            command: "scripts/image",
            file: "Tests/EndToEndTests/Support/ContainerImage.swift",
            text: #"Project.path("scripts/image")"#
        ),
        Elsewhere(
            command: "scripts/start-time",
            file: "Tests/EndToEndTests/ImageTests.swift",
            text: #"Project.path("scripts/start-time")"#
        ),
        Elsewhere(
            command: "scripts/image --debug",
            file: "Tests/EndToEndTests/Support/ContainerImage.swift",
            text: #"["--debug", "--binary""#
        ),
        Elsewhere(
            command: "scripts/image --settings deploy/settings/settings.env",
            file: "Tests/EndToEndTests/Packaging/ImageSettingsTests.swift",
            text: #""--settings", scratch.path"#
        ),
        Elsewhere(
            command:
                "scripts/prepare-workspace /tmp/job check --config config.json --workload connector-check",
            file: "Tests/EndToEndTests/Support/Pod.swift",
            text: #"[workspace.path, operation, "--config", configFile.path, "--workload""#
        ),
        Elsewhere(
            command: "scripts/debian-package",
            file: "Tests/EndToEndTests/Packaging/DebianPackageTests.swift",
            text: #"Project.path("scripts/debian-package")"#
        ),
        Elsewhere(command: "scripts/fuzz", file: "scripts/test", text: "scripts/fuzz --seconds 3 --jobs 2"),
        Elsewhere(
            command: "scripts/fuzz --seconds 600 masking otlp",
            file: "scripts/test",
            text: "scripts/fuzz --seconds 3 --jobs 2"
        ),
        Elsewhere(
            command: "scripts/fuzz --seconds 600 --jobs 4",
            file: "scripts/test",
            text: "scripts/fuzz --seconds 3 --jobs 2"
        ),
        Elsewhere(
            command: "cd demo/control-plane && python3 -m unittest",
            file: "scripts/test",
            text: "cd \"$folder\" && /usr/bin/python3 -B -m unittest"
        ),
        Elsewhere(
            command:
                #"scripts/run-pod --env WORKLOAD_API_HOST=http://127.0.0.1:8080 --env INTERNAL_API_HOST=http://127.0.0.1:8080 /tmp/ws "$PWD/demo/connectors/sample_source""#,
            file: "Tests/EndToEndTests/Support/PodmanPod.swift",
            text: #"[Project.path("scripts/run-pod"), "--folder", things"#
        ),
        Elsewhere(
            command: "scripts/prepare-workspace /tmp/ws check --config config.json",
            file: "Tests/EndToEndTests/Support/Pod.swift",
            text: #"[workspace.path, operation, "--config", configFile.path"#
        ),
    ]

    /// bench/README.md: its commands take minutes to hours. `CommandTests` of the bench parses their options.
    private static let benchmarks = "scripts/bench"

    /// What needs something that no test has, by its beginning.
    private static let unavailable = [
        ("skopeo copy oci:.build/image/oci:dev", "a registry"),
        ("oras ", "a registry"),
        ("kubectl ", "a cluster"),
        ("helm ", "a cluster"),
        ("findings/", "PyPI and minutes: findings are no tests"),
        ("FINDINGS_CACHE=", "PyPI and minutes: findings are no tests"),
        ("control_plane.py [", "nothing: it is a synopsis"),
        ("scripts/image [", "nothing: it is a synopsis"),
    ]

    @Test func everyCommandIsRunOrItIsKnownWhyNot() throws {
        let commands = try DocumentedCommands.all()
        #expect(commands.count > 40)
        let run = try DocumentedCommands.run()
        let known = run.union(Self.elsewhere.map(\.command))
        for (command, documents) in commands {
            let isKnown =
                known.contains(command) || command.hasPrefix(Self.benchmarks)
                || Self.unavailable.contains { command.hasPrefix($0.0) }
            #expect(isKnown, "no test runs it: \(command) (\(documents.sorted().joined(separator: ", ")))")
        }
        #expect(known.subtracting(commands.keys) == [], "no document has these")
        for entry in Self.elsewhere {
            let text = try String(contentsOfFile: Project.path(entry.file), encoding: .utf8)
            #expect(text.contains(entry.text), "\(entry.file) does not run \(entry.command)")
        }
        for (beginning, _) in Self.unavailable {
            #expect(commands.keys.contains { $0.hasPrefix(beginning) }, "no document has \(beginning)")
        }
    }

    @Test func commandsAreFound() {
        let text = """
            Text with `scripts/no`.

                scripts/a --b c    what it does
                NAME=value OTHER=value
                A=1 scripts/d "e" \\
                    f          # a comment

            1. Or this:
               ```sh
               swift build
               ```

            ```json
            scripts/none
            ```
            """
        #expect(
            DocumentedCommands.commands(in: text) == [
                "scripts/a --b c", #"A=1 scripts/d "e" f"#, "swift build",
            ]
        )
    }

    // MARK: Running them

    /// Runs a line in a shell at the project's root.
    private func shell(
        _ line: String,
        in folder: URL,
        environment: [String: String] = [:]
    ) throws -> ChildProcess {
        let name = UUID().uuidString
        return try ChildProcess(
            "/bin/bash",
            ["-c", "cd '\(Project.root)' && \(line)"],
            environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"]
                .merging(environment) { $1 },
            log: folder.appendingPathComponent("\(name).out"),
            errors: folder.appendingPathComponent("\(name).err")
        )
    }

    /// Runs it to its end, which must be a good one; returns what it prints.
    @discardableResult
    private func run(_ line: String, in folder: URL, environment: [String: String] = [:]) async throws
        -> String
    {
        let child = try shell(line, in: folder, environment: environment)
        let code = await child.exitCode
        #expect(code == 0, "\(line)\n\(child.output.suffix(2_000))\n\(child.errorOutput.suffix(2_000))")
        return child.output
    }

    /// docs/DEBUGGING.md and docs/PODS.md: a control plane, a workspace, and the program on both drivers.
    @Test func programIsStartedByHand() async throws {
        try await Sidecarctl.with { tool in
            let folder = tool.folder
            let plane = try shell(
                "exec \(try documented("scripts/control-plane")) --port 0 --auto-create",
                in: folder
            )
            defer { plane.send(SIGTERM) }
            try #require(try await plane.waitForOutput("\n"), "\(plane.errorOutput)")
            let base = String(
                try #require(plane.output.split(separator: "\n").first?.split(separator: " ").last)
            )
            let port = String(try #require(base.split(separator: ":").last))
            try await run(
                try documented(
                    #"curl http://127.0.0.1:8080/_admin/faults -d '{"call": "heartbeat", "times": 3, "status": 503}'"#,
                    ["8080": port]
                ),
                in: folder
            )
            let settings = try documented(
                "export AIRBYTE_CONFIG_DIR=/tmp/ws WORKLOAD_API_HOST=http://127.0.0.1:8080 INTERNAL_API_HOST=http://127.0.0.1:8080 SIDECAR_HEARTBEAT_INTERVAL_SECONDS=2",
                ["/tmp/ws": tool.file("ws"), "8080": port]
            )
            let program = ".build/static/program/airbyte-connector-sidecar"
            let commands = [
                try documented(
                    "SIDECAR_IO_BACKEND=io_uring SIDECAR_TRACE=1 .build/static/program/airbyte-connector-sidecar",
                    [program: Project.release]
                ),
                try documented(
                    "SIDECAR_IO_BACKEND=epoll strace -tt .build/static/program/airbyte-connector-sidecar",
                    [program: Project.release]
                ),
            ]
            for (command, sign) in zip(commands, ["io_uring_enter(to_submit=", "epoll_wait("]) {
                try await run("rm -rf '\(tool.file("ws"))'", in: folder)
                try await run(
                    try documented("scripts/prepare-workspace /tmp/ws check", ["/tmp/ws": tool.file("ws")]),
                    in: folder
                )
                let sidecar = try shell("\(settings) && exec env \(command)", in: folder)
                let connector = "AIRBYTE_ENTRYPOINT='\(Project.path("demo/connectors/sample_source"))'"
                try await run(
                    "AIRBYTE_CONFIG_DIR='\(tool.file("ws"))' \(connector) scripts/main-container check || true",
                    in: folder
                )
                #expect(await sidecar.exitCode == 0, "\(sidecar.output)")
                #expect(sidecar.errorOutput.contains(sign))
            }
        }
    }

    /// docs/SIDECARCTL.md.
    @Test func sidecarctlShowsAWorkspace() async throws {
        try await Sidecarctl.with { tool in
            for name in ["before", "after"] {
                try tool.write(
                    """
                    {"workloadId": "w-1", "operationType": "DISCOVER",
                     "integrationLauncherConfig": {"dockerImage": "airbyte/source-x:1.2.3"},
                     "discoverCatalogInput": {"sourceId": "7c7e1a44-2c0f-4f63-a3c5-0d1f1a3a5a11", "manual": true}}
                    """,
                    to: "\(name)/sidecarInput.json"
                )
                try tool.write(
                    #"{"type":"CATALOG","catalog":{"streams":[{"name":"s","json_schema":{},"supported_sync_modes":["full_refresh"]}]}}"#
                        + "\n",
                    to: "\(name)/jobOutput.json"
                )
                try tool.write("0\n", to: "\(name)/exitCode.txt")
            }
            let folder = tool.file("before")
            let program = "'\(Sidecarctl.path)'"
            let files = ["DIR": folder, "sidecarctl": program]
            var outputs: [String] = []
            for command in [
                try documented("sidecarctl inspect DIR", files),
                try documented(
                    "sidecarctl inspect jobOutput.json --operation discover",
                    ["jobOutput.json": "\(folder)/jobOutput.json", "sidecarctl": program]
                ),
                try documented("sidecarctl catalog DIR", files),
                try documented(
                    "sidecarctl catalog before/jobOutput.json after/jobOutput.json",
                    [
                        "before/jobOutput.json": tool.file("before/jobOutput.json"),
                        "after/jobOutput.json": tool.file("after/jobOutput.json"), "sidecarctl": program,
                    ]
                ),
                try documented("sidecarctl tail DIR", files),
                try documented(
                    "sidecarctl --generate-completion-script bash > /etc/bash_completion.d/sidecarctl",
                    [
                        "/etc/bash_completion.d/sidecarctl": tool.file("completions"),
                        "sidecarctl ": "\(program) ",
                    ]
                ),
                try documented(
                    "scripts/manual-page > sidecarctl.1",
                    [
                        "scripts/manual-page": "scripts/manual-page \(program)",
                        "sidecarctl.1": tool.file("sidecarctl.1"),
                    ]
                ),
            ] {
                outputs.append(try await run(command, in: tool.folder))
            }
            #expect(outputs[0].contains("The connector gave its catalog"))
            #expect(outputs[2].contains("1 stream"))
            #expect(try String(contentsOfFile: tool.file("completions"), encoding: .utf8).contains("inspect"))
        }
    }

    /// docs/SIDECARCTL.md and docs/DEBUGGING.md.
    @Test func sidecarctlRunsAConnector() async throws {
        try await Sidecarctl.with { tool in
            try tool.write(Pod.goodConfig, to: "config.json")
            let source = "'\(Project.path("demo/connectors/sample_source"))'"
            let program = ["sidecarctl": "'\(Sidecarctl.path)'"]
            let faker = program.merging(["source-faker": source]) { $1 }
            let check = faker.merging(["config.json": tool.file("config.json")]) { $1 }
            let python = program.merging([#"{"count": 100}"#: Pod.goodConfig, "python main.py": source]) {
                $1
            }
            let key = program.merging(["…": "correct-horse"]) { $1 }
            for command in [
                try documented("sidecarctl run spec -- source-faker", faker),
                try documented("sidecarctl run check --config config.json -- source-faker", check),
                try documented(
                    #"sidecarctl run discover --config '{"count": 100}' -- python main.py"#,
                    python
                ),
                try documented(
                    #"sidecarctl run discover --config '{"host": "api.example.com", "api_key": "…"}' -- demo/connectors/sample_source | cat"#,
                    key
                ),
            ] {
                let output = try await run(command, in: tool.folder)
                #expect(output.contains("PUT /api/v1/workload/success → 204"), "\(output)")
            }
        }
    }

    @Test func sidecarctlExaminesServers() async throws {
        try await Doctor.with(["--auth"]) { doctor in
            doctor.useTokens()
            let program = ["sidecarctl": "'\(Sidecarctl.path)'"]
            let command = try documented("sidecarctl doctor --only workload-api,token,clock", program)
            let output = try await run(command, in: doctor.tool.folder, environment: doctor.environment)
            #expect(output.contains("gives a token"), "\(output)")
            // What is wrong around it depends on the machine.
            let everything = "\(try documented("sidecarctl doctor", program)) || [ $? = 1 ]"
            let findings = try await run(everything, in: doctor.tool.folder, environment: doctor.environment)
            #expect(findings.contains("io-uring"), "\(findings)")
        }
    }

    /// README.md, with what scripts/release has built. The connector is from PyPI.
    @Test func demoRuns() async throws {
        try await Sidecarctl.with { tool in
            let program = URL(fileURLWithPath: Project.release).deletingLastPathComponent()
                .appendingPathComponent("sidecarctl").path
            let output = try await run(
                try documented("scripts/demo"),
                in: tool.folder,
                environment: ["SIDECARCTL": program]
            )
            #expect(output.contains("All 4 jobs were delivered and reported."), "\(output.suffix(2_000))")
        }
    }

    @Test func sidecarctlShowsATrace() async throws {
        try await Sidecarctl.with { tool in
            try tool.write("13:01:23.813078 poll_add(12<timer>) #4 = POLLIN\n", to: "trace")
            let program = "'\(Sidecarctl.path)'"
            let files = ["FILE": tool.file("trace"), "sidecarctl": program]
            #expect(
                try await run(try documented("sidecarctl trace FILE", files), in: tool.folder).contains(
                    "timer"
                )
            )
            let drawing = try documented(
                "sidecarctl trace FILE --svg timeline.svg",
                files.merging(["timeline.svg": tool.file("timeline.svg")]) { $1 }
            )
            try await run(drawing, in: tool.folder)
            #expect(try String(contentsOfFile: tool.file("timeline.svg"), encoding: .utf8).contains("<svg"))
        }
    }

    /// docs/SIMULATOR.md, with fewer seeds.
    @Test func simulatorRuns() async throws {
        try await Sidecarctl.with { tool in
            let build = "swift run -c release sidecar-simulator"
            let program = "'\(Project.beside("sidecar-simulator"))'"
            let some = try documented(
                "swift run -c release sidecar-simulator --seeds 100000",
                [build: program, "100000": "20"]
            )
            let one = try documented(
                "swift run -c release sidecar-simulator --seed 57 --trace",
                [build: program]
            )
            let sabotage = try documented(
                "swift run -c release sidecar-simulator --sabotage-all --seeds 10000",
                [build: program, "10000": "300"]
            )
            try await run(some, in: tool.folder)
            #expect(try await !run(one, in: tool.folder).isEmpty)
            // With so few seeds, not every sabotage shows.
            let child = try shell(sabotage, in: tool.folder)
            _ = await child.exitCode
            #expect(!child.output.isEmpty, "\(child.errorOutput)")
        }
    }
}
