import ArgumentParser
import BenchHarness
import BenchReport

/// Two programs on the same job, in turn.
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Any two sidecars that take the same environment: each metric, and the ratio with its interval.",
        discussion: """
            A and B are command lines for the shell, as 'env SIDECAR_IO_BACKEND=epoll PATH'. Both play the same job, \
            A B A B, with everything else alike.
            """
    )

    @OptionGroup var common: CommonOptions

    @Option(help: "The first command.")
    var a: String

    @Option(help: "The second command, which the ratios are to.")
    var b: String

    @Option(help: "What the report calls the first.")
    var nameA = "A"

    @Option(help: "What the report calls the second.")
    var nameB = "B"

    @Option(help: "Rounds.")
    var runs = 100

    @Option(help: "The job, of: check, spec, discover.")
    var operation = "check"

    @Option(help: "Longest pause between two steps, in seconds.")
    var pause = 0.05

    @Option(help: "Seconds that a program may take for a step.")
    var patience = 20.0

    @Flag(help: "Leave out the time of log lines, for programs that show them only after the end.")
    var withoutConsole = false

    private typealias Metric = JobPlayer.Metric

    private var job: Job? { Job.Operation(rawValue: operation).map { Job(operation: $0) } }

    func validate() throws {
        guard runs > 0, pause > 0 else { throw ValidationError("--runs and --pause are positive") }
        guard nameA != nameB else { throw ValidationError("two names that are the same tell nothing") }
        guard job != nil else { throw ValidationError("there is no operation '\(operation)'") }
    }

    func run() throws {
        guard let job else { return }
        let programs = [Program.shell(name: nameA, a), Program.shell(name: nameB, b)]
        var report = Report(
            command: "compare",
            parameters: [
                MachineFacts.Fact(nameA, a), MachineFacts.Fact(nameB, b),
                MachineFacts.Fact("runs", "\(runs)"),
                MachineFacts.Fact("job", operation), MachineFacts.Fact("seed", "\(common.seed)"),
            ]
        )
        try common.withHarness { harness in
            harness.patienceSeconds = patience
            let player = JobPlayer(harness: harness, maxPause: pause, seed: common.seed)
            player.readsPeak = true
            player.measuresConsole = !withoutConsole
            let progress = Progress("compare", total: runs)
            var timings: [[JobPlayer.Timing]] = [[], []]
            for round in 1...runs {
                for (index, program) in programs.enumerated() {
                    timings[index].append(try player.play(job, program))
                }
                progress.show(round)
            }
            for (index, program) in programs.enumerated() { add(timings[index], program.name, to: &report) }
        }
        for metric in [
            Metric.spawn, Metric.firstLine, Metric.console, Metric.output, Metric.completion, Metric.exit,
            Metric.cpu,
            Metric.peak,
        ] {
            report.compare(metric, nameA, to: nameB)
        }
        report.notes.append(
            "Both commands are started by a shell, which they replace: it is part of the spawn."
        )
        try common.publish(report)
    }

    private func add(_ timings: [JobPlayer.Timing], _ name: String, to report: inout Report) {
        report.add(Metric.spawn, name, .seconds, timings.map(\.spawnToRunning))
        report.add(Metric.firstLine, name, .seconds, timings.compactMap(\.firstLineToConsole))
        report.add(Metric.console, name, .seconds, timings.compactMap(\.lineToConsole))
        report.add(Metric.output, name, .seconds, timings.map(\.renameToOutput))
        report.add(Metric.completion, name, .seconds, timings.map(\.renameToSuccess))
        report.add(Metric.exit, name, .seconds, timings.map(\.successToExit))
        report.add(Metric.cpu, name, .seconds, timings.map(\.cpuSeconds))
        report.add(Metric.peak, name, .bytes, timings.compactMap(\.peakMemory))
    }
}
