import ArgumentParser
import Simulation

/// Runs workloads in simulated worlds and checks what must hold in each.
@main
struct Simulator: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sidecar-simulator",
        abstract: "Runs workloads in simulated worlds full of faults, and checks what must hold in each.",
        discussion: """
            A seed decides everything about a run: the job, its settings, the connector, and what goes wrong. The same \
            seed gives the same run. Ends with 1 if an invariant does not hold.
            """
    )

    @Option(help: "How many seeds are run.")
    var seeds: UInt64 = 1_000

    @Option(help: "The first of them.")
    var first: UInt64 = 1

    @Option(help: "Runs this seed only.")
    var seed: UInt64?

    @Flag(help: "Tells the story of the run; needs --seed.")
    var trace = false

    @Option(
        help:
            "Breaks the rule of this invariant on purpose (1 to \(Sabotage.allCases.count)), and expects to be caught."
    )
    var sabotage: Int?

    @Flag(help: "Breaks the rule of each invariant in turn.")
    var sabotageAll = false

    @Option(help: "Threads.")
    var jobs = 2

    func validate() throws {
        guard seeds > 0, jobs > 0 else { throw ValidationError("--seeds and --jobs are positive") }
        guard !trace || seed != nil else { throw ValidationError("--trace needs --seed") }
        guard sabotage.map({ Sabotage(rawValue: $0) != nil }) ?? true else {
            throw ValidationError("--sabotage takes a number from 1 to \(Sabotage.allCases.count)")
        }
    }

    func run() throws {
        if sabotageAll { return try expect(Sabotage.allCases) }
        let broken = sabotage.flatMap(Sabotage.init(rawValue:))
        if let seed { return try runOne(seed, broken) }
        if let broken { return try expect([broken]) }
        let campaign = Campaign(seeds: first..<(first + seeds), jobs: jobs)
        let result = campaign.run()
        print(result.summary(seeds: seeds))
        guard result.isGood(seeds: seeds) else { throw ExitCode.failure }
    }

    private func runOne(_ seed: UInt64, _ sabotage: Sabotage?) throws {
        let outcome = Campaign.run(seed, sabotage: sabotage, tellsStory: trace)
        for line in outcome.story { print(line) }
        for violation in outcome.violations {
            print("VIOLATED: \(violation.invariant.text)\n          \(violation.text)")
        }
        print(
            "seed \(seed): \(outcome.status.map { "exit code \($0)" } ?? "no exit code"), \(outcome.events) events"
        )
        guard outcome.violations.isEmpty else { throw ExitCode.failure }
    }

    /// Breaks rules on purpose, and prints which seed gives each of them away.
    private func expect(_ sabotages: [Sabotage]) throws {
        var isComplete = true
        for sabotage in sabotages {
            let campaign = Campaign(seeds: first..<(first + seeds), jobs: jobs, sabotage: sabotage)
            let invariant = Invariant(rawValue: sabotage.rawValue)
            let caught = campaign.firstSeed { $0.invariant == invariant }
            isComplete = isComplete && caught != nil
            let answer = caught.map { "caught by seed \($0)" } ?? "NOT caught by \(seeds) seeds"
            print("\(sabotage.rawValue) \(sabotage): \(answer)")
        }
        guard isComplete else { throw ExitCode.failure }
    }
}
