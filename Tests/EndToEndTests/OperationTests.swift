import Foundation
import Testing

/// The three operations from the connector's start to the platform's knowledge of the result.
@Suite struct OperationTests {
    @Test(arguments: Backend.allCases)
    func specIsDelivered(_ backend: Backend) async throws {
        let outcome = try await Pod.with("spec", backend: backend) { try await $0.run(.sampleSource) }
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.calls.first == "running" && outcome.calls.last == "success", "\(outcome)")
        #expect(outcome.output["outputType"] == "spec")
        #expect(outcome.output["spec"]["connectionSpecification"]["required"] == .array(["host", "api_key"]))
        #expect(outcome.output["connectorConfigurationUpdated"] == false)
        #expect(outcome.output["failureReason"] == .null)
        #expect(outcome.violations.isEmpty)
        #expect(outcome.isMarked)
    }

    @Test(arguments: Backend.allCases)
    func goodConfigurationSucceeds(_ backend: Backend) async throws {
        let outcome = try await Pod.with("check", backend: backend) { try await $0.run(.sampleSource) }
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.output["outputType"] == "checkConnection")
        #expect(outcome.output["checkConnection"]["status"] == "succeeded")
        #expect(outcome.requests("success").count == 1)
        #expect(outcome.violations.isEmpty)
    }

    @Test(arguments: Backend.allCases)
    func badConfigurationFailsTheCheckNotTheWorkload(_ backend: Backend) async throws {
        let config = #"{"host": "api.example.com", "api_key": "wrong"}"#
        let outcome = try await Pod.with("check", config: config, backend: backend) {
            try await $0.run(.sampleSource)
        }
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.output["checkConnection"]["status"] == "failed")
        #expect(outcome.output["checkConnection"]["message"] == "api.example.com refused the API key")
        #expect(outcome.requests("success").count == 1)
    }

    @Test(arguments: Backend.allCases)
    func discoveredCatalogIsWrittenAndItsIdDelivered(_ backend: Backend) async throws {
        let outcome = try await Pod.with("discover", backend: backend) { try await $0.run(.sampleSource) }
        #expect(outcome.exitCode == 0, "\(outcome)")
        let catalog = try #require(outcome.requests("sources/catalog").first)
        let streams = catalog["body"]["catalog"]["streams"].elements
        #expect(streams.count == 5)
        #expect(streams.allSatisfy { $0["config"]["selected"] == true })
        let id = try #require(catalog["answer"]["catalogId"].text)
        #expect(outcome.output["outputType"] == "discoverCatalogId")
        #expect(outcome.output["discoverCatalogId"] == .string(id))
        #expect(outcome.calls.suffix(3) == ["sources/catalog", "output", "success"])
        #expect(outcome.violations.isEmpty)
    }

    @Test func destinationCatalogGoesToTheDestinations() async throws {
        let catalog = """
            line {"type": "DESTINATION_CATALOG", "destination_catalog": {"operations": [{"object_name": "users", \
            "sync_mode": "append", "json_schema": {"type": "object"}, "matching_keys": [["id"]]}]}}
            """
        let outcome = try await Pod.with("discover", input: ["--image", "airbyte/destination-hubspot:1"]) {
            try await $0.run(.script(catalog))
        }
        #expect(outcome.exitCode == 0, "\(outcome)")
        let operation = try #require(outcome.requests("destinations/catalog").first)["body"]["catalog"][
            "operations"
        ][0]
        #expect(operation["objectName"] == "users")
        #expect(operation["matchingKeys"] == .array([.array(["id"])]))
        #expect(outcome.violations.isEmpty)
    }

    @Test(arguments: Backend.allCases)
    func localStorageTakesTheOutput(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.useLocalStorage()
            pod.environment["SIDECAR_OUTPUT_SINK"] = "storage"
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.requests("output").isEmpty)
            let file = pod.localStorage.appendingPathComponent("workload/output/\(Pod.workloadID)")
            let output = try JSON(parsing: String(contentsOf: file, encoding: .utf8))
            #expect(output["checkConnection"]["status"] == "succeeded")
        }
    }

    @Test func storageThatFailsGivesWayToTheAPI() async throws {
        try await Pod.with("check") { pod in
            pod.environment["SIDECAR_OUTPUT_SINK"] = "storage"
            try pod.useLocalStorage(withoutRoomFor: "workload")
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
            #expect(outcome.console.contains("trying the server API"))
        }
    }

    @Test func apiThatFailsGivesWayToStorage() async throws {
        try await Pod.with("check") { pod in
            pod.useLocalStorage()
            pod.deliversAtTheEnd()
            try await pod.controlPlane.addFault(#"{"call": "output", "status": 403}"#)
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            let file = pod.localStorage.appendingPathComponent("workload/output/\(Pod.workloadID)")
            #expect(FileManager.default.fileExists(atPath: file.path))
        }
    }

    @Test(arguments: Backend.allCases)
    func outputThatIsReadyBeforeTheStartIsTaken(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            let connector = try pod.startConnector(.sampleSource)
            #expect(await connector.exitCode == 0)
            let outcome = try await pod.outcome(of: try pod.startSidecar())
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
        }
    }

    @Test(arguments: Backend.allCases)
    func everyByteOfADribblingConnectorCounts(_ backend: Backend) async throws {
        let steps = """
            dribble 2000 {"type":"LOG","log":{"level":"INFO","message":"drop by drop"}}\\n
            shell python3 -c 'import os; [os.write(1, b"%c" % c) for c in b"a line of noise, byte by byte\\n" * 20000]'
            dribble 2000 {"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED","message":"slow"}}
            """
        let outcome = try await Pod.with("check", backend: backend) { try await $0.run(.script(steps)) }
        #expect(outcome.exitCode == 0, "exit code \(outcome.exitCode), \(outcome.errors)")
        #expect(outcome.console.contains("source > drop by drop\n"))
        let noise = outcome.console.split(separator: "\n").count {
            $0.hasSuffix("source > a line of noise, byte by byte")
        }
        #expect(noise == 20_000)
        #expect(outcome.output["checkConnection"]["message"] == "slow")
    }

    @Test(arguments: Backend.allCases)
    func aLineOfMegabytesIsOneMessage(_ backend: Backend) async throws {
        let steps = """
            raw {"type":"CATALOG","catalog":{"streams":[{"name":"wide","json_schema":{"type":"object","note":"
            fill 30000000
            raw "},"supported_sync_modes":["full_refresh"]}]}}\\n
            """
        try await Pod.with("discover", backend: backend) { pod in
            let outcome = try await pod.run(.script(steps))
            #expect(outcome.exitCode == 0, "\(outcome)")
            let size = try #require(outcome.requests("sources/catalog").first)["bodyBytes"].number
            #expect(try #require(size) > 30_000_000)
            #expect(outcome.violations.isEmpty)
        }
    }
}
