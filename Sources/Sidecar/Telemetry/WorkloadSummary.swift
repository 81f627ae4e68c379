import AirbyteProtocol
import HTTP
import Scheduling
import Telemetry
import Text
import Workload

/// What a workload was and how it went: the last line of the log, and what telemetry says about the job as a whole.
struct WorkloadSummary {
    var operation: Operation
    var image: ConnectorImage
    var outcome: WorkloadOutcome
    /// Nil where the connector's result is delivered.
    var failureType: FailureType?
    var exitStatus: Int32
    /// Nil where the connector left none that can be used.
    var connectorExitCode: Int32?
    var timeline: WorkloadTimeline
    /// Bytes of the connector's output that were read.
    var outputBytes: Int
    var outputLines: Int
    var retries: [(call: RequestPurpose.Call, count: Int)]
    /// Heartbeats that were not accepted.
    var heartbeatMisses: Int
    /// `api`, `storage`, or `none` where nothing took the job output.
    var sink: String
    var backend: String
    var wakeups: Int
    /// In bytes; nil where the kernel does not tell.
    var peakMemory: Int?
    /// Log events that were passed on, by level.
    var logLines: [(level: String, count: Int)]

    var retryCount: Int { retries.reduce(0) { $0 + $1.count } }
}

// MARK: - For people and log collectors

extension WorkloadSummary {
    /// One line.
    var text: String {
        var parts = ["\(operation.rawValue.uppercased()) \(outcome.rawValue)"]
        if let failureType { parts[0] += " (\(failureType.rawValue))" }
        parts.append("exit code \(exitStatus)")
        let phases = WorkloadTimeline.Phase.allCases.compactMap { phase in
            timeline.duration(of: phase).map { "\(phase.rawValue) \($0.shortText)" }
        }
        if let total = timeline.total {
            let details = phases.isEmpty ? "" : " (\(phases.joined(separator: ", ")))"
            parts.append("took \(total.shortText)\(details)")
        }
        parts.append("output \(outputBytes) bytes in \(outputLines) \(outputLines == 1 ? "line" : "lines")")
        parts.append("\(retryCount) \(retryCount == 1 ? "retry" : "retries")")
        parts.append("sink \(sink)")
        if let peakMemory { parts.append("peak memory \((peakMemory + 512 * 1_024) / (1_024 * 1_024)) MiB") }
        return "Summary: \(parts.joined(separator: ", "))"
    }

    /// The same, and a little more, as a JSON object. Times are in milliseconds.
    var json: [UInt8] {
        JSONWriter.object { writer in
            writer.member("operation", operation.rawValue)
            writer.member("outcome", outcome.rawValue)
            writer.member("failureType", failureType?.rawValue)
            writer.member("exitCode", Int64(exitStatus))
            writer.member("connectorExitCode", connectorExitCode.map(Int64.init))
            writer.key("milliseconds")
            writer.beginObject()
            for phase in WorkloadTimeline.Phase.allCases {
                if let duration = timeline.duration(of: phase) {
                    writer.key(phase.rawValue)
                    writer.raw(duration.milliseconds.utf8)
                }
            }
            if let total = timeline.total {
                writer.key("total")
                writer.raw(total.milliseconds.utf8)
            }
            writer.endObject()
            writer.member("outputBytes", Int64(outputBytes))
            writer.member("outputLines", Int64(outputLines))
            writer.key("retries")
            writer.beginObject()
            for (call, count) in retries { writer.member(call.rawValue, Int64(count)) }
            writer.endObject()
            writer.member("heartbeatMisses", Int64(heartbeatMisses))
            writer.member("sink", sink)
            writer.member("backend", backend)
            writer.member("wakeups", Int64(wakeups))
            writer.member("peakMemoryBytes", peakMemory.map(Int64.init))
        }
    }
}

// MARK: - For telemetry

extension WorkloadSummary {
    /// - Parameter roundTrips: of heartbeats, in seconds.
    func measurements(roundTrips: [Double]) -> [Measurement] {
        var all: [Measurement] = []
        func add(_ metric: Metric, _ value: Double, _ own: Tag...) {
            all.append(Measurement(metric, value, jobTags(own)))
        }
        add(
            .workloads,
            1,
            Tag(.failureType, failureType?.rawValue ?? "none"),
            Tag(.sink, sink),
            Tag(.backend, backend)
        )
        for phase in WorkloadTimeline.Phase.allCases {
            if let duration = timeline.duration(of: phase) {
                add(.phaseDuration, duration.seconds, Tag(.phase, phase.rawValue))
            }
        }
        if outputBytes > 0 { add(.outputBytes, Double(outputBytes)) }
        if outputLines > 0 { add(.outputLines, Double(outputLines)) }
        for (level, count) in logLines { add(.logLines, Double(count), Tag(.level, level)) }
        for (call, count) in retries { add(.retries, Double(count), Tag(.call, call.rawValue)) }
        for roundTrip in roundTrips { add(.heartbeatRoundTrip, roundTrip) }
        if heartbeatMisses > 0 { add(.heartbeatMisses, Double(heartbeatMisses)) }
        add(.wakeups, Double(wakeups), Tag(.backend, backend))
        if let peakMemory { add(.peakMemory, Double(peakMemory)) }
        return all
    }

    /// In the order of `Metric.tags`.
    private func jobTags(_ own: [Tag]) -> [Tag] {
        [Tag(.operation, operation.rawValue), Tag(.outcome, outcome.rawValue)] + own
            + [Tag(.connectorImage, image.name), Tag(.connectorVersion, image.version)]
    }

    /// The workload's span and those of its phases.
    func recordSpans(_ telemetry: Telemetry) {
        for phase in WorkloadTimeline.Phase.allCases {
            if let span = timeline.span(of: phase) {
                telemetry.recordPart(phase.rawValue, from: span.start, to: span.end)
            }
        }
        guard let end = timeline.ended else { return }
        var attributes = [
            Attribute("airbyte.outcome", outcome.rawValue),
            Attribute("airbyte.sink", sink),
            Attribute("airbyte.output_bytes", .int(Int64(outputBytes))),
            Attribute("airbyte.output_lines", .int(Int64(outputLines))),
            Attribute("process.exit.code", .int(Int64(exitStatus))),
        ]
        if let connectorExitCode {
            attributes.append(Attribute("airbyte.connector.exit_code", .int(Int64(connectorExitCode))))
        }
        if let failureType { attributes.append(Attribute("error.type", failureType.rawValue)) }
        telemetry.recordWorkload(
            operation.rawValue,
            from: timeline.started,
            to: end,
            attributes: attributes,
            status: outcome == .success ? .unset : .error(outcome.rawValue)
        )
    }
}

extension Duration {
    /// Milliseconds with up to three decimals, as a JSON number.
    fileprivate var milliseconds: String {
        let microseconds = max(0, nanoseconds) / 1_000
        let fraction = String(microseconds % 1_000)
        return "\(microseconds / 1_000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)"
    }

    /// For the eye, at least two digits of the value: `0.42 ms`, `17 ms`, `2.31 s`, `184 s`.
    fileprivate var shortText: String {
        let microseconds = max(0, nanoseconds) / 1_000
        if microseconds < 10_000 { return "\(Self.hundredths(microseconds / 10)) ms" }
        if microseconds < 1_000_000 { return "\(microseconds / 1_000) ms" }
        if microseconds < 100_000_000 { return "\(Self.hundredths(microseconds / 10_000)) s" }
        return "\(microseconds / 1_000_000) s"
    }

    private static func hundredths(_ count: Int64) -> String {
        let fraction = count % 100
        return "\(count / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }
}
