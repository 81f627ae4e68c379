import Foundation
import Testing

/// A result is delivered while the connector still runs. The number and the order of the calls, whatever follows it.
@Suite struct EagerDeliveryTests {
    private static let succeeded =
        #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED","message":"first"}}"#
    private static let failed =
        #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":"second"}}"#
    private static let catalog =
        #"{"type":"CATALOG","catalog":{"streams":[{"name":"s","json_schema":{},"supported_sync_modes":["full_refresh"]}]}}"#

    private static func control(_ value: Int) -> String {
        #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":{"a":\#(value)}}}}"#
    }

    /// A connector that gives the result and waits for the test; then it goes on with the steps.
    private static func connector(_ result: String = succeeded, _ steps: String...) -> Connector {
        .script((["line \(result)", "wait-for go"] + steps).joined(separator: "\n"))
    }

    /// Runs a connector whose first delivery is over before it goes on.
    private func outcome(_ pod: Pod, _ connector: Connector) async throws -> Outcome {
        let sidecar = try pod.startSidecar()
        try pod.startConnector(connector)
        try await pod.controlPlane.wait(for: "output")
        #expect(!pod.exists("exitCode.txt"))
        #expect(try await pod.controlPlane.requests("success").isEmpty)
        try pod.write("", to: "go")
        return try await pod.outcome(of: sidecar)
    }

    @Test(arguments: Backend.allCases)
    func onlyTheReportIsLeft(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            let outcome = try await outcome(pod, Self.connector())
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls == ["running", "output", "success"], "\(outcome)")
            #expect(outcome.output["checkConnection"]["message"] == "first")
        }
    }

    @Test(arguments: Backend.allCases)
    func catalogsAreWrittenOnce(_ backend: Backend) async throws {
        try await Pod.with("discover", backend: backend) { pod in
            let outcome = try await outcome(pod, Self.connector(Self.catalog, "line bye", "exit 1"))
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls == ["running", "sources/catalog", "output", "success"], "\(outcome)")
            let id = try #require(outcome.requests("sources/catalog").first?["answer"]["catalogId"].text)
            #expect(outcome.output["discoverCatalogId"].text == id)
        }
    }

    /// The output is stored once more, since it tells of the update. Of two configurations, the last counts.
    @Test func configurationBehindTheResultIsUpdatedAtTheEnd() async throws {
        try await Pod.with("check") { pod in
            let steps = ["line \(Self.control(1))", "sleep 0.1", "line \(Self.control(2))"]
            let outcome = try await outcome(pod, Self.connector(Self.succeeded, steps[0], steps[1], steps[2]))
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(
                outcome.calls
                    == ["running", "output", "sources/get", "sources/update", "output", "success"],
                "\(outcome)"
            )
            #expect(outcome.output["connectorConfigurationUpdated"] == true)
            let update = try #require(outcome.requests("sources/update").first)["body"]
            #expect(update["connectionConfiguration"]["a"] == 2)
        }
    }

    @Test func configurationBeforeTheResultKeepsTheDeliveryForTheEnd() async throws {
        try await Pod.with("check") { pod in
            let sidecar = try pod.startSidecar()
            try pod.startConnector(
                .script("line \(Self.control(1))\nline \(Self.succeeded)\nline given\nwait-for go")
            )
            #expect(try await sidecar.waitForOutput("given"))
            let heartbeats = try await pod.controlPlane.requests("heartbeat").count
            try await pod.controlPlane.wait(for: "heartbeat", count: heartbeats + 2)
            try pod.write("", to: "go")
            let outcome = try await pod.outcome(of: sidecar)
            #expect(
                outcome.calls == ["running", "sources/get", "sources/update", "output", "success"],
                "\(outcome)"
            )
        }
    }

    /// The first result counts.
    @Test func secondResultChangesNothing() async throws {
        try await Pod.with("check") { pod in
            let outcome = try await outcome(
                pod,
                Self.connector(Self.succeeded, "line \(Self.failed)", "sleep 0.1")
            )
            #expect(outcome.calls == ["running", "output", "success"], "\(outcome)")
            #expect(outcome.output["checkConnection"]["message"] == "first")
        }
    }

    @Test(arguments: Backend.allCases)
    func rewrittenOutputIsDeliveredAgain(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            let outcome = try await outcome(
                pod,
                Self.connector(Self.succeeded, "truncate 0", "line \(Self.failed)")
            )
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls == ["running", "output", "output", "success"], "\(outcome)")
            #expect(outcome.output["checkConnection"]["message"] == "second")
        }
    }

    @Test func outputThatHasLostItsResultBecomesAFailure() async throws {
        try await Pod.with("check") { pod in
            let outcome = try await outcome(pod, Self.connector(Self.succeeded, "truncate 0", "line none"))
            #expect(outcome.exitCode == 1, "\(outcome)")
            #expect(outcome.calls == ["running", "output", "output", "failure"], "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "failed")
        }
    }

    @Test func exitCodeThatNeverComesEndsInASuccess() async throws {
        try await Pod.with("check") { pod in
            pod.environment["SIDECAR_FILE_TIMEOUT_MINUTES"] = "0.03"
            let sidecar = try pod.startSidecar()
            try pod.startConnector(Self.connector())
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls == ["running", "output", "success"], "\(outcome)")
        }
    }

    @Test func exitCodeThatIsNoNumberEndsInASuccess() async throws {
        try await Pod.with("check") { pod in
            let sidecar = try pod.startSidecar()
            try await pod.controlPlane.wait(for: "running")
            try pod.write("\(Self.succeeded)\n", to: "jobOutput.json")
            try await pod.controlPlane.wait(for: "output")
            try pod.write("garbage\n", to: "exitCode.txt", byRename: true)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls == ["running", "output", "success"], "\(outcome)")
        }
    }

    @Test func cancelledWorkloadIsNotReported() async throws {
        try await Pod.with("check") { pod in
            let sidecar = try pod.startSidecar()
            try pod.startConnector(Self.connector())
            try await pod.controlPlane.wait(for: "output")
            try await pod.controlPlane.cancelWorkload()
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 1, "\(outcome)")
            #expect(outcome.calls == ["running", "output"], "\(outcome)")
            #expect(outcome.isMarked)
        }
    }

    @Test(arguments: Backend.allCases)
    func signalReportsWhatWasDelivered(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            let sidecar = try pod.startSidecar()
            try pod.startConnector(Self.connector())
            try await pod.controlPlane.wait(for: "output")
            sidecar.send(SIGTERM)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 143, "\(outcome)")
            #expect(outcome.calls == ["running", "output", "success"], "\(outcome)")
        }
    }

    @Test func failedDeliveryIsRepeatedAtTheEnd() async throws {
        try await Pod.with("check") { pod in
            try await pod.controlPlane.addFault(#"{"call": "output", "times": 1, "status": 503}"#)
            let outcome = try await outcome(pod, Self.connector())
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls == ["running", "output", "output", "success"], "\(outcome)")
            #expect(
                outcome.console.contains("INFO  platform > The early delivery did not succeed"),
                "\(outcome)"
            )
        }
    }

    /// The connector ends while the output is on its way.
    @Test(arguments: Backend.allCases)
    func deliveryThatIsUnderWayIsWaitedFor(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            try await pod.controlPlane.addFault(#"{"call": "output", "times": 1, "fault": "hold"}"#)
            let sidecar = try pod.startSidecar()
            try pod.startConnector(Self.connector())
            try await pod.controlPlane.waitForArrival(of: "output")
            try pod.write("", to: "go")
            #expect(try await sidecar.waitForOutput("The connector gave its connection status"))
            #expect(try await pod.controlPlane.requests("success").isEmpty)
            try await pod.controlPlane.removeFaults()
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.calls == ["running", "output", "success"], "\(outcome)")
        }
    }

    /// Results of more than 1 MiB are read again from the file while it is still open.
    @Test func longResultsAreDeliveredFromTheOpenFile() async throws {
        try await Pod.with("spec") { pod in
            let filler = String(repeating: "x", count: 1_500_000)
            let spec = #"{"type":"SPEC","spec":{"connectionSpecification":{"title":"\#(filler)"}}}"#
            try Data("\(spec)\n".utf8).write(to: pod.folder.appendingPathComponent("long"))
            let long = pod.folder.appendingPathComponent("long").path
            let outcome = try await outcome(pod, .script("file \(long)\nwait-for go\nline after"))
            #expect(outcome.exitCode == 0, "\(outcome.console)")
            #expect(outcome.calls == ["running", "output", "success"], "\(outcome.console)")
            let stored = try await pod.controlPlane.storedOutput()
            #expect(stored.contains(filler))
        }
    }

    @Test func settingSwitchesItOff() async throws {
        try await Pod.with("check") { pod in
            pod.environment["SIDECAR_EAGER_DELIVERY"] = "false"
            let sidecar = try pod.startSidecar()
            try pod.startConnector(.script("line \(Self.succeeded)\nline given\nwait-for go"))
            #expect(try await sidecar.waitForOutput("given"))
            let heartbeats = try await pod.controlPlane.requests("heartbeat").count
            try await pod.controlPlane.wait(for: "heartbeat", count: heartbeats + 2)
            #expect(try await pod.controlPlane.requests("output").isEmpty)
            try pod.write("", to: "go")
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.calls == ["running", "output", "success"], "\(outcome)")
        }
    }
}
