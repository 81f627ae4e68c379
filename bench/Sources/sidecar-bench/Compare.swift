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

    @OptionGroup var jobs: JobOptions

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

    @Option(help: "Longest pause between two steps, in seconds.")
    var pause = 0.05

    @Option(help: "Seconds that a program may take for a step.")
    var patience = 20.0

    @Flag(help: "Leave out the time of log lines, for programs that show them only after the end.")
    var withoutConsole = false

    func validate() throws {
        guard runs > 0, pause > 0 else { throw ValidationError("--runs and --pause are positive") }
        guard nameA != nameB else { throw ValidationError("two names that are the same tell nothing") }
    }

    func run() throws {
        let variants = try jobs.variants()
        let programs = [Program.shell(name: nameA, a), Program.shell(name: nameB, b)]
        var report = Report(
            command: "compare",
            parameters: [
                MachineFacts.Fact(nameA, a), MachineFacts.Fact(nameB, b),
                MachineFacts.Fact("runs", "\(runs)"),
                MachineFacts.Fact("jobs", jobs.operations),
                MachineFacts.Fact("distances", "\(jobs.distances) ms"),
                MachineFacts.Fact("a result stands", "\(jobs.standing) s"),
                MachineFacts.Fact("seed", "\(common.seed)"),
            ]
        )
        try common.withHarness { harness in
            harness.patienceSeconds = patience
            let player = JobPlayer(
                harness: harness,
                maxPause: pause,
                standing: jobs.standing.bounds,
                seed: common.seed
            )
            player.readsPeak = true
            player.measuresConsole = !withoutConsole
            let progress = Progress("compare", total: runs)
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
        for variant in variants {
            for metric in JobMetric.compared {
                report.compare(metric, variant.subject(nameA), to: variant.subject(nameB))
            }
        }
        report.notes.append(
            "Both commands are started by a shell, which they replace: it is part of the spawn."
        )
        try common.publish(report)
    }
}
