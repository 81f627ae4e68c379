import ArgumentParser
import BenchHarness
import BenchReport
import SyntheticOutput

/// How long it takes from the outside: to be there, to show a line, to report the end.
struct Latency: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Time to the announcement, to a log line on the console, and from the exit code to the report.",
        discussion: """
            Every round plays the same jobs with each program, in turn: the sidecar on io_uring and on epoll, the \
            floor (a C program that does nothing but the same calls, at the exit code), and the sidecar as a poller \
            that looks at its files every 100 ms. With --distances 0,20 the control plane is also 20 ms away.
            """
    )

    @OptionGroup var common: CommonOptions

    @OptionGroup var jobs: JobOptions

    @Option(help: "Rounds.")
    var runs = 1_000

    @Option(help: "The programs, of: io_uring, epoll, floor, poller.")
    var programs = "io_uring,epoll,floor,poller"

    @Option(help: "How often the poller looks, in seconds; the harness's pauses are up to as long.")
    var pollInterval = 0.1

    func validate() throws {
        guard runs > 0, pollInterval > 0 else {
            throw ValidationError("--runs and --poll-interval are positive")
        }
    }

    func run() throws {
        let variants = try jobs.variants()
        var report = Report(
            command: "latency",
            parameters: [
                MachineFacts.Fact("runs", "\(runs)"), MachineFacts.Fact("seed", "\(common.seed)"),
                MachineFacts.Fact("poll interval", "\(pollInterval) s"),
                MachineFacts.Fact("jobs", jobs.operations),
                MachineFacts.Fact("distances", "\(jobs.distances) ms"),
                MachineFacts.Fact("a result stands", "\(jobs.standing) s"),
            ]
        )
        try common.withHarness { harness in
            let programs = try chosenPrograms(harness)
            let player = JobPlayer(
                harness: harness,
                maxPause: pollInterval,
                standing: jobs.standing.bounds,
                seed: common.seed
            )
            let progress = Progress("latency", total: runs)
            var timings = JobTimings()
            for round in 1...runs {
                for variant in variants {
                    for program in programs {
                        timings.add(try player.play(variant, program, round: round), program.name, variant)
                    }
                }
                progress.show(round)
            }
            for variant in variants {
                for program in programs { timings.report(program.name, variant, to: &report) }
            }
        }
        for variant in variants { compare(variant, &report) }
        report.notes.append(
            "The floor passes the output on as it is, parses nothing, and delivers at the exit code."
        )
        try common.publish(report)
    }

    private func chosenPrograms(_ harness: Harness) throws -> [Program] {
        let sidecar = try common.checkedSidecar()
        return try programs.split(separator: ",").map { name in
            switch name {
            case "io_uring", "epoll": Program.sidecar(sidecar, backend: String(name))
            case "floor":
                Program(name: "floor", command: [try CommonOptions.builtFloor(harness)], watching: .inotify)
            case "poller": Program.poller(sidecar, everySeconds: pollInterval)
            default: throw ValidationError("there is no program '\(name)'")
            }
        }
    }

    private func compare(_ variant: JobVariant, _ report: inout Report) {
        let floor = variant.subject("floor")
        let poller = variant.subject("poller")
        // The start, the console and the processor time of another job are the same.
        let isCheck = variant.operation == .check
        for backend in ["io_uring", "epoll"] {
            let sidecar = variant.subject(backend)
            report.compare(JobMetric.spawn, sidecar, to: floor, target: isCheck ? Aims.start : nil)
            report.compare(JobMetric.firstLine, sidecar, to: floor)
            report.compare(JobMetric.console, sidecar, to: floor, target: isCheck ? Aims.console : nil)
            report.compare(JobMetric.result, sidecar, to: floor)
            report.compare(JobMetric.output, sidecar, to: floor)
            report.compare(JobMetric.completion, sidecar, to: floor, target: Aims.completion(variant))
            report.compare(JobMetric.completion, sidecar, to: poller)
            report.compare(JobMetric.cpu, sidecar, to: floor, target: isCheck ? Aims.processorTime : nil)
        }
        report.compare(JobMetric.completion, variant.subject("io_uring"), to: variant.subject("epoll"))
    }
}
