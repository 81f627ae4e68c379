import Testing

/// A connector that changes its configuration while it runs: the platform keeps the new one, and nobody else sees it.
@Suite struct ConfigurationUpdateTests {
    private static let secret = "correct-horse"
    private static let config =
        #"{"host": "api.example.com", "api_key": "\#(secret)", "rotate_key": true, "limit": 1.50}"#

    @Test(arguments: ["check", "discover"], Backend.allCases)
    func rotatedKeyIsHandedToThePlatform(_ operation: String, _ backend: Backend) async throws {
        try await Pod.with(operation, config: Self.config, backend: backend) { pod in
            pod.environment["LOG_LEVEL"] = "TRACE"
            pod.environment["SIDECAR_TRACE"] = "1"
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            let get = try #require(outcome.requests("sources/get").first)
            let update = try #require(outcome.requests("sources/update").first)["body"]
            #expect(update["sourceId"] == get["body"]["sourceId"])
            #expect(update["connectionConfiguration"]["api_key"] == .string(Self.secret + "-rotated"))
            #expect(update["name"] == get["answer"]["name"])
            #expect(outcome.output["connectorConfigurationUpdated"] == true)
            #expect(outcome.violations.isEmpty)
            // The connector itself prints its key, carelessly.
            #expect(outcome.console.contains("Authorization: Bearer **********") == (operation == "check"))
            #expect(!outcome.console.contains(Self.secret))
            #expect(!outcome.errors.contains(Self.secret))
        }
    }

    @Test func destinationIsUpdatedAsSuch() async throws {
        let script = """
            line {"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":{"a":1}}}}
            line {"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":2,"connectorConfig":{"config":{"a":2}}}}
            line {"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}
            """
        let outcome = try await Pod.with("check", input: ["--image", "airbyte/destination-x:1"]) {
            try await $0.run(.script(script))
        }
        #expect(outcome.exitCode == 0, "\(outcome)")
        let updates = outcome.requests("destinations/update")
        #expect(updates.count == 1)
        #expect(updates.first?["body"]["connectionConfiguration"]["a"].number == 2)
        #expect(outcome.violations.isEmpty)
    }

    @Test func sameValuesAreNoChange() async throws {
        let script = """
            line {"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":\
            {"limit":1.5,"rotate_key":true,"api_key":"correct-horse","host":"api.example.com"}}}}
            line {"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}
            """
        let outcome = try await Pod.with("check", config: Self.config) { try await $0.run(.script(script)) }
        #expect(outcome.calls == ["running", "output", "success"], "\(outcome)")
        #expect(outcome.output["connectorConfigurationUpdated"] == false)
    }

    @Test func unsavedActorIsNotUpdated() async throws {
        let outcome = try await Pod.with("check", config: Self.config, input: ["--actor-id", "none"]) {
            try await $0.run(.sampleSource)
        }
        #expect(outcome.calls == ["running", "output", "success"], "\(outcome)")
    }

    @Test func updateThatIsRefusedFailsTheJobWithoutShowingTheSecret() async throws {
        try await Pod.with("check", config: Self.config) { pod in
            pod.deliversAtTheEnd()
            try await pod.controlPlane.addFault(
                #"{"call": "sources/update", "status": 422, "body": {"message": "bad value correct-horse-rotated"}}"#
            )
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 1, "\(outcome)")
            let failure = try #require(outcome.requests("failure").first)["body"]
            #expect(failure["source"] == "airbyte_platform")
            #expect(try #require(failure["reason"].text).contains("sources/update was answered with 422"))
            #expect(!(failure["reason"].text ?? "").contains(Self.secret))
            #expect(outcome.output["connectorConfigurationUpdated"] == false)
            #expect(!outcome.console.contains(Self.secret))
        }
    }

    @Test func updateIsTriedAgain() async throws {
        try await Pod.with("check", config: Self.config) { pod in
            try await pod.controlPlane.addFault(#"{"call": "sources/get", "times": 1, "status": 503}"#)
            try await pod.controlPlane.addFault(#"{"call": "sources/update", "times": 1, "fault": "reset"}"#)
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.requests("sources/update").count == 2)
            #expect(outcome.output["connectorConfigurationUpdated"] == true)
        }
    }
}
