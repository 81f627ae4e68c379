import Foundation
import Testing

/// SIGTERM: what is complete is delivered, the rest is reported.
@Suite struct SignalTests {
    @Test(arguments: Backend.allCases)
    func whileWaitingTheFailureIsReported(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            let sidecar = try pod.startSidecar()
            try pod.startConnector(.script("line still here\nsleep 60"))
            #expect(try await sidecar.waitForOutput("still here"))
            sidecar.send(SIGTERM)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 143, "\(outcome)")
            let failure = try #require(outcome.requests("failure").first)["body"]
            #expect(failure["source"] == "airbyte_platform")
            #expect(try #require(failure["reason"].text).contains("SIGTERM"))
            #expect(outcome.isMarked)
        }
    }

    @Test func resultThatIsThereIsDelivered() async throws {
        try await Pod.with("check") { pod in
            let sidecar = try pod.startSidecar()
            try pod.startConnector(
                .script(
                    """
                    line {"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}
                    line tidying up
                    sleep 60
                    """
                )
            )
            #expect(try await sidecar.waitForOutput("tidying up"))
            sidecar.send(SIGTERM)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 143, "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
            #expect(outcome.requests("success").count == 1)
        }
    }

    @Test(arguments: Backend.allCases)
    func whileUploadingTheUploadIsFinished(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            try await pod.controlPlane.addFault(#"{"call": "output", "fault": "hold"}"#)
            let sidecar = try pod.startSidecar()
            try pod.startConnector(.sampleSource)
            try await pod.controlPlane.waitForArrival(of: "output")
            sidecar.send(SIGTERM)
            #expect(try await sidecar.waitForOutput("finishing the delivery"))
            try await pod.controlPlane.removeFaults()
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 143, "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
            #expect(outcome.requests("success").count == 1)
        }
    }

    /// A signal that comes before anything is set up is not lost either.
    @Test(arguments: Backend.allCases)
    func atTheVeryStartItIsHeard(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.launcher = ["/bin/sh", "-c", "trap '' TERM; kill -TERM $$; exec \"$0\""]
            let sidecar = try pod.startSidecar()
            // Blocked and ignored signals are inherited; the sidecar hears those that come later.
            try await pod.controlPlane.wait(for: "running")
            sidecar.send(SIGHUP)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 129, "\(outcome)")
            #expect(outcome.requests("failure").count == 1)
            #expect(outcome.isMarked)
        }
    }

    @Test(arguments: Backend.allCases)
    func secondSignalChangesNothing(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            try await pod.controlPlane.addFault(#"{"call": "output", "fault": "hold"}"#)
            let sidecar = try pod.startSidecar()
            try pod.startConnector(.sampleSource)
            try await pod.controlPlane.waitForArrival(of: "output")
            sidecar.send(SIGTERM)
            #expect(try await sidecar.waitForOutput("finishing the delivery"))
            sidecar.send(SIGINT)
            #expect(try await sidecar.waitForOutput("SIGINT is ignored"))
            try await pod.controlPlane.removeFaults()
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 143, "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
            #expect(outcome.requests("success").count == 1)
        }
    }
}
