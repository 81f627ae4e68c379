import Testing

/// The file timeouts, real ones, shortened by settings. They run from the connector's open of its output on; what comes
/// before is in `ConnectorStartTests`.
@Suite struct TimeoutTests {
    @Test(arguments: ["check", "discover"], Backend.allCases)
    func connectorThatNeverEndsIsTimedOut(_ operation: String, _ backend: Backend) async throws {
        let outcome = try await Pod.with(operation, backend: backend) { pod in
            pod.environment["SIDECAR_FILE_TIMEOUT_MINUTES"] = "0.02"
            pod.environment["SIDECAR_FILE_TIMEOUT_WITHIN_SYNC_MINUTES"] = "30"
            return try await pod.run(.script(Self.hangingConnector))
        }
        try expectTimeout(outcome, limit: "1.2 seconds")
    }

    @Test(arguments: Backend.allCases)
    func discoverWithinASyncHasItsOwnTimeout(_ backend: Backend) async throws {
        let outcome = try await Pod.with("discover", backend: backend, input: ["--within-sync"]) { pod in
            pod.environment["SIDECAR_FILE_TIMEOUT_MINUTES"] = "30"
            pod.environment["SIDECAR_FILE_TIMEOUT_WITHIN_SYNC_MINUTES"] = "0.025"
            return try await pod.run(.script(Self.hangingConnector))
        }
        try expectTimeout(outcome, limit: "1.5 seconds")
    }

    /// A loop that writes without end ends its own job only.
    @Test(arguments: Backend.allCases)
    func connectorThatNeverStopsWritingIsTimedOut(_ backend: Backend) async throws {
        let outcome = try await Pod.with("check", backend: backend) { pod in
            pod.environment["SIDECAR_FILE_TIMEOUT_MINUTES"] = "0.01"
            pod.environment["LOG_LEVEL"] = "WARN"
            return try await pod.run(.command(Self.endlessWriter))
        }
        #expect(outcome.exitCode == 2, "exit code \(outcome.exitCode)")
        #expect(outcome.requests("failure").count == 1)
        #expect(outcome.isMarked)
    }

    /// A connector that does not end has done what it was started for all the same.
    @Test(arguments: ["spec", "check", "discover"], Backend.allCases)
    func resultOfAConnectorThatHangsAtItsEndCounts(_ operation: String, _ backend: Backend) async throws {
        let result = [
            "spec": #"{"type":"SPEC","spec":{"connectionSpecification":{}}}"#,
            "check": #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"#,
            "discover": #"{"type":"CATALOG","catalog":{"streams":[{"name":"s","json_schema":{}}]}}"#,
        ]
        let outcome = try await Pod.with(operation, backend: backend) { pod in
            pod.environment["SIDECAR_FILE_TIMEOUT_MINUTES"] = "0.02"
            return try await pod.run(.script("line \(result[operation] ?? "")\nsleep 60"))
        }
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.requests("success").count == 1 && outcome.requests("failure").isEmpty)
        #expect(outcome.output["failureReason"] == .null)
        #expect(outcome.output["outputType"] != .null)
        #expect(
            outcome.console.contains("(which counts although no exit code came within 1.2 seconds)"),
            "\(outcome)"
        )
        #expect(outcome.isMarked)
    }

    /// Some ten megabytes a second, which a test's disk can bear.
    private static let endlessWriter = """
        /usr/bin/python3 -c 'import os, time
        while True: os.write(1, b"on and on\\n" * 1000); time.sleep(0.0005)' #
        """

    /// Ends its output in the middle of a line.
    private static let hangingConnector = """
        line {"type":"LOG","log":{"level":"INFO","message":"working on it"}}
        raw an unfinished line
        sleep 60
        """

    private func expectTimeout(_ outcome: Outcome, limit: String) throws {
        #expect(outcome.exitCode == 2, "\(outcome)")
        let failure = try #require(outcome.requests("failure").first)["body"]
        #expect(failure["source"] == "unknown")
        #expect(try #require(failure["reason"].text).contains("within \(limit)"))
        #expect(outcome.console.contains("INFO  source > working on it"))
        #expect(outcome.console.contains("INFO  source > an unfinished line"))
        let reason = outcome.output["failureReason"]
        #expect(reason["failureOrigin"] == "unknown")
        #expect(reason["externalMessage"] == failure["reason"])
        #expect(
            reason["internalMessage"]
                == "The connector's last log lines:\nworking on it\nan unfinished line"
        )
        #expect(outcome.requests("success").isEmpty)
        #expect(!outcome.requests("heartbeat").isEmpty)
        #expect(outcome.isMarked)
    }
}
