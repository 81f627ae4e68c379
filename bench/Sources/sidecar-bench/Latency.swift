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
            Every round plays the same job with each program, in turn: the sidecar on io_uring and on epoll, the floor \
            (a C program that does nothing but the same calls), and the sidecar as a poller that looks at its files \
            every 100 ms.
            """
    )

    @OptionGroup var common: CommonOptions

    @Option(help: "Rounds.")
    var runs = 1_000

    @Option(help: "The programs, of: io_uring, epoll, floor, poller.")
    var programs = "io_uring,epoll,floor,poller"

    @Option(help: "How often the poller looks, in seconds; the harness's pauses are up to as long.")
    var pollInterval = 0.1

    private typealias Metric = JobPlayer.Metric

    func validate() throws {
        guard runs > 0, pollInterval > 0 else {
            throw ValidationError("--runs and --poll-interval are positive")
        }
    }

    func run() throws {
        var report = Report(
            command: "latency",
            parameters: [
                MachineFacts.Fact("runs", "\(runs)"), MachineFacts.Fact("seed", "\(common.seed)"),
                MachineFacts.Fact("poll interval", "\(pollInterval) s"),
            ]
        )
        try common.withHarness { harness in
            let programs = try chosenPrograms(harness)
            let player = JobPlayer(harness: harness, maxPause: pollInterval, seed: common.seed)
            let progress = Progress("latency", total: runs)
            var timings: [String: [JobPlayer.Timing]] = [:]
            for round in 1...runs {
                for program in programs {
                    timings[program.name, default: []].append(
                        try player.play(Job(operation: .check), program)
                    )
                }
                progress.show(round)
            }
            for program in programs { add(timings[program.name] ?? [], program.name, to: &report) }
        }
        compare(&report)
        try common.publish(report)
    }

    private func chosenPrograms(_ harness: Harness) throws -> [Program] {
        let sidecar = try common.checkedSidecar()
        return try programs.split(separator: ",").map { name in
            switch name {
            case "io_uring", "epoll": Program.sidecar(sidecar, backend: String(name))
            case "floor":
                Program(name: "floor", command: [try CommonOptions.builtFloor(harness)], watches: true)
            case "poller": Program.poller(sidecar, everySeconds: pollInterval)
            default: throw ValidationError("there is no program '\(name)'")
            }
        }
    }

    private func add(_ timings: [JobPlayer.Timing], _ name: String, to report: inout Report) {
        // The poller's start has the making of its user namespace in it.
        if name != "poller" { report.add(Metric.spawn, name, .seconds, timings.map(\.spawnToRunning)) }
        report.add(Metric.firstLine, name, .seconds, timings.compactMap(\.firstLineToConsole))
        report.add(Metric.console, name, .seconds, timings.compactMap(\.lineToConsole))
        report.add(Metric.output, name, .seconds, timings.map(\.renameToOutput))
        report.add(Metric.completion, name, .seconds, timings.map(\.renameToSuccess))
        report.add(Metric.exit, name, .seconds, timings.map(\.successToExit))
        if name != "poller" { report.add(Metric.cpu, name, .seconds, timings.map(\.cpuSeconds)) }
    }

    private func compare(_ report: inout Report) {
        for backend in ["io_uring", "epoll"] {
            report.compare(Metric.spawn, backend, to: "floor", target: .atMost(2))
            report.compare(Metric.firstLine, backend, to: "floor")
            report.compare(Metric.console, backend, to: "floor")
            report.compare(Metric.output, backend, to: "floor")
            report.compare(Metric.completion, backend, to: "floor", target: .atMost(1.5))
            report.compare(Metric.completion, backend, to: "poller", target: .atMost(0.05))
            report.compare(Metric.cpu, backend, to: "floor")
        }
        report.compare(Metric.completion, "io_uring", to: "epoll")
        report.notes.append("The floor passes the output on as it is, and parses nothing.")
    }
}
