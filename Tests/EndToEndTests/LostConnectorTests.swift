import Foundation
import Testing

/// A connector whose container is gone at once, without an exit code, in the shapes of real pods.
@Suite struct LostConnectorTests {
    /// Which user the two containers run as. Where the sidecar is root, it has lost CAP_LEASE, as in a container.
    enum Users: String, CaseIterable, Sendable {
        /// The default: the connector's images run as root, the sidecar's does not.
        case rootConnector
        case rootSidecar
        case two
    }

    private func pod(_ users: Users, _ pod: Pod) throws {
        let rootWithoutLease = ["/usr/bin/setpriv", "--bounding-set=-lease", "--"]
        switch users {
        case .rootConnector: pod.launcher = try pod.asUser(1_000)
        case .rootSidecar:
            pod.launcher = rootWithoutLease
            pod.mainLauncher = try pod.asUser(1_000)
        case .two:
            pod.launcher = try pod.asUser(1_000)
            pod.mainLauncher = try pod.asUser(2_000)
        }
    }

    @Test(arguments: Users.allCases, Backend.allCases)
    func connectorOfAnotherUserIsMissedWithinTheGrace(_ users: Users, _ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            try self.pod(users, pod)
            pod.environment["SIDECAR_LOST_CONNECTOR_GRACE_SECONDS"] = "0.5"
            let sidecar = try pod.startSidecar()
            try await pod.controlPlane.wait(for: "running")
            let main = try pod.startConnector(
                .script(#"line {"type":"LOG","log":{"level":"INFO","message":"last words"}}"# + "\nsleep 60")
            )
            #expect(try await sidecar.waitForOutput("last words"))
            main.send(SIGTERM)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 1, "\(outcome)")
            let reason = try #require(outcome.requests("failure").first)["body"]["reason"].text
            // The plain grace period: the kernel's word was to be had.
            #expect(try #require(reason).contains("closed for 0.5 seconds"))
            let failure = outcome.output["failureReason"]
            #expect(try #require(failure["externalMessage"].text).contains("out of memory"))
            #expect(try #require(failure["internalMessage"].text).contains("last words"))
        }
    }

    @Test(arguments: Users.allCases, Backend.allCases)
    func resultOfALostConnectorIsDelivered(_ users: Users, _ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            try self.pod(users, pod)
            pod.environment["SIDECAR_LOST_CONNECTOR_GRACE_SECONDS"] = "0.5"
            let sidecar = try pod.startSidecar()
            try await pod.controlPlane.wait(for: "running")
            let main = try pod.startConnector(
                .script(
                    """
                    line {"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}
                    line tidying up
                    sleep 60
                    """
                )
            )
            #expect(try await sidecar.waitForOutput("tidying up"))
            main.send(SIGTERM)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
            #expect(outcome.requests("success").count == 1)
            #expect(outcome.console.contains("No process has the connector's output open for writing"))
        }
    }

    /// Killed before it has written a byte: the shell's open was all that there was.
    @Test(arguments: Backend.allCases)
    func connectorThatWroteNothingIsMissed(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            try self.pod(.rootConnector, pod)
            pod.environment["SIDECAR_LOST_CONNECTOR_GRACE_SECONDS"] = "0.5"
            let sidecar = try pod.startSidecar()
            try await pod.controlPlane.wait(for: "running")
            let main = try pod.startConnector(.script("touch ready\nsleep 60"))
            while !pod.exists("ready") { try await Task.sleep(for: .milliseconds(10)) }
            main.send(SIGTERM)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 1, "\(outcome)")
            #expect(outcome.requests("failure").count == 1)
        }
    }

    // MARK: Where the lease is refused all the same

    /// The file is the connector's, made before the sidecar came: only events tell.
    private func startBesideAnOlderOutput(
        _ pod: Pod,
        _ steps: String,
        grace: String = "0.4"
    ) async throws -> (sidecar: ChildProcess, main: ChildProcess) {
        pod.launcher = try pod.asUser(1_000)
        pod.environment["SIDECAR_LOST_CONNECTOR_GRACE_SECONDS"] = grace
        let main = try pod.startConnector(.script("line hello\n" + steps))
        while pod.information("jobOutput.json").map({ $0.st_size == 0 }) ?? true {
            try await Task.sleep(for: .milliseconds(10))
        }
        let sidecar = try pod.startSidecar()
        #expect(try await sidecar.waitForOutput("hello"))
        return (sidecar, main)
    }

    @Test(arguments: Backend.allCases)
    func withoutALeaseThreeGracesAfterTheCloseDecide(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            let (sidecar, main) = try await startBesideAnOlderOutput(pod, "sleep 60")
            main.send(SIGTERM)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 1, "\(outcome)")
            let reason = try #require(outcome.requests("failure").first)["body"]["reason"].text
            #expect(try #require(reason).contains("closed for 1.2 seconds"))
        }
    }

    /// A connector that opens its own standard output once more, closes that, and is silent for long.
    @Test(arguments: Backend.allCases)
    func withoutALeaseAnInnerOpenAndCloseIsNoLoss(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            let steps = """
                wait-for go
                shell true >> /dev/stdout
                sleep 3
                line {"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}
                """
            let (sidecar, _) = try await startBesideAnOlderOutput(pod, steps)
            try pod.write("", to: "go")
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
            #expect(!outcome.console.contains("No process has the connector"))
        }
    }

    /// The connector's successor has opened the output and says nothing yet.
    @Test(arguments: Backend.allCases)
    func withoutALeaseAnOpenSinceIsNoLoss(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            let (sidecar, main) = try await startBesideAnOlderOutput(pod, "sleep 60", grace: "1")
            let successor = try ChildProcess(
                "/bin/sh",
                [
                    "-c",
                    """
                    cd '\(pod.workspace.path)'
                    until [ -e closed ]; do sleep 0.01; done
                    exec sleep 60 >> jobOutput.json
                    """,
                ],
                environment: ["PATH": "/usr/bin:/bin"],
                log: pod.folder.appendingPathComponent("successor.log")
            )
            main.send(SIGTERM)
            _ = await main.exitCode
            try pod.write("", to: "closed")
            let count = try await pod.controlPlane.requests("heartbeat").count
            // Each takes 0.3 seconds: more than the three that would be a loss.
            try await pod.controlPlane.wait(for: "heartbeat", count: count + 14)
            #expect(!pod.exists("TERMINATED"))
            await successor.stop()
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 1, "\(outcome)")
            #expect(outcome.console.contains("No process has the connector's output open for writing"))
        }
    }

    /// Looks notice the loss, too.
    @Test(arguments: Backend.allCases)
    func withoutEventsTheLossIsNoticed(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.launcher = [
                Project.path("Tests/EndToEndTests/Fixtures/refusing"), "NOTHING", "inotify_add_watch",
            ]
            pod.environment["SIDECAR_LOST_CONNECTOR_GRACE_SECONDS"] = "0.5"
            let sidecar = try pod.startSidecar()
            let main = try pod.startConnector(.script("line hello\nsleep 60"))
            #expect(try await sidecar.waitForOutput("hello"))
            main.send(SIGTERM)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 1, "\(outcome)")
            #expect(outcome.console.contains("No process has the connector's output open for writing"))
        }
    }
}
