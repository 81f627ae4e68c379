import Testing

/// What people and machines read on the console.
@Suite struct ConsoleTests {
    private static let script = """
        line {"type":"LOG","log":{"level":"DEBUG","message":"a detail"}}
        line {"type":"LOG","log":{"level":"ERROR","message":"it broke","stack_trace":"at one\\n  at two"}}
        line plain words
        line {"type":"RECORD","record":{"stream":"users","data":{"name":"Ada"},"emitted_at":"not a number"}}
        line {"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}
        """

    @Test func textTellsLevelsAndSpeakers() async throws {
        let outcome = try await Pod.with("check") { pod in
            pod.environment["LOG_LEVEL"] = "debug"
            return try await pod.run(.script(Self.script))
        }
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.console.contains("DEBUG source > a detail\n"))
        #expect(outcome.console.contains("ERROR source > it broke\n    at one\n      at two\n"))
        #expect(outcome.console.contains("INFO  source > plain words\n"))
        #expect(outcome.console.contains("INFO  platform > The workload was reported as successful"))
        #expect(
            outcome.console.split(separator: "\n").count {
                $0.contains("The event loop was busy for at most ")
            } == 1
        )
        // A line that may hold a customer's data is counted, not shown.
        #expect(outcome.console.contains("WARN  source > Skipped a line that is not a valid message"))
        #expect(!outcome.console.contains("Ada"))
    }

    @Test func levelLimitsBothSpeakers() async throws {
        let outcome = try await Pod.with("check") { pod in
            pod.environment["LOG_LEVEL"] = "ERROR"
            return try await pod.run(.script(Self.script))
        }
        #expect(outcome.console.split(separator: "\n").count == 3, "\(outcome)")
        #expect(outcome.console.contains("ERROR source > it broke"))
    }

    @Test func everyJSONLineCanBeTracedToItsJob() async throws {
        let outcome = try await Pod.with(
            "check",
            input: ["--image", "airbyte/source-x:1.2", "--job-id", "77"]
        ) { pod in
            pod.environment["PLATFORM_LOG_FORMAT"] = "JSON"
            return try await pod.run(.script(Self.script))
        }
        #expect(outcome.exitCode == 0, "\(outcome)")
        let events = try outcome.console.split(separator: "\n").map { try JSON(parsing: String($0)) }
        #expect(events.count > 5)
        for event in events {
            #expect(event["workloadId"] == .string(Pod.workloadID))
            #expect(event["jobId"] == "77")
            #expect(event["operation"] == "check")
            #expect(event["connectorImage"] == "airbyte/source-x:1.2")
            #expect(event["timestamp"].number != nil)
        }
        let broken = try #require(events.first { $0["level"] == "ERROR" })
        #expect(broken["logSource"] == "source")
        #expect(broken["message"] == "it broke\nat one\n  at two")
    }
}
