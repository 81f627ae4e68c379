import Foundation
import Testing

/// Connectors that fail, vanish, or are hostile: each row of the outcome table on the real program.
@Suite struct FailureTests {
    @Test(arguments: Backend.allCases)
    func exitCodeWithoutATraceIsExplained(_ backend: Backend) async throws {
        let outcome = try await Pod.with("check", backend: backend) {
            try await $0.run(.script("line starting up\nexit 137"))
        }
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.requests("success").count == 1)
        #expect(outcome.output["checkConnection"]["status"] == "failed")
        let reason = outcome.output["failureReason"]
        #expect(reason["failureOrigin"] == "source")
        #expect(reason["failureType"] == "system_error")
        #expect(try #require(reason["externalMessage"].text).contains("exit code 137 (killed by SIGKILL"))
        #expect(outcome.violations.isEmpty)
    }

    @Test(arguments: ["spec", "check", "discover"])
    func errorTraceBecomesTheFailureReason(_ operation: String) async throws {
        let trace = """
            line {"type":"TRACE","trace":{"type":"ERROR","emitted_at":1700000000123,"error":{"message":"no such host",\
            "internal_message":"getaddrinfo","stack_trace":"at line 1","failure_type":"config_error",\
            "stream_descriptor":{"name":"users"}}}}
            exit 1
            """
        let outcome = try await Pod.with(operation) { try await $0.run(.script(trace)) }
        #expect(outcome.exitCode == 0, "\(outcome)")
        let reason = outcome.output["failureReason"]
        #expect(reason["externalMessage"] == "no such host")
        #expect(reason["internalMessage"] == "getaddrinfo")
        #expect(reason["stacktrace"] == "at line 1")
        #expect(reason["failureType"] == "config_error")
        #expect(reason["failureOrigin"] == "source")
        #expect(reason["timestamp"].number == 1_700_000_000_123)
        #expect(reason["streamDescriptor"]["name"] == "users")
        #expect(reason["metadata"]["from_trace_message"] == true)
        #expect(reason["metadata"]["connector_command"] == .string(operation))
        #expect(outcome.violations.isEmpty)
    }

    @Test func errorTraceCountsEvenWithExitCodeZero() async throws {
        let trace =
            #"line {"type":"TRACE","trace":{"type":"ERROR","emitted_at":1,"error":{"message":"quietly broken"}}}"#
        let outcome = try await Pod.with("spec") { try await $0.run(.script(trace)) }
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.output["failureReason"]["externalMessage"] == "quietly broken")
    }

    @Test func resultCountsWhateverTheExitCode() async throws {
        let status = """
            line {"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}
            exit 3
            """
        let outcome = try await Pod.with("check") { try await $0.run(.script(status)) }
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.output["checkConnection"]["status"] == "succeeded")
        #expect(outcome.output["failureReason"] == .null)
    }

    @Test(arguments: ["spec", "check", "discover"], Backend.allCases)
    func nothingAtAllFailsTheWorkload(_ operation: String, _ backend: Backend) async throws {
        let outcome = try await Pod.with(
            operation,
            backend: backend,
            input: ["--image", "airbyte/destination-x:1"]
        ) { try await $0.run(.script("exit 0")) }
        #expect(outcome.exitCode == 1, "\(outcome)")
        let failure = try #require(outcome.requests("failure").first)["body"]
        // A spec says nothing about the connector but its image.
        #expect(failure["source"] == "destination")
        #expect(try #require(failure["reason"].text).contains("exit code 0 but gave no"))
        #expect(outcome.output["failureReason"]["failureOrigin"] == "destination")
        #expect(outcome.requests("success").isEmpty)
    }

    @Test func exitCodeThatIsNoNumberStillShowsTheLog() async throws {
        try await Pod.with("check") { pod in
            try pod.write(
                #"{"type":"LOG","log":{"level":"WARN","message":"before the end"}}"# + "\n",
                to: "jobOutput.json"
            )
            let sidecar = try pod.startSidecar()
            try pod.write("banana\n", to: "exitCode.txt", byRename: true)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 1, "\(outcome)")
            #expect(outcome.console.contains("WARN  source > before the end"))
            let message = try #require(outcome.output["failureReason"]["externalMessage"].text)
            #expect(message.contains("banana"))
            #expect(outcome.requests("failure").count == 1)
        }
    }

    @Test(arguments: Backend.allCases)
    func exitCodeThatIsNoNumberCostsNoResult(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            try pod.write(
                #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"# + "\n",
                to: "jobOutput.json"
            )
            try pod.write("banana\n", to: "exitCode.txt", byRename: true)
            let outcome = try await pod.outcome(of: try pod.startSidecar())
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
            #expect(outcome.requests("success").count == 1 && outcome.requests("failure").isEmpty)
            #expect(
                outcome.console.contains("WARN  platform > The connector gave its connection status (which")
            )
        }
    }

    @Test(arguments: Backend.allCases)
    func killedContainerCostsNoResult(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.environment["SIDECAR_LOST_CONNECTOR_GRACE_SECONDS"] = "0.5"
            let sidecar = try pod.startSidecar()
            let script = """
                line {"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}
                touch ready
                sleep 60
                """
            let holder = try pod.startConnector(.script(script))
            while !pod.exists("ready") { try await Task.sleep(for: .milliseconds(10)) }
            holder.send(SIGTERM)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
            #expect(outcome.requests("success").count == 1 && outcome.requests("failure").isEmpty)
            #expect(
                outcome.console.contains("WARN  platform > The connector gave its connection status (which")
            )
        }
    }

    @Test(arguments: Backend.allCases)
    func killedContainerIsNoticedWithinTheGrace(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.environment["SIDECAR_LOST_CONNECTOR_GRACE_SECONDS"] = "0.5"
            let sidecar = try pod.startSidecar()
            // The whole container goes at once: no exit code is written.
            let holder = try pod.startConnector(.script("line hello\ntouch ready\nsleep 60"))
            while !pod.exists("ready") { try await Task.sleep(for: .milliseconds(10)) }
            holder.send(SIGTERM)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 1, "\(outcome)")
            let reason = try #require(outcome.requests("failure").first)["body"]["reason"].text
            #expect(try #require(reason).contains("ended without an exit code"))
            #expect(
                try #require(outcome.output["failureReason"]["externalMessage"].text).contains(
                    "out of memory"
                )
            )
            #expect(
                outcome.output["failureReason"]["internalMessage"] == "The connector's last log lines:\nhello"
            )
        }
    }

    @Test(arguments: Backend.allCases)
    func closedAndReopenedOutputIsNoLoss(_ backend: Backend) async throws {
        // A second writer opens and closes the output while the connector keeps it open, silent for longer than
        // the grace period.
        let steps = """
            shell true >> jobOutput.json
            sleep 1.2
            line {"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}
            """
        let outcome = try await Pod.with("check", backend: backend) { pod in
            pod.environment["SIDECAR_LOST_CONNECTOR_GRACE_SECONDS"] = "0.3"
            return try await pod.run(.script(steps))
        }
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.output["checkConnection"]["status"] == "succeeded")
    }

    /// What the file holds in the end counts, as for a reader that comes then.
    @Test(arguments: Backend.allCases)
    func resultOfATruncatedOutputIsThatOfItsEnd(_ backend: Backend) async throws {
        let script = """
            line {"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":"first try"}}
            line tried once
            wait-for go
            truncate 0
            line {"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}
            """
        try await Pod.with("check", backend: backend) { pod in
            let sidecar = try pod.startSidecar()
            try pod.startConnector(.script(script))
            #expect(try await sidecar.waitForOutput("tried once"))
            try pod.write("", to: "go")
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
        }
    }

    /// 297 of 300 lines stand there again, between new ones: in the same file, or in another one in its place.
    @Test(arguments: [false, true], Backend.allCases)
    func linesOfARewrittenOutputAreLoggedOnce(_ isReplaced: Bool, _ backend: Backend) async throws {
        let lines = (0..<300).map { "this is line \($0)." }
        let again = ["written anew"] + lines.prefix(297) + ["another one", Self.succeeded]
        let script = """
            lines 300 this is line {i}.
            wait-for go
            \(isReplaced ? "exit 0" : "truncate 0\nfile new")
            """
        try await Pod.with("check", backend: backend) { pod in
            let sidecar = try pod.startSidecar()
            try pod.startConnector(.script(script))
            #expect(try await sidecar.waitForOutput("this is line 299."))
            let text = again.map { $0 + "\n" }.joined()
            try pod.write(text, to: isReplaced ? "jobOutput.json" : "new", byRename: true)
            try pod.write("", to: "go")
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
            let logged = outcome.console.split(separator: "\n").compactMap { line in
                line.firstRange(of: "source > ").map { String(line[$0.upperBound...]) }
            }
            #expect(logged == lines + ["written anew", "another one"])
        }
    }

    private static let succeeded = #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"#

    @Test(arguments: ["ln -s /etc/passwd", "mkfifo", "mkdir"], Backend.allCases)
    func outputThatIsNoRegularFileIsNotRead(_ making: String, _ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            let maker = try ChildProcess(
                "/bin/sh",
                ["-c", "\(making) \(pod.workspace.path)/jobOutput.json"],
                environment: ["PATH": "/usr/bin:/bin"],
                log: pod.folder.appendingPathComponent("make.log")
            )
            #expect(await maker.exitCode == 0, "\(maker.output)")
            try pod.write("0\n", to: "exitCode.txt", byRename: true)
            let outcome = try await pod.outcome(of: try pod.startSidecar())
            #expect(outcome.exitCode == 1, "\(outcome)")
            #expect(outcome.console.contains("ERROR platform > jobOutput.json is a "))
            #expect(!outcome.console.contains("root:"))
            let reason = try #require(outcome.requests("failure").first)["body"]["reason"].text
            #expect(try #require(reason).contains("could not be read: jobOutput.json is a "))
        }
    }

    @Test func exitCodeThatIsALinkIsNotFollowed() async throws {
        try await Pod.with("check") { pod in
            try pod.write("", to: "jobOutput.json")
            try FileManager.default.createSymbolicLink(
                atPath: pod.workspace.appendingPathComponent("exitCode.txt").path,
                withDestinationPath: "/proc/self/stat"
            )
            let outcome = try await pod.outcome(of: try pod.startSidecar())
            #expect(outcome.exitCode == 1, "\(outcome)")
            let reason = try #require(outcome.requests("failure").first)["body"]["reason"].text
            #expect(try #require(reason).contains("symbolic link"))
        }
    }
}
