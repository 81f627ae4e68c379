import Foundation
import Testing

/// The image in a real pod, which `scripts/run-pod` has podman make in the launcher's shape.
///
/// podman 4.3's default seccomp profile answers io_uring_setup(2) with ENOSYS. With Kubernetes 1.28 and later, the
/// kernel's out-of-memory killer takes a whole container; `podman kill` stands in for it.
///
/// The time limit has room for the image: on a new machine the first case waits until its base is made from packages,
/// while all other suites keep the cores busy.
@Suite(.serialized, .timeLimit(.minutes(20)))
struct PodTests {
    private static let graceSeconds = 1.0
    /// From the end of the main container to the report. Where the kernel does not tell whether the output is
    /// open, the grace period counts three times. The rest is for a busy machine.
    private static let noticedSeconds = 3 * graceSeconds + 20
    private static let result =
        #"line {"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"#
    private static let lingering = "\(result)\nline tidying up\nsleep 300"

    @Test(arguments: Confinement.allCases)
    func checkSucceeds(_ confinement: Confinement) async throws {
        try await Pod.with("check") { pod in
            let outcome = try await run(pod, .sampleSource, confinement)
            try await expect(outcome, of: pod, exitCode: 0, report: "success")
            #expect(try await storedOutput(of: pod)["checkConnection"]["status"] == "succeeded")
            #expect(outcome.console.contains("on epoll"))
            #expect(try exitCodeFile(of: pod) == "0\n")
        }
    }

    @Test(arguments: Confinement.allCases)
    func discoverSucceeds(_ confinement: Confinement) async throws {
        try await Pod.with("discover") { pod in
            let outcome = try await run(pod, .sampleSource, confinement)
            try await expect(outcome, of: pod, exitCode: 0, report: "success")
            let id = try #require(try await storedOutput(of: pod)["discoverCatalogId"].text)
            let request = try await pod.controlPlane.catalogRequest(id)
            let catalog = try JSON(parsing: String(decoding: request, as: UTF8.self))
            #expect(catalog["catalog"]["streams"].elements.count == 5)
        }
    }

    /// The commands of docs/PODS.md, of which the last kills the connector.
    @Test func documentedCommandsReachTheContainers() async throws {
        try await Pod.with("check") { pod in
            let podman = try await start(pod, .script("line still here\nsleep 300"), .standard)
            #expect(try await podman.process.waitForOutput("source > still here"))
            let commands = [
                try documented("/tmp/run-pod-…/podman exec job-main ls -l /config"),
                try documented("/tmp/run-pod-…/podman stats --no-stream"),
                try documented("/tmp/run-pod-…/podman pause job-connector-sidecar"),
                "podman unpause job-connector-sidecar",
                try documented("/tmp/run-pod-…/podman kill -s KILL job-main"),
            ]
            var outputs: [String] = []
            for command in commands {
                outputs.append(
                    try await podman.podman(command.split(separator: " ").dropFirst().map(String.init))
                )
            }
            #expect(
                outputs[0].contains("jobOutput.json") && outputs[1].contains("connector-sidecar"),
                "\(outputs)"
            )
            let outcome = try await pod.outcome(of: podman.process)
            #expect(outcome.exitCode == 1, "\(outcome)")
        }
    }

    /// source-faker, in the launcher's shape: not as root, with read-only root file systems.
    @Test(arguments: ["spec", "check", "discover"])
    func realConnectorIsServed(_ operation: String) async throws {
        let faker = try await Self.faker()
        try await Pod.with(operation, config: #"{"count": 100, "seed": 7}"#) { pod in
            let outcome = try await run(pod, .command(faker), .hardened)
            try await expect(outcome, of: pod, exitCode: 0, report: "success")
            let output = try await storedOutput(of: pod)
            switch operation {
            case "spec": #expect(output["spec"]["connectionSpecification"]["properties"]["count"] != .null)
            case "check": #expect(output["checkConnection"]["status"] == "succeeded")
            default: #expect(output["discoverCatalogId"].text != nil)
            }
        }
    }

    /// The connector's command; installed from PyPI the first time.
    private static func faker() async throws -> String {
        try await ScratchFolder.with { scratch in
            let lines = try await scratch.output([
                Project.path("scripts/fetch-faker"), Project.path(".build/faker"),
            ])
            return lines.trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    /// A catalog of 20 MB in a container of 16 MiB, which the kernel kills where it takes more.
    @Test func largeCatalogFitsIntoASmallContainer() async throws {
        try await Pod.with("discover") { pod in
            try await pod.controlPlane.addFault(#"{"call": "success", "fault": "hold"}"#)
            let script = #"""
                raw {"type":"CATALOG","catalog":{"streams":[{"name":"large","json_schema":{"description":"
                fill 20000000
                raw "},"supported_sync_modes":["full_refresh"]}]}}

                """#
            let podman = try await start(pod, .script(script), .hardened)
            try await pod.controlPlane.waitForArrival(of: "success")
            #expect(try await podman.sidecarMemoryLimit() == 16 << 20)
            try await pod.controlPlane.removeFaults()
            let outcome = try await pod.outcome(of: podman.process)
            try await expect(outcome, of: pod, exitCode: 0, report: "success")
            let id = try #require(try await storedOutput(of: pod)["discoverCatalogId"].text)
            #expect(try await pod.controlPlane.catalogRequest(id).count > 20_000_000)
        }
    }

    /// A pod that asks for no seccomp profile has none.
    @Test func ioUringIsUsedWhereItIsAllowed() async throws {
        try await Pod.with("check") { pod in
            let outcome = try await run(pod, .sampleSource, .standard, ["--unconfined"])
            try await expect(outcome, of: pod, exitCode: 0, report: "success")
            #expect(outcome.console.contains("on io_uring"))
        }
    }

    @Test(arguments: Confinement.allCases)
    func killedConnectorIsNoticed(_ confinement: Confinement) async throws {
        try await Pod.with("check") { pod in
            let podman = try await start(pod, .script("line still here\nsleep 300"), confinement)
            #expect(try await podman.process.waitForOutput("still here"))
            let killed = try await podman.killMain()
            let outcome = try await pod.outcome(of: podman.process)
            try await expect(outcome, of: pod, exitCode: 1, report: "failure", after: killed)
            let output = try await storedOutput(of: pod)
            #expect(output["checkConnection"]["status"] == "failed")
            #expect(try #require(output["failureReason"]["internalMessage"].text).contains("still here"))
            #expect(!pod.exists("exitCode.txt"))
        }
    }

    @Test(arguments: Confinement.allCases)
    func killedConnectorsResultIsDelivered(_ confinement: Confinement) async throws {
        try await Pod.with("check") { pod in
            let podman = try await start(pod, .script(Self.lingering), confinement)
            #expect(try await podman.process.waitForOutput("tidying up"))
            let killed = try await podman.killMain()
            let outcome = try await pod.outcome(of: podman.process)
            try await expect(outcome, of: pod, exitCode: 0, report: "success", after: killed)
            #expect(try await storedOutput(of: pod)["checkConnection"]["status"] == "succeeded")
            #expect(!pod.exists("exitCode.txt"))
        }
    }

    @Test(arguments: Confinement.allCases)
    func stoppedPodReportsTheFailure(_ confinement: Confinement) async throws {
        try await Pod.with("check") { pod in
            let podman = try await start(pod, .script("line still here\nsleep 300"), confinement)
            #expect(try await podman.process.waitForOutput("still here"))
            let stopped = Date()
            podman.process.send(SIGTERM)
            let outcome = try await pod.outcome(of: podman.process)
            try await expect(outcome, of: pod, exitCode: 143, report: "failure", after: stopped)
            #expect(try await pod.controlPlane.outputIDs().isEmpty)
            let failure = try #require(outcome.requests("failure").first)["body"]
            #expect(failure["source"] == "airbyte_platform")
            #expect(try #require(failure["reason"].text).contains("SIGTERM"))
        }
    }

    @Test(arguments: Confinement.allCases)
    func stoppedPodsResultIsDelivered(_ confinement: Confinement) async throws {
        try await Pod.with("check") { pod in
            let podman = try await start(pod, .script(Self.lingering), confinement)
            #expect(try await podman.process.waitForOutput("tidying up"))
            let stopped = Date()
            podman.process.send(SIGTERM)
            let outcome = try await pod.outcome(of: podman.process)
            try await expect(outcome, of: pod, exitCode: 143, report: "success", after: stopped)
            #expect(try await storedOutput(of: pod)["checkConnection"]["status"] == "succeeded")
        }
    }

    /// Nobody is lost before anybody has come.
    @Test(arguments: Confinement.allCases)
    func mainMayStartLate(_ confinement: Confinement) async throws {
        try await Pod.with("check") { pod in
            let delay = 5 * Self.graceSeconds
            let outcome = try await run(pod, .sampleSource, confinement, ["--main-delay", "\(delay)"])
            try await expect(outcome, of: pod, exitCode: 0, report: "success")
            #expect(try await storedOutput(of: pod)["checkConnection"]["status"] == "succeeded")
        }
    }

    @Test(arguments: Confinement.allCases)
    func outputOfAConnectorWithATightUmaskIsRead(_ confinement: Confinement) async throws {
        try await Pod.with("check") { pod in
            let outcome = try await run(pod, .sampleSource, confinement, ["--umask", "077"])
            try await expect(outcome, of: pod, exitCode: 0, report: "success")
            #expect(try await storedOutput(of: pod)["checkConnection"]["status"] == "succeeded")
        }
    }

    /// In a full volume, `exitCode.txt` is there but empty.
    @Test(arguments: Confinement.allCases)
    func fullVolumeIsNamed(_ confinement: Confinement) async throws {
        try await Pod.with("check") { pod in
            let volume = ["--volume-options", "size=256k"]
            let outcome = try await run(pod, .script("line still here\nfill 1000000"), confinement, volume)
            try await expect(outcome, of: pod, exitCode: 1, report: "failure")
            let output = try await storedOutput(of: pod)
            #expect(output["checkConnection"]["status"] == "failed")
            let message = try #require(output["failureReason"]["externalMessage"].text)
            #expect(message.contains("full"), "\(message)")
            #expect(try exitCodeFile(of: pod) == "")
        }
    }

    @Test(arguments: Confinement.allCases)
    func resultBeforeTheVolumeIsFullIsDelivered(_ confinement: Confinement) async throws {
        try await Pod.with("check") { pod in
            let volume = ["--volume-options", "size=256k"]
            let outcome = try await run(pod, .script("\(Self.result)\nfill 1000000"), confinement, volume)
            try await expect(outcome, of: pod, exitCode: 0, report: "success")
            #expect(try await storedOutput(of: pod)["checkConnection"]["status"] == "succeeded")
            #expect(try exitCodeFile(of: pod) == "")
        }
    }

    // MARK: What the tests have in common

    private func start(
        _ pod: Pod,
        _ connector: Connector,
        _ confinement: Confinement,
        _ options: [String] = []
    ) async throws -> PodmanPod {
        pod.environment["SIDECAR_LOST_CONNECTOR_GRACE_SECONDS"] = "\(Self.graceSeconds)"
        // What is not noticed in time ends then, so that the test fails before it has waited for long.
        pod.environment["SIDECAR_FILE_TIMEOUT_MINUTES"] = "\((Self.noticedSeconds + 20) / 60)"
        return try await pod.startPodman(connector, confinement, options)
    }

    private func run(
        _ pod: Pod,
        _ connector: Connector,
        _ confinement: Confinement,
        _ options: [String] = []
    ) async throws -> Outcome {
        try await pod.outcome(of: start(pod, connector, confinement, options).process)
    }

    /// One report and the marker.
    ///
    /// - Parameter moment: from when on the report has its time.
    private func expect(
        _ outcome: Outcome,
        of pod: Pod,
        exitCode: Int32,
        report: String,
        after moment: Date? = nil
    ) async throws {
        #expect(outcome.exitCode == exitCode, "\(outcome)")
        let reports = outcome.requests("success") + outcome.requests("failure")
        #expect(reports.compactMap { $0["call"].text } == [report], "\(outcome)")
        #expect(outcome.isMarked)
        #expect(!outcome.errors.contains("main still runs"))
        if let moment, let received = reports.first?["receivedAt"].number {
            #expect(received - moment.timeIntervalSince1970 < Self.noticedSeconds, "\(outcome)")
        }
    }

    private func storedOutput(of pod: Pod) async throws -> JSON {
        try JSON(parsing: try await pod.controlPlane.storedOutput())
    }

    private func exitCodeFile(of pod: Pod) throws -> String {
        try String(contentsOf: pod.workspace.appendingPathComponent("exitCode.txt"), encoding: .utf8)
    }
}
