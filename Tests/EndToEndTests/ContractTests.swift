import Testing

/// That every request of every end-to-end test is checked against the APIs' documents, and that the check bites:
/// `demo/control-plane/test_mutations.py` has it look at every way in which a body can be wrong.
@Suite struct ContractTests {
    /// A body that no sidecar sends: the member's name is in snake case.
    private static let wrong = #"{"workload_id": "workload-1"}"#

    @Test func violationIsInTheOutcome() async throws {
        try await Pod.with("check", onViolation: { _ in }) { pod in
            let status = try await pod.controlPlane.send("PUT", "/api/v1/workload/running", body: Self.wrong)
            #expect(status == 400)
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.violations.count == 2)
            #expect(outcome.violations.first?["call"] == "running")
            #expect(outcome.violations.first?["where"] == "/workloadId")
        }
    }

    /// What is collected here is an issue of the test in every other one.
    @Test func violationIsReportedAtTheEndOfEveryPod() async throws {
        var reported: [JSON] = []
        try await Pod.with("check", onViolation: { reported.append($0) }) { pod in
            _ = try await pod.controlPlane.send("PUT", "/api/v1/workload/running", body: Self.wrong)
        }
        #expect(reported.map { $0["where"] } == ["/workloadId", "/workload_id"])
    }

    @Test func specThatBreaksTheProtocolIsAViolation() async throws {
        let output = #"""
            {"workloadId": "workload-1", "output": "{\"outputType\": \"spec\", \"connectorConfigurationUpdated\": false, \#
            \"spec\": {\"connectionSpecification\": {}, \"advanced_auth\": {\"auth_flow_type\": \"oauth3.0\"}}}"}
            """#
        try await Pod.with("spec", onViolation: { _ in }) { pod in
            let status = try await pod.controlPlane.send(
                "POST",
                "/api/v1/workload_output/write",
                body: output
            )
            #expect(status == 422)
            let violations = try await pod.controlPlane.violations()
            #expect(violations.map { $0["where"] } == ["/output/spec/advanced_auth/auth_flow_type"])
        }
    }
}
