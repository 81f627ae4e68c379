import Foundation
import TestSupport
import Testing

/// Metrics over StatsD, from the built program.
@Suite struct StatsDTelemetryTests {
    private static let succeeded =
        #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"#

    private func useStatsD(_ pod: Pod, port: UInt16) {
        pod.environment["MICROMETER_METRICS_ENABLED"] = "true"
        pod.environment["MICROMETER_METRICS_STATSD_ENABLED"] = "true"
        pod.environment["STATSD_HOST"] = "127.0.0.1"
        pod.environment["STATSD_PORT"] = "\(port)"
        pod.environment["AIRBYTE_VERSION"] = "1.8.0"
    }

    /// The values of the lines that begin with the name and have all of the tags.
    private func values(_ lines: [String], _ name: String, _ tags: String...) -> [Double] {
        lines.filter { line in
            line.hasPrefix("\(name):") && tags.allSatisfy { tag in line.contains(tag) }
        }.compactMap { line in
            Double(line.dropFirst(name.count + 1).prefix { $0 != "|" })
        }
    }

    /// Everything is sent before the exit, long before the first flush is due.
    @Test(arguments: Backend.allCases)
    func shortJobSendsAllItsMetrics(_ backend: Backend) async throws {
        let receiver = try #require(DatagramReceiver(.loopback()))
        try await Pod.with("check", backend: backend) { pod in
            useStatsD(pod, port: receiver.port)
            let script = #"line \#(Self.succeeded)\#nline no message\#nline {"type":"RECORD","record":{"#
            let outcome = try await pod.run(.script(script))
            #expect(outcome.exitCode == 0, "\(outcome)")
            let lines = receiver.lines()
            #expect(values(lines, "airbyte.job_output_write", "status:success", "version:1.8.0") == [1])
            #expect(
                values(
                    lines,
                    "airbyte.workload-api-client.success",
                    "retry-attempt:1",
                    "method:PUT",
                    "url:\(pod.controlPlane.baseURL)/api/v1/workload/success"
                ) == [1]
            )
            #expect(
                values(lines, "airbyte.non_airbyte_message_log_line", "malformed_log_line_length:10") == [1]
            )
            #expect(
                values(lines, "airbyte.line_skipped_with_record", "malformed_log_line_length:10") == [1]
            )
            let workload = values(
                lines,
                "airbyte.sidecar.workloads",
                "operation:check",
                "outcome:success",
                "failure_type:none",
                "sink:api",
                "backend:\(backend.rawValue)"
            )
            #expect(workload == [1], "\(lines)")
            for phase in ["start", "connector", "decide", "deliver", "report"] {
                let times = values(lines, "airbyte.sidecar.phase_duration", "phase:\(phase)")
                #expect(times.count == 1 && times[0] >= 0, "\(phase): \(times)")
            }
            #expect(values(lines, "airbyte.sidecar.output_lines") == [3])
            #expect(values(lines, "airbyte.sidecar.peak_memory").allSatisfy { $0 > 1_000_000 })
            #expect(values(lines, "airbyte.sidecar.log_lines", "level:INFO").count == 1)
        }
    }

    @Test(arguments: [
        ("etsy", "airbyteJob_output_write.service.airbyte-connector-sidecar.statistic.count.status.success"),
        (
            "telegraf",
            "airbyte_job_output_write,statistic=count,service=airbyte-connector-sidecar,status=success"
        ),
        (
            "sysdig",
            "airbyte.job_output_write#statistic=count,service=airbyte_connector_sidecar,status=success"
        ),
    ])
    func flavorIsHonoured(_ flavor: String, _ beginning: String) async throws {
        let receiver = try #require(DatagramReceiver(.loopback()))
        try await Pod.with("check") { pod in
            useStatsD(pod, port: receiver.port)
            pod.environment["MICROMETER_METRICS_STATSD_FLAVOR"] = flavor
            let outcome = try await pod.run(.script("line \(Self.succeeded)"))
            #expect(outcome.exitCode == 0, "\(outcome)")
            let lines = receiver.lines()
            #expect(lines.contains { $0.hasPrefix(beginning) }, "\(lines)")
        }
    }

    @Test func unixSocketGetsMetricsToo() async throws {
        try await Pod.with("check") { pod in
            let path = pod.folder.appendingPathComponent("dsd.socket").path
            let receiver = try #require(DatagramReceiver(.unix(path: path)))
            useStatsD(pod, port: 1)
            pod.environment["STATSD_HOST"] = nil
            pod.environment["DD_DOGSTATSD_URL"] = "unix://\(path)"
            let outcome = try await pod.run(.script("line \(Self.succeeded)"))
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(values(receiver.lines(), "airbyte.sidecar.workloads", "outcome:success") == [1])
        }
    }

    /// Nobody listens, and the name does not exist.
    @Test(arguments: ["127.0.0.1", "no-such-host.invalid"])
    func receiverThatIsGoneCostsOneWarning(_ host: String) async throws {
        let port = try #require(DatagramReceiver(.loopback())).port
        try await Pod.with("check") { pod in
            useStatsD(pod, port: port)
            pod.environment["STATSD_HOST"] = host
            let outcome = try await pod.run(.script("line \(Self.succeeded)"))
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls == ["running", "output", "success"], "\(outcome)")
            let warnings = outcome.console.split(separator: "\n").filter { $0.contains("over StatsD") }
            #expect(warnings.count == 1 && warnings[0].contains("WARN"), "\(outcome)")
        }
    }

    @Test func metricsLeaveAfterASignalToo() async throws {
        let receiver = try #require(DatagramReceiver(.loopback()))
        try await Pod.with("check") { pod in
            useStatsD(pod, port: receiver.port)
            let sidecar = try pod.startSidecar()
            try pod.startConnector(.script("line still here\nsleep 60"))
            #expect(try await sidecar.waitForOutput("still here"))
            sidecar.send(SIGTERM)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 143, "\(outcome)")
            let lines = receiver.lines()
            #expect(values(lines, "airbyte.sidecar.workloads", "outcome:stopped") == [1], "\(lines)")
            #expect(values(lines, "airbyte.sidecar.phase_duration", "phase:report").count == 1)
        }
    }

    @Test func retriesAndMissedHeartbeatsAreCounted() async throws {
        let receiver = try #require(DatagramReceiver(.loopback()))
        try await Pod.with("check") { pod in
            useStatsD(pod, port: receiver.port)
            try await pod.controlPlane.addFault(
                #"{"call": "heartbeat", "status": 503, "times": 2}"#
            )
            try await pod.controlPlane.addFault(
                #"{"call": "output", "status": 503, "times": 1}"#
            )
            pod.deliversAtTheEnd()
            let sidecar = try pod.startSidecar()
            try pod.startConnector(.script("line \(Self.succeeded)\nwait-for go"))
            try await pod.controlPlane.wait(for: "heartbeat", count: 3)
            try pod.write("", to: "go")
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            let lines = receiver.lines()
            #expect(values(lines, "airbyte.sidecar.heartbeat_misses") == [2], "\(outcome)\(lines)")
            #expect(values(lines, "airbyte.sidecar.retries", "call:heartbeat") == [2], "\(lines)")
            #expect(values(lines, "airbyte.sidecar.retries", "call:write_output") == [1], "\(lines)")
            #expect(values(lines, "airbyte.api-client.abort", "retry-attempt:1") == [1], "\(lines)")
            #expect(!values(lines, "airbyte.sidecar.heartbeat_round_trip").isEmpty)
        }
    }

    /// The variables that the launcher passes, or a node has, switch nothing on.
    @Test(arguments: Backend.allCases)
    func offThereIsNoSocketBesidesTheCalls(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.environment["DD_AGENT_HOST"] = "127.0.0.1"
            pod.environment["DD_DOGSTATSD_URL"] = "udp://127.0.0.1:8125"
            pod.environment["DD_SERVICE"] = "source"
            pod.environment["OTEL_COLLECTOR_ENDPOINT"] = "http://127.0.0.1:4318/v1/metrics"
            pod.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:4318"
            pod.environment["OTEL_SDK_DISABLED"] = "true"
            let trace = pod.folder.appendingPathComponent("trace")
            pod.launcher += ["/usr/bin/strace", "--output", trace.path, "-e", "trace=socket,connect"]
            let outcome = try await pod.run(.script("line \(Self.succeeded)"))
            #expect(outcome.exitCode == 0, "\(outcome)")
            let lines = String(decoding: try Data(contentsOf: trace), as: UTF8.self).split(separator: "\n")
            let port = try #require(URL(string: pod.controlPlane.baseURL)?.port)
            let connects = lines.filter { $0.hasPrefix("connect(") }
            #expect(!connects.isEmpty && connects.allSatisfy { $0.contains("htons(\(port))") }, "\(lines)")
            #expect(!lines.contains { $0.contains("SOCK_DGRAM") }, "\(lines)")
        }
    }
}
