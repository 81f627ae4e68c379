/// Everything that is measured: the platform's own names, and ours, which begin with `airbyte.sidecar.`.
///
/// docs/METRICS.md describes each of them; a test compares the two.
package enum Metric: Hashable, Sendable, CaseIterable {
    // The platform's.
    case jobOutputWrite
    case workloadAPISuccess
    case workloadAPIFailure
    case workloadAPIAbort
    case serverAPISuccess
    case serverAPIFailure
    case serverAPIAbort
    case nonAirbyteMessageLogLine
    case lineSkippedWithRecord
    case lineSkippedTooLong
    case tooLongLines

    // Ours.
    case workloads
    case phaseDuration
    case outputBytes
    case outputLines
    case logLines
    case retries
    case heartbeatRoundTrip
    case heartbeatMisses
    case wakeups
    case peakMemory
    case telemetryDropped

    package enum Kind: String, Hashable, Sendable {
        /// Only grows; the value is added.
        case counter
        /// The last value counts.
        case gauge
        /// Durations. Values are in seconds; StatsD gets milliseconds.
        case timer
        /// Values of which the distribution matters.
        case distribution
    }

    /// The unit of the values, in the notation of UCUM.
    package enum Unit: String, Hashable, Sendable {
        case one = "1"
        case seconds = "s"
        case bytes = "By"
        /// UTF-16 code units, as the platform counts a line's length.
        case characters = "{character}"
    }

    package var name: String { facts.name }
    package var kind: Kind { facts.kind }
    package var unit: Unit { facts.unit }

    /// One sentence for people who meet the metric in their own tools.
    package var summary: String { facts.summary }

    /// Whether the name is one of Airbyte's own.
    package var isPlatforms: Bool { !name.hasPrefix("airbyte.sidecar.") }

    /// The tags that its series have besides those of all metrics, in the order of their weight.
    package var tags: [TagName] {
        switch facts.tags {
        case .none: []
        case .one(let tag): [tag]
        case .call: [.maxRetries, .retryAttempt, .method, .url, .workloadID]
        case .job: [.operation, .outcome, .connectorImage, .connectorVersion]
        case .jobAnd(let tag): [.operation, .outcome, tag, .connectorImage, .connectorVersion]
        case .workload:
            [.operation, .outcome, .failureType, .sink, .backend, .connectorImage, .connectorVersion]
        }
    }

    /// Which tags there are; the list is made when it is asked for.
    private enum Tags {
        case none
        case one(TagName)
        /// What tells one call to the platform from another.
        case call
        /// What tells one job from another, and what the metric adds.
        case job
        case jobAnd(TagName)
        case workload
    }

    private struct Facts {
        var name: String
        var kind: Kind
        var unit: Unit
        var tags: Tags
        var summary: String
    }

    private var facts: Facts {
        switch self {
        case .jobOutputWrite:
            Facts(
                name: "airbyte.job_output_write",
                kind: .counter,
                unit: .one,
                tags: .one(.status),
                summary: "Job outputs that were delivered, or could not be"
            )
        case .workloadAPISuccess: Self.call("workload-api-client.success", "Attempts that were answered")
        case .workloadAPIFailure: Self.call("workload-api-client.failure", "Calls that failed for good")
        case .workloadAPIAbort: Self.call("workload-api-client.abort", "Attempts without an answer")
        case .serverAPISuccess: Self.call("api-client.success", "Attempts answered with less than 500")
        case .serverAPIFailure: Self.call("api-client.failure", "Calls that failed for good")
        case .serverAPIAbort: Self.call("api-client.abort", "Attempts that failed")
        case .nonAirbyteMessageLogLine:
            Self.line("non_airbyte_message_log_line", "Output lines that are no messages")
        case .lineSkippedWithRecord:
            Self.line("line_skipped_with_record", "Broken output lines that look like records")
        case .lineSkippedTooLong:
            Facts(
                name: "airbyte.line_skipped_too_long",
                kind: .counter,
                unit: .one,
                tags: .none,
                summary: "Output lines of 20,000,000 characters or more"
            )
        case .tooLongLines:
            Facts(
                name: "airbyte.too_long_lines_distribution",
                kind: .distribution,
                unit: .characters,
                tags: .none,
                summary: "Lengths of the output lines that are too long"
            )
        case .workloads:
            Facts(
                name: "airbyte.sidecar.workloads",
                kind: .counter,
                unit: .one,
                tags: .workload,
                summary: "Workloads that have ended"
            )
        case .phaseDuration:
            Facts(
                name: "airbyte.sidecar.phase_duration",
                kind: .timer,
                unit: .seconds,
                tags: .jobAnd(.phase),
                summary: "How long each phase of a workload took"
            )
        case .outputBytes:
            Facts(
                name: "airbyte.sidecar.output_bytes",
                kind: .counter,
                unit: .bytes,
                tags: .job,
                summary: "Bytes of connector output that were read"
            )
        case .outputLines:
            Facts(
                name: "airbyte.sidecar.output_lines",
                kind: .counter,
                unit: .one,
                tags: .job,
                summary: "Lines of connector output that were read"
            )
        case .logLines:
            Facts(
                name: "airbyte.sidecar.log_lines",
                kind: .counter,
                unit: .one,
                tags: .jobAnd(.level),
                summary: "Log events that were written, by level"
            )
        case .retries:
            Facts(
                name: "airbyte.sidecar.retries",
                kind: .counter,
                unit: .one,
                tags: .jobAnd(.call),
                summary: "Attempts that repeated an earlier one"
            )
        case .heartbeatRoundTrip:
            Facts(
                name: "airbyte.sidecar.heartbeat_round_trip",
                kind: .timer,
                unit: .seconds,
                tags: .job,
                summary: "Time from a heartbeat to its answer"
            )
        case .heartbeatMisses:
            Facts(
                name: "airbyte.sidecar.heartbeat_misses",
                kind: .counter,
                unit: .one,
                tags: .job,
                summary: "Heartbeats that were not accepted"
            )
        case .wakeups:
            Facts(
                name: "airbyte.sidecar.wakeups",
                kind: .counter,
                unit: .one,
                tags: .jobAnd(.backend),
                summary: "Times that the event loop woke up"
            )
        case .peakMemory:
            Facts(
                name: "airbyte.sidecar.peak_memory",
                kind: .gauge,
                unit: .bytes,
                tags: .job,
                summary: "Largest resident memory of the process"
            )
        case .telemetryDropped:
            Facts(
                name: "airbyte.sidecar.telemetry_dropped",
                kind: .counter,
                unit: .one,
                tags: .one(.signal),
                summary: "Items of telemetry that found no room or no receiver"
            )
        }
    }

    private static func call(_ name: String, _ summary: String) -> Facts {
        Facts(name: "airbyte.\(name)", kind: .counter, unit: .one, tags: .call, summary: summary)
    }

    private static func line(_ name: String, _ summary: String) -> Facts {
        Facts(
            name: "airbyte.\(name)",
            kind: .counter,
            unit: .one,
            tags: .one(.malformedLineLength),
            summary: summary
        )
    }
}
