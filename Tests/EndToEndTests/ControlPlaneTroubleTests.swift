import Foundation
import Testing

/// What becomes of a workload when the control plane refuses, fails, or is not there.
@Suite struct ControlPlaneTroubleTests {
    private static let waitingConnector = """
        wait-for go
        line {"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}
        """

    @Test(arguments: Backend.allCases)
    func workloadThatIsOverAtTheStartIsLeftAlone(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            try await pod.controlPlane.createWorkload(state: "cancelled")
            let outcome = try await pod.run(.script(Self.waitingConnector))
            #expect(outcome.exitCode == 1, "\(outcome)")
            #expect(outcome.calls == ["running"])
            #expect(outcome.isMarked)
        }
    }

    @Test(arguments: Backend.allCases)
    func workloadThatIsCancelledIsLeftAtTheNextHeartbeat(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            let sidecar = try pod.startSidecar()
            let connector = try pod.startConnector(.script(Self.waitingConnector))
            try await pod.controlPlane.wait(for: "heartbeat")
            try await pod.controlPlane.cancelWorkload()
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 1, "\(outcome)")
            #expect(outcome.calls == ["running"])
            #expect(outcome.console.contains("410 Gone for heartbeat"))
            // The marker ends the connector, too.
            #expect(await connector.exitCode == 143)
        }
    }

    @Test(arguments: Backend.allCases)
    func controlPlaneThatComesBackIsForgiven(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            try await pod.controlPlane.addFault(#"{"call": "running", "times": 2, "fault": "reset"}"#)
            try await pod.controlPlane.addFault(#"{"call": "heartbeat", "times": 3, "status": 503}"#)
            let sidecar = try pod.startSidecar()
            try pod.startConnector(.script(Self.waitingConnector))
            try await pod.controlPlane.wait(for: "heartbeat", count: 2, status: 204)
            try pod.write("", to: "go")
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.requests("running").count == 3)
            #expect(outcome.console.contains("The workload API is reachable again"))
            #expect(outcome.requests("success").count == 1)
        }
    }

    @Test(arguments: Backend.allCases)
    func controlPlaneThatStaysAwayEndsTheSidecar(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.environment["SIDECAR_HEARTBEAT_TIMEOUT_MINUTES"] = "0.025"
            let sidecar = try pod.startSidecar()
            try pod.startConnector(.script(Self.waitingConnector))
            try await pod.controlPlane.wait(for: "heartbeat")
            try await pod.controlPlane.addFault(#"{"fault": "reset"}"#)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 1, "\(outcome)")
            #expect(outcome.requests("failure").isEmpty)
            #expect(outcome.console.contains("giving up"))
        }
    }

    /// A paused node: what has timed out meanwhile says nothing about the platform.
    @Test(arguments: Backend.allCases)
    func afterAFreezeOneHeartbeatIsTried(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.environment["SIDECAR_HEARTBEAT_TIMEOUT_MINUTES"] = "0.05"
            let sidecar = try pod.startSidecar()
            try pod.startConnector(.script(Self.waitingConnector))
            try await pod.controlPlane.wait(for: "heartbeat", count: 2)
            sidecar.send(SIGSTOP)
            // Longer than the three seconds after which contact counts as lost.
            try await Task.sleep(for: .seconds(4))
            let count = try await pod.controlPlane.requests("heartbeat").count
            sidecar.send(SIGCONT)
            try await pod.controlPlane.wait(for: "heartbeat", count: count + 3, status: 204)
            try pod.write("", to: "go")
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            // What the log says depends on the moment of the stop: the answer to a heartbeat that was under way then is
            // read first, and contact is fresh again.
            #expect(!outcome.console.contains("giving up"))
        }
    }

    @Test(arguments: Backend.allCases)
    func afterAFreezeAndOneFailureItGivesUp(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.environment["SIDECAR_HEARTBEAT_TIMEOUT_MINUTES"] = "0.05"
            let sidecar = try pod.startSidecar()
            try pod.startConnector(.script(Self.waitingConnector))
            try await pod.controlPlane.wait(for: "heartbeat", count: 2)
            sidecar.send(SIGSTOP)
            try await Task.sleep(for: .seconds(4))
            try await pod.controlPlane.addFault(#"{"call": "heartbeat", "status": 503}"#)
            sidecar.send(SIGCONT)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 1, "\(outcome)")
            #expect(outcome.console.contains("giving up"))
            #expect(outcome.requests("failure").isEmpty)
            #expect(outcome.requests("heartbeat").contains { $0["status"] == 503 })
        }
    }

    @Test func hostThatDoesNotListenEndsTheSidecar() async throws {
        try await Pod.with("check") { pod in
            // Port 1 of the loopback interface: nobody listens there.
            pod.environment["WORKLOAD_API_HOST"] = "http://127.0.0.1:1"
            pod.environment["SIDECAR_HEARTBEAT_TIMEOUT_MINUTES"] = "0.01"
            let outcome = try await pod.run(.script(Self.waitingConnector))
            #expect(outcome.exitCode == 1, "\(outcome)")
            #expect(outcome.console.contains("127.0.0.1"))
        }
    }

    @Test(arguments: ["reset", "half", "close", "garbage"], Backend.allCases)
    func everyCallIsTriedAgain(_ fault: String, _ backend: Backend) async throws {
        try await Pod.with("discover", backend: backend) { pod in
            pod.deliversAtTheEnd()
            for call in ["running", "sources/catalog", "output", "success"] {
                try await pod.controlPlane.addFault(
                    #"{"call": "\#(call)", "times": 1, "fault": "\#(fault)"}"#
                )
            }
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            for call in ["sources/catalog", "output", "success"] {
                #expect(outcome.requests(call).count == 2, "\(call): \(outcome)")
            }
        }
    }

    @Test func serverErrorsAreTriedAgainAndRetryAfterIsHonoured() async throws {
        try await Pod.with("check") { pod in
            pod.deliversAtTheEnd()
            try await pod.controlPlane.addFault(#"{"call": "output", "times": 1, "status": 500}"#)
            try await pod.controlPlane.addFault(
                #"{"call": "success", "times": 1, "status": 429, "retryAfter": "1"}"#
            )
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.requests("output").count == 2)
            let times = outcome.requests("success").compactMap { $0["receivedAt"].number }
            #expect(times.count == 2)
            // Not earlier than the server asked for.
            #expect(times[1] - times[0] >= 1)
        }
    }

    @Test func successThatIsRefusedBecomesAFailureAndKeepsTheOutput() async throws {
        try await Pod.with("check") { pod in
            try await pod.controlPlane.addFault(#"{"call": "success", "status": 400}"#)
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 1, "\(outcome)")
            #expect(outcome.requests("output").count == 1)
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
            let failure = try #require(outcome.requests("failure").first)["body"]
            #expect(failure["source"] == "airbyte_platform")
        }
    }

    @Test func outputThatNobodyTakesFailsTheWorkload() async throws {
        try await Pod.with("check") { pod in
            pod.deliversAtTheEnd()
            try await pod.controlPlane.addFault(#"{"call": "output", "status": 413}"#)
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 1, "\(outcome)")
            let failure = try #require(outcome.requests("failure").first)["body"]
            #expect(failure["source"] == "airbyte_platform")
            #expect(try #require(failure["reason"].text).contains("could not be saved"))
        }
    }

    @Test func catalogThatIsRefusedBecomesAFailure() async throws {
        try await Pod.with("discover") { pod in
            pod.deliversAtTheEnd()
            try await pod.controlPlane.addFault(#"{"call": "sources/catalog", "status": 422}"#)
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 1, "\(outcome)")
            #expect(outcome.output["failureReason"]["failureOrigin"] == "airbyte_platform")
            #expect(outcome.output["discoverCatalogId"] == .null)
            #expect(outcome.requests("failure").count == 1)
        }
    }

    @Test(arguments: Backend.allCases)
    func heartbeatsGoOnWhileTheDeliveryIsSlow(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.deliversAtTheEnd()
            try await pod.controlPlane.addFault(#"{"call": "output", "fault": "hold"}"#)
            let sidecar = try pod.startSidecar()
            try pod.startConnector(.sampleSource)
            try await pod.controlPlane.waitForArrival(of: "output")
            let before = try await pod.controlPlane.requests("heartbeat").count
            try await pod.controlPlane.wait(for: "heartbeat", count: before + 3)
            try await pod.controlPlane.removeFaults()
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
        }
    }

    @Test func stuckHeartbeatDoesNotUseUpThePatience() async throws {
        // A heartbeat that is never answered has a timeout of its own: the next one gets through.
        try await Pod.with("check") { pod in
            pod.environment["SIDECAR_HEARTBEAT_TIMEOUT_MINUTES"] = "0.5"
            try await pod.controlPlane.addFault(#"{"call": "heartbeat", "times": 1, "fault": "silent"}"#)
            let sidecar = try pod.startSidecar()
            try pod.startConnector(.script(Self.waitingConnector))
            try await pod.controlPlane.wait(for: "heartbeat", count: 1, status: 204)
            try pod.write("", to: "go")
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
        }
    }
}
