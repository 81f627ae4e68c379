import ArgumentParser
import BenchHarness
import BenchReport

/// What telemetry costs a job, with good receivers and bad ones.
struct TelemetryCosts: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "telemetry",
        abstract: "What StatsD and OTLP cost a job, and what receivers that fail do to it.",
        discussion: """
            Every round plays the same job with telemetry off, over StatsD, with all of OTLP (metrics, traces, logs), \
            and with receivers that refuse, answer 500 or never answer, in turn; the next round begins with the next \
            of them. --before adds another build, without telemetry.
            """
    )

    @OptionGroup var common: CommonOptions

    @OptionGroup var jobs: JobOptions

    @Option(help: "Rounds.")
    var runs = 100

    @Option(help: "Longest pause between two steps, in seconds.")
    var pause = 0.05

    @Option(help: "The program of another build, to compare with when telemetry is off.")
    var before: String?

    func validate() throws {
        guard runs > 0, pause > 0 else { throw ValidationError("--runs and --pause are positive") }
    }

    func run() throws {
        let variants = try jobs.variants()
        let sidecar = try common.checkedSidecar()
        var report = Report(
            command: "telemetry",
            parameters: [
                MachineFacts.Fact("runs", "\(runs)"), MachineFacts.Fact("jobs", jobs.operations),
                MachineFacts.Fact("distances", "\(jobs.distances) ms"),
                MachineFacts.Fact("a result stands", "\(jobs.standing) s"),
                MachineFacts.Fact("before", before ?? "-"), MachineFacts.Fact("seed", "\(common.seed)"),
            ]
        )
        try common.withHarness { harness in
            let receiver = try TelemetryReceiver()
            defer { receiver.stop() }
            let player = JobPlayer(
                harness: harness,
                maxPause: pause,
                standing: jobs.standing.bounds,
                seed: common.seed
            )
            player.readsPeak = true
            player.measuresConsole = false
            player.receiver = receiver
            let setups = Setup.allCases.filter { $0 != .before || before != nil }
            let progress = Progress("telemetry", total: runs)
            var timings = JobTimings()
            for round in 1...runs {
                for variant in variants {
                    // Whoever follows one that waits for a receiver finds the processor's caches cold.
                    for place in setups.indices {
                        let setup = setups[(place + round) % setups.count]
                        let program = setup.program(sidecar, before: before, receiver)
                        let timing = try player.play(variant, program, round: round)
                        if let problem = setup.problem(timing.received) {
                            throw HarnessError("\(setup.rawValue): \(problem)")
                        }
                        timings.add(timing, setup.rawValue, variant)
                    }
                }
                progress.show(round)
            }
            for variant in variants {
                for setup in setups { timings.report(setup.rawValue, variant, to: &report) }
            }
        }
        for variant in variants { compare(variant, &report) }
        report.notes.append(
            "The peak is read when the report has come, and when a request of OTLP has come: after it, for the last flush."
        )
        try common.publish(report)
    }

    private func compare(_ variant: JobVariant, _ report: inout Report) {
        let off = variant.subject(Setup.off.rawValue)
        for metric in JobMetric.compared {
            report.compare(metric, off, to: variant.subject(Setup.before.rawValue))
        }
        for setup in Setup.allCases where setup != .off && setup != .before {
            let subject = variant.subject(setup.rawValue)
            report.compare(JobMetric.completion, subject, to: off)
            report.subtract(JobMetric.exit, off, from: subject, target: Aims.telemetryExit)
            let processorTime: Target? =
                switch setup {
                case .statsD: Aims.statsDProcessorTime
                case .otlp: Aims.otlpProcessorTime
                default: nil
                }
            report.subtract(JobMetric.cpu, off, from: subject, target: processorTime)
            report.subtract(JobMetric.peak, off, from: subject, target: Aims.telemetryMemory)
        }
    }
}

/// What the program is told about telemetry, and who receives it.
private enum Setup: String, CaseIterable {
    case before
    case off
    case statsD = "StatsD"
    case otlp = "OTLP"
    case statsDRefused = "StatsD refused"
    case otlpRefused = "OTLP refused"
    case otlpFailing = "OTLP 500"
    case otlpHanging = "OTLP hangs"

    func program(_ sidecar: String, before: String?, _ receiver: TelemetryReceiver) -> Program {
        Program(
            name: rawValue.filter { $0 != " " },
            command: [self == .before ? before ?? sidecar : sidecar],
            settings: settings(receiver)
        )
    }

    private func settings(_ receiver: TelemetryReceiver) -> [String: String] {
        switch self {
        case .before, .off: [:]
        case .statsD: Self.statsD(receiver.datagramPort)
        case .statsDRefused: Self.statsD(receiver.refusingPort)
        case .otlp: Self.otlp(receiver.url(.takes))
        case .otlpRefused: Self.otlp("http://127.0.0.1:\(receiver.refusingPort)")
        case .otlpFailing: Self.otlp(receiver.url(.fails))
        case .otlpHanging: Self.otlp(receiver.url(.hangs))
        }
    }

    private static func statsD(_ port: UInt16) -> [String: String] {
        [
            "MICROMETER_METRICS_ENABLED": "true", "MICROMETER_METRICS_STATSD_ENABLED": "true",
            "STATSD_HOST": "127.0.0.1", "STATSD_PORT": "\(port)",
        ]
    }

    private static func otlp(_ url: String) -> [String: String] {
        [
            "MICROMETER_METRICS_ENABLED": "true", "MICROMETER_METRICS_OTLP_ENABLED": "true",
            "OTEL_TRACES_EXPORTER": "otlp", "OTEL_LOGS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        ]
    }

    /// Why nothing was measured; nil where the receiver has got what it was to get.
    func problem(_ received: TelemetryReceiver.Received) -> String? {
        switch self {
        case .before, .off, .statsDRefused, .otlpRefused:
            received.datagrams + received.requests == 0 ? nil : "there was telemetry for nobody"
        case .statsD: received.datagrams > 0 ? nil : "no datagram has come"
        // Metrics, traces and logs.
        case .otlp, .otlpFailing, .otlpHanging:
            received.requests >= 3 ? nil : "\(received.requests) requests have come, and at least 3 were due"
        }
    }
}
