import Foundation
import Testing

/// The commands as they are run, on the floor program, which needs no other build.
@Suite struct CommandTests {
    private struct Outcome {
        var status: Int32
        var output: String
        var errors: String
        var files: [String]
    }

    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Runs the harness with a folder of its own for workspaces; `during` gets the running process.
    private func bench(_ arguments: [String], during: (Process, String) throws -> Void = { _, _ in }) throws
        -> Outcome
    {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        let workspaces = root.appendingPathComponent("workspaces").path
        let results = root.appendingPathComponent("results").path
        try FileManager.default.createDirectory(atPath: workspaces, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: root) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("sidecar-bench")
        process.arguments = arguments + ["--folder", workspaces, "--results", results]
        let captured = root.appendingPathComponent("output").path
        let errors = root.appendingPathComponent("errors").path
        for path in [captured, errors] {
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
        }
        process.standardOutput = FileHandle(forWritingAtPath: captured)
        process.standardError = FileHandle(forWritingAtPath: errors)
        try process.run()
        try during(process, workspaces)
        process.waitUntilExit()
        #expect(try FileManager.default.contentsOfDirectory(atPath: workspaces) == [])
        return Outcome(
            status: process.terminationStatus,
            output: try String(contentsOfFile: captured, encoding: .utf8),
            errors: try String(contentsOfFile: errors, encoding: .utf8),
            files: (try? FileManager.default.contentsOfDirectory(atPath: results)) ?? []
        )
    }

    /// Stands in for the sidecar where it only has to be there.
    private static let anyProgram = "/bin/true"

    @Test func latencyOfTheFloor() throws {
        let outcome = try bench([
            "latency", "--runs", "2", "--programs", "floor", "--poll-interval", "0.01", "--sidecar",
            Self.anyProgram, "--operations", "check,spec,discover", "--distances", "0,1", "--standing",
            "0-0.02",
        ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        for metric in ["spawn to running received", "log line to console", "rename to success received"] {
            #expect(outcome.output.contains("\(metric)\n"))
        }
        for subject in ["floor, check", "floor, spec", "floor, discover", "floor, discover, 1 ms away"] {
            #expect(outcome.output.contains("\n  \(subject) "))
        }
        #expect(outcome.files.contains { $0.hasSuffix(".json") })
    }

    @Test func comparisonOfTheFloorWithItself() throws {
        let floor = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: floor) }
        let compiler = try Process.run(Self.folder.appendingPathComponent("floor/build"), arguments: [floor])
        compiler.waitUntilExit()
        let outcome = try bench(["compare", "--a", floor, "--b", floor, "--runs", "2", "--pause", "0.01"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("peak resident memory: A, check / B, check"))
    }

    /// Writes a program for Python that is removed with the test.
    private func withScript(_ text: String, _ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).py")
            .path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        try body(path)
    }

    /// A sidecar that stores an output as soon as there is a result, usually while the connector is still running, and
    /// acts at the exit code.
    private static func earlySidecar(atTheEnd: String) -> String {
        """
        #!/usr/bin/python3
        import http.client, json, os, time
        server = http.client.HTTPConnection(os.environ["WORKLOAD_API_HOST"].removeprefix("http://"))
        workload = os.environ["FLOOR_WORKLOAD_ID"]
        def call(method, path, **more):
            body = json.dumps({"workloadId": workload, **more}, separators=(",", ":"))
            server.request(method, "/api/v1/" + path, body)
            server.getresponse().read()
        def store(output):
            call("POST", "workload_output/write", output=output)
        def text():
            return open("jobOutput.json").read() if os.path.exists("jobOutput.json") else ""
        call("PUT", "workload/running")
        while "CONNECTION_STATUS" not in text():
            time.sleep(0.001)
        store("succeeded")
        while not os.path.exists("exitCode.txt"):
            time.sleep(0.001)
        \(atTheEnd)
        """
    }

    /// Sends what the settings ask for, and puts up with any receiver.
    private static let telemetry = """
        import socket, urllib.request
        if "STATSD_PORT" in os.environ:
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sender.sendto(b"a:1|c", (os.environ["STATSD_HOST"], int(os.environ["STATSD_PORT"])))
        for signal in ("metrics", "traces", "logs") if "OTEL_EXPORTER_OTLP_ENDPOINT" in os.environ else ():
            try:
                url = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/" + signal
                urllib.request.urlopen(url, b"body", timeout=0.2)
            except OSError:
                pass
        """

    @Test func telemetryIsSentToReceiversOfAllKinds() throws {
        let ends = #"call("PUT", "workload/success")"#
        try withScript(Self.earlySidecar(atTheEnd: "\(ends)\n\(Self.telemetry)")) { path in
            let outcome = try bench([
                "telemetry", "--sidecar", path, "--before", path, "--runs", "1", "--pause", "0.01",
                "--standing", "0",
            ])
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output.contains("peak resident memory: off, check / before, check"))
            for setup in ["StatsD", "StatsD refused", "OTLP", "OTLP refused", "OTLP 500", "OTLP hangs"] {
                #expect(outcome.output.contains("CPU time of a job: \(setup), check − off, check"))
            }
        }
        try withScript(Self.earlySidecar(atTheEnd: ends)) { path in
            let outcome = try bench([
                "telemetry", "--sidecar", path, "--runs", "1", "--pause", "0.01", "--standing", "0",
            ])
            #expect(outcome.status != 0)
            #expect(outcome.errors.contains("StatsD: no datagram has come"), "\(outcome.errors)")
        }
    }

    private func compareEarlySidecars(atTheEnd: String) throws -> Outcome {
        var outcome: Outcome?
        try withScript(Self.earlySidecar(atTheEnd: atTheEnd)) { path in
            outcome = try bench([
                "compare", "--a", path, "--b", path, "--runs", "2", "--pause", "0.01", "--without-console",
                "--standing", "0.3",
            ])
        }
        return try #require(outcome)
    }

    @Test func anOutputMayBeStoredBeforeTheExitCode() throws {
        let outcome = try compareEarlySidecars(atTheEnd: #"call("PUT", "workload/success")"#)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("result to output received: A, check / B, check"))
        #expect(outcome.output.contains("rename to success received: A, check / B, check"))
    }

    @Test(arguments: [
        (
            #"store("failed"); call("PUT", "workload/success")"#,
            "the last output that was stored is not the result"
        ),
        (
            #"call("PUT", "workload/success"); store("succeeded")"#,
            "the report of the success was not the last call"
        ),
    ])
    func theLastOutputHasToBeRight(atTheEnd: String, words: String) throws {
        let outcome = try compareEarlySidecars(atTheEnd: atTheEnd)
        #expect(outcome.status != 0)
        #expect(outcome.errors.contains(words))
        #expect(outcome.files == [])
    }

    @Test func aPollerGetsNoNewsOfItsFiles() throws {
        let script = """
            #!/usr/bin/python3
            import ctypes, errno, fcntl, os, sys
            libc = ctypes.CDLL(None, use_errno=True)
            assert libc.inotify_init1(0) == -1 and ctypes.get_errno() == errno.EMFILE
            try:
                fcntl.fcntl(os.open(".", os.O_RDONLY), fcntl.F_NOTIFY, fcntl.DN_CREATE)
            except OSError as error:
                assert error.errno == errno.EINVAL
                assert fcntl.fcntl(0, fcntl.F_GETFD) >= 0
                sys.exit("it has to poll")
            """
        try withScript(script) { path in
            let outcome = try bench(["latency", "--runs", "1", "--programs", "poller", "--sidecar", path])
            #expect(outcome.status != 0)
            #expect(outcome.errors.contains("it has to poll"))
        }
    }

    @Test(arguments: [
        ("echo on its errors >&2; exit 3", "ended with status 3"),
        ("exit 0", "ended with status 0"),
        ("sleep 60", "waited 1.0 s for the call 'running'"),
    ])
    func aProgramThatDoesNotDoItsJobEndsTheRun(script: String, words: String) throws {
        let command = "sh -c '\(script)'"
        let outcome = try bench(["compare", "--a", command, "--b", command, "--runs", "1", "--patience", "1"])
        #expect(outcome.status != 0)
        #expect(outcome.errors.contains(words) || outcome.errors.contains("failed with status 3"))
        #expect(outcome.errors.contains("errors:\non its errors\n") == script.contains("errors"))
        #expect(outcome.files == [])
    }

    @Test func aSignalEndsTheRunAndItsPrograms() throws {
        let outcome = try bench([
            "latency", "--runs", "100000", "--programs", "floor", "--sidecar", Self.anyProgram,
        ]) { process, workspaces in
            // The first workspace shows that the run is under way.
            while try FileManager.default.subpathsOfDirectory(atPath: workspaces).count < 4 { usleep(10_000) }
            process.interrupt()
        }
        #expect(outcome.status != 0)
        #expect(outcome.errors.contains("stopped by a signal"))
        #expect(outcome.files == [])
    }
}
