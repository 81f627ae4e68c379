import Foundation
import Testing

/// What counts as the connector's start, and the limits before and after it.
@Suite struct ConnectorStartTests {
    @Test(arguments: Backend.allCases)
    func connectorThatNeverStartsIsTimedOut(_ backend: Backend) async throws {
        try await Pod.with("spec", backend: backend) { pod in
            pod.environment["SIDECAR_START_TIMEOUT_MINUTES"] = "0.01"
            let outcome = try await pod.outcome(of: try pod.startSidecar())
            #expect(outcome.exitCode == 2, "\(outcome)")
            let failure = try #require(outcome.requests("failure").first)["body"]
            #expect(failure["source"] == "unknown")
            #expect(try #require(failure["reason"].text).contains("did not start within 0.6 seconds"))
            #expect(outcome.isMarked)
        }
    }

    /// The main container's image is pulled for longer than the connector may take.
    @Test(arguments: Backend.allCases)
    func fileTimeoutMeasuresTheConnectorsOwnTime(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.environment["SIDECAR_FILE_TIMEOUT_MINUTES"] = "0.01"
            let sidecar = try pod.startSidecar()
            // Each takes 0.3 seconds: three times the file timeout.
            try await pod.controlPlane.wait(for: "heartbeat", count: 6)
            #expect(!sidecar.output.contains("The connector has opened its output"))
            try pod.startConnector(.script("sleep 60"))
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 2, "\(outcome)")
            let reason = try #require(outcome.requests("failure").first)["body"]["reason"].text
            #expect(try #require(reason).contains("did not end within 0.6 seconds"))
        }
    }

    /// The sidecar's own looks and whoever reads the output open it too.
    @Test(arguments: Backend.allCases)
    func readersStartNoClock(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.environment["SIDECAR_FILE_TIMEOUT_MINUTES"] = "0.01"
            pod.environment["SIDECAR_LOST_CONNECTOR_GRACE_SECONDS"] = "0.2"
            let opens = pod.folder.appendingPathComponent("opens.txt")
            pod.launcher = [
                "/usr/bin/strace", "-o", opens.path, "-P", "jobOutput.json", "-e", "trace=openat,openat2",
            ]
            let sidecar = try pod.startSidecar()
            try await pod.controlPlane.wait(for: "running")
            for count in 1...5 {
                for _ in 0..<20 { #expect(try pod.read("jobOutput.json") == "") }
                try await pod.controlPlane.wait(for: "heartbeat", count: count)
            }
            #expect(!sidecar.output.contains("The connector has opened its output"))
            #expect(!pod.exists("TERMINATED"))
            try pod.write("0\n", to: "exitCode.txt", byRename: true)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 1, "\(outcome)")
            let reason = try #require(outcome.requests("failure").first)["body"]["reason"].text
            #expect(try #require(reason).contains("exit code 0 but gave no"))
            // An open for each look would be the reason for the next look.
            let calls = try String(contentsOf: opens, encoding: .utf8)
            #expect(calls.split(separator: "\n").count { $0.contains("jobOutput.json") } == 1, "\(calls)")
        }
    }

    /// `>>` changes nothing about an empty file: only the lease tells that a writer has it open.
    @Test(arguments: [">", ">>", "1<>"], Backend.allCases)
    func silentWriterIsNoticed(_ redirection: String, _ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.environment["SIDECAR_HEARTBEAT_INTERVAL_SECONDS"] = "60"
            let sidecar = try pod.startSidecar()
            try await pod.controlPlane.wait(for: "running")
            let writer = try ChildProcess(
                "/bin/sh",
                ["-c", "cd '\(pod.workspace.path)' && exec sleep 60 \(redirection) jobOutput.json"],
                environment: ["PATH": "/usr/bin:/bin"],
                log: pod.folder.appendingPathComponent("writer.log")
            )
            #expect(try await sidecar.waitForOutput("The connector has opened its output"))
            await writer.stop()
            try pod.write("0\n", to: "exitCode.txt", byRename: true)
            _ = try await pod.outcome(of: sidecar)
        }
    }

    // MARK: Silent inotify

    /// A sandboxed kernel gives a watch and tells nothing.
    private static let silentInotify = [
        Project.path("Tests/EndToEndTests/Fixtures/refusing"), "NOTHING", "inotify_add_watch",
    ]

    @Test(arguments: Backend.allCases)
    func heartbeatsFindWhatInotifyDoesNotTell(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.launcher = Self.silentInotify
            pod.environment["SIDECAR_RESCAN_SECONDS"] = "0.1"
            let sidecar = try pod.startSidecar()
            // What is there already is found by the first look.
            #expect(try await sidecar.waitForOutput("waiting up to 30 minutes for the connector to start"))
            try pod.startConnector(
                .script(
                    """
                    line {"type":"LOG","log":{"level":"INFO","message":"connecting"}}
                    wait-for go
                    line {"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}
                    """
                )
            )
            #expect(try await sidecar.waitForOutput("source > connecting"))
            #expect(
                try await sidecar.waitForOutput("every 0.1 seconds: inotify did not report")
            )
            try pod.write("", to: "go")
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.console.contains("The connector has opened its output"))
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
        }
    }

    /// Neither events nor heartbeats: the limits themselves look before they end anything.
    @Test(arguments: ["start", "file"], Backend.allCases)
    func timeoutLooksOnceMore(_ kind: String, _ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.launcher = Self.silentInotify
            pod.environment["SIDECAR_HEARTBEAT_INTERVAL_SECONDS"] = "300"
            pod.environment["SIDECAR_START_TIMEOUT_MINUTES"] = kind == "start" ? "0.05" : "30"
            pod.environment["SIDECAR_FILE_TIMEOUT_MINUTES"] = kind == "file" ? "0.05" : "30"
            // What is there from the start has been opened by its appearance.
            if kind == "file" { try pod.write("", to: "jobOutput.json") }
            let sidecar = try pod.startSidecar()
            try await pod.controlPlane.wait(for: "running")
            try pod.write(
                #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"#,
                to: "jobOutput.json"
            )
            try pod.write("0\n", to: "exitCode.txt", byRename: true)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
            #expect(outcome.requests("success").count == 1)
        }
    }

    @Test(arguments: Backend.allCases)
    func startTimeoutFindsAConnectorThatNothingHasToldOf(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.launcher = Self.silentInotify
            pod.environment["SIDECAR_HEARTBEAT_INTERVAL_SECONDS"] = "300"
            pod.environment["SIDECAR_START_TIMEOUT_MINUTES"] = "0.05"
            pod.environment["SIDECAR_FILE_TIMEOUT_MINUTES"] = "0.02"
            let sidecar = try pod.startSidecar()
            try await pod.controlPlane.wait(for: "running")
            try pod.startConnector(.script("sleep 60"))
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 2, "\(outcome)")
            let reason = try #require(outcome.requests("failure").first)["body"]["reason"].text
            #expect(try #require(reason).contains("did not end within 1.2 seconds"))
        }
    }
}
