import Foundation
import TelemetryPeers
import Testing

/// Metrics, traces and logs over OTLP, from the built program.
@Suite struct OTLPTelemetryTests {
    private static let succeeded =
        #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"#

    private func useOTLP(_ pod: Pod, _ origin: String) {
        pod.environment["MICROMETER_METRICS_ENABLED"] = "true"
        pod.environment["MICROMETER_METRICS_OTLP_ENABLED"] = "true"
        pod.environment["OTEL_TRACES_EXPORTER"] = "otlp"
        pod.environment["OTEL_LOGS_EXPORTER"] = "otlp"
        pod.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = origin
        pod.environment["AIRBYTE_VERSION"] = "1.8.0"
        pod.environment["HOSTNAME"] = "check-pod"
    }

    private func items(_ receiver: OTLPReceiver, _ signal: String) throws -> [OTLPReceiver.Item] {
        try receiver.requests().filter { $0.path == "/v1/\(signal)" }.flatMap { $0.items ?? [] }
    }

    private func warnings(_ outcome: Outcome) -> [Substring] {
        outcome.console.split(separator: "\n").filter { $0.contains("OTLP receiver") }
    }

    /// Everything is sent before the exit, long before anything is due.
    @Test(arguments: ["http/protobuf", "http/json"])
    func shortJobSendsEverything(_ encoding: String) async throws {
        let receiver = try OTLPReceiver()
        try await Pod.with("check") { pod in
            useOTLP(pod, receiver.origin)
            pod.environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = encoding
            let outcome = try await pod.run(.script("line \(Self.succeeded)\nline bye"))
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(warnings(outcome).isEmpty, "\(outcome)")
            #expect(try receiver.requests().allSatisfy { $0.problem == nil })

            let points = try items(receiver, "metrics")
            let workload = try #require(points.first { $0.name == "airbyte.sidecar.workloads" })
            #expect(workload.value == 1)
            #expect(workload.attributes["outcome"] == .string("success"))
            #expect(workload.temporality == "cumulative")
            #expect(workload.resource["k8s.pod.name"] == .string("check-pod"))
            #expect(workload.resource["service.instance.id"] != nil)
            let phases = points.filter { $0.name == "airbyte.sidecar.phase_duration" }
            #expect(phases.count == 5 && phases.allSatisfy { $0.count == 1 && $0.unit == "s" })
            let written = try #require(points.first { $0.name == "airbyte.job_output_write" })
            #expect(written.attributes["service.version"] == .string("1.8.0"))

            let logs = try items(receiver, "logs")
            let bodies = logs.compactMap(\.body)
            #expect(bodies.contains("----- START CHECK -----") && bodies.contains("----- END CHECK -----"))
            #expect(bodies.contains("bye"))
            #expect(logs.allSatisfy { $0.resource["airbyte.workload.id"] == .string(Pod.workloadID) })

            try expectOneTrace(try items(receiver, "traces"), logs)
        }
    }

    /// One span has no parent: the workload's, of which all others are parts.
    private func expectOneTrace(_ spans: [OTLPReceiver.Item], _ logs: [OTLPReceiver.Item]) throws {
        let roots = spans.filter { $0.parent == "" }
        #expect(roots.map(\.name) == ["check"])
        let root = try #require(roots.first)
        let parts = spans.filter { $0.parent != "" }
        #expect(parts.allSatisfy { $0.parent == root.span && $0.trace == root.trace })
        let names = Set(parts.compactMap(\.name))
        #expect(
            names.isSuperset(of: [
                "start", "connector", "decide", "deliver", "report", "PUT /api/v1/workload/running",
                "POST /api/v1/workload_output/write", "PUT /api/v1/workload/success",
            ]),
            "\(names)"
        )
        #expect(Set(spans.compactMap(\.span)).count == spans.count)
        #expect(spans.allSatisfy { ($0.start ?? 0) <= ($0.end ?? 0) })
        #expect(logs.allSatisfy { $0.trace == root.trace && $0.span == root.span })
        let running = try #require(spans.first { $0.name == "PUT /api/v1/workload/running" })
        #expect(running.attributes["http.response.status_code"] == .int(204))
    }

    /// Each request to the platform says which span it is.
    @Test func traceparentIsTheSpanOfItsRequest() async throws {
        let receiver = try OTLPReceiver()
        try await Pod.with("check") { pod in
            useOTLP(pod, receiver.origin)
            let outcome = try await pod.run(.script("line \(Self.succeeded)"))
            #expect(outcome.exitCode == 0, "\(outcome)")
            let spans = try items(receiver, "traces")
            let known = Set(spans.compactMap { "00-\($0.trace ?? "")-\($0.span ?? "")-01" })
            let sent = outcome.requests.compactMap { $0["headers"]["traceparent"].text }
            #expect(sent.count == outcome.requests.count && !sent.isEmpty)
            #expect(Set(sent).isSubset(of: known), "\(sent) \(known)")
            #expect(Set(sent).count == sent.count)
        }
    }

    /// Whatever the receiver does, the job is the same, and one warning a signal is logged.
    @Test(
        arguments: [
            (.refuse, 3), (.hang, 3), (.retryDate, 3), (.error, 3), (.bad, 3), (.unauthorized, 3),
            (.close, 3),
            (.partial, 3), (.partialNull, 0), (.empty, 0),
        ] as [(OTLPReceiver.Fault, Int)]
    )
    func faultyReceiverCostsNothing(_ fault: OTLPReceiver.Fault, _ count: Int) async throws {
        let receiver = try OTLPReceiver([fault])
        try await Pod.with("check") { pod in
            useOTLP(pod, receiver.origin)
            pod.environment["OTEL_EXPORTER_OTLP_HEADERS"] = "Authorization=Bearer%20secret-of-the-receiver"
            let outcome = try await pod.run(.script("line \(Self.succeeded)"))
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls == ["running", "output", "success"], "\(outcome)")
            #expect(warnings(outcome).count == count, "\(outcome)")
            #expect(!outcome.console.contains("secret-of-the-receiver"), "\(outcome)")
            #expect(outcome.isMarked)
            let last = outcome.console.split(separator: "\n").last ?? ""
            #expect(last.contains("Summary: CHECK success"), "\(outcome)")
        }
    }

    @Test func everythingLeavesAfterASignalToo() async throws {
        let receiver = try OTLPReceiver()
        try await Pod.with("check") { pod in
            useOTLP(pod, receiver.origin)
            let sidecar = try pod.startSidecar()
            try pod.startConnector(.script("line still here\nsleep 60"))
            #expect(try await sidecar.waitForOutput("still here"))
            sidecar.send(SIGTERM)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 143, "\(outcome)")
            let points = try items(receiver, "metrics")
            let workload = try #require(points.first { $0.name == "airbyte.sidecar.workloads" })
            #expect(workload.attributes["outcome"] == .string("stopped"))
            let root = try #require(try items(receiver, "traces").first { $0.parent == "" })
            #expect(root.status == 2 && root.message == "stopped")
            #expect(try items(receiver, "logs").contains { $0.body == "----- END CHECK -----" })
        }
    }

    /// Log events are masked before they go anywhere.
    @Test func secretsDoNotLeave() async throws {
        let receiver = try OTLPReceiver()
        try await Pod.with("check") { pod in
            useOTLP(pod, receiver.origin)
            let outcome = try await pod.run(.script("line the key is correct-horse\nline \(Self.succeeded)"))
            #expect(outcome.exitCode == 0, "\(outcome)")
            let bodies = try items(receiver, "logs").compactMap(\.body)
            #expect(bodies.contains { $0.hasPrefix("the key is ") })
            #expect(!bodies.contains { $0.contains("correct-horse") })
        }
    }
}
