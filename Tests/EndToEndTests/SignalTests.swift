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

    /// Sends SIGTERM while a call of a successful CHECK is held, then what `more` sends, and answers the call once the
    /// console has the text.
    private func stopped(
        _ pod: Pod,
        during call: String,
        until text: String = "finishing the delivery",
        _ more: (ChildProcess) -> Void = { _ in }
    ) async throws -> Outcome {
        pod.deliversAtTheEnd()
        try await pod.controlPlane.addFault(#"{"call": "\#(call)", "fault": "hold"}"#)
        let sidecar = try pod.startSidecar()
        try pod.startConnector(.sampleSource)
        try await pod.controlPlane.waitForArrival(of: call)
        sidecar.send(SIGTERM)
        #expect(try await sidecar.waitForOutput("finishing the delivery"))
        more(sidecar)
        #expect(try await sidecar.waitForOutput(text))
        try await pod.controlPlane.removeFaults()
        let outcome = try await pod.outcome(of: sidecar)
        #expect(outcome.exitCode == 143, "\(outcome)")
        return outcome
    }

    @Test(arguments: Backend.allCases)
    func whileUploadingTheUploadIsFinished(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            let outcome = try await stopped(pod, during: "output")
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
            let outcome = try await stopped(pod, during: "output", until: "SIGINT is ignored") {
                $0.send(SIGINT)
            }
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
            #expect(outcome.requests("success").count == 1)
        }
    }

    /// Sends every stop signal, twice.
    private func sendMany(to sidecar: ChildProcess) {
        for _ in 0..<2 {
            for signal in [SIGTERM, SIGINT, SIGHUP, SIGQUIT] { sidecar.send(signal) }
        }
    }

    @Test(arguments: Backend.allCases)
    func manySignalsDuringTheUploadChangeNothing(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            let outcome = try await stopped(pod, during: "output", until: "SIGTERM is ignored", sendMany)
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
            #expect(outcome.requests("success").count == 1)
        }
    }

    @Test(arguments: Backend.allCases)
    func manySignalsDuringTheReportChangeNothing(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            let outcome = try await stopped(pod, during: "success", until: "SIGQUIT is ignored", sendMany)
            #expect(outcome.requests("success").count == 1)
            #expect(outcome.requests("failure").isEmpty)
        }
    }

    /// The report of an unusable input is all that there is to do.
    @Test(arguments: Backend.allCases)
    func signalsLeaveTheReportOfAnUnusableInputItsTime(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            try pod.write(#"{"workloadId": "workload-1", "operationType": "SWIM"}"#, to: "sidecarInput.json")
            try await pod.controlPlane.addFault(#"{"call": "failure", "fault": "hold"}"#)
            let sidecar = try pod.startSidecar()
            try await pod.controlPlane.waitForArrival(of: "failure")
            #expect(pod.exists("TERMINATED"), "before the report is answered")
            sendMany(to: sidecar)
            #expect(try await sidecar.waitForOutput(": finishing the report"))
            try await pod.controlPlane.removeFaults()
            let outcome = try await pod.outcome(of: sidecar)
            #expect([129, 130, 131, 143].contains(outcome.exitCode), "\(outcome)")
            #expect(outcome.requests("failure").count == 1)
        }
    }

    /// Nothing answers: neither the API nor the store of the log.
    @Test func theEndComesWithinThePodsGracePeriod() async throws {
        let silence = try SilentServer()
        try await Pod.with("check") { pod in
            pod.environment.merge([
                "STORAGE_TYPE": "MINIO", "MINIO_ENDPOINT": "http://127.0.0.1:\(silence.port)",
                "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "made-up-secret",
                "STORAGE_BUCKET_LOG": "logs", "STORAGE_BUCKET_WORKLOAD_OUTPUT": "outputs",
                "SIDECAR_OUTPUT_SINK": "api",
            ]) { $1 }
            pod.deliversAtTheEnd()
            try await pod.controlPlane.addFault(#"{"call": "output", "fault": "silent"}"#)
            let sidecar = try pod.startSidecar()
            try pod.startConnector(.sampleSource)
            try await pod.controlPlane.waitForArrival(of: "output")
            sidecar.send(SIGTERM)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 143, "\(outcome)")
            #expect(outcome.console.contains("did not finish within 20 seconds after the stop signal"))
        }
    }
}
