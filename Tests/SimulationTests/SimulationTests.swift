import Testing

@testable import Simulation

@Suite struct SimulationTests {
    /// A part of what `sidecar-simulator --seeds 100000` does.
    @Test(arguments: 0..<8)
    func invariantsHold(part: UInt64) {
        let campaign = Campaign(seeds: part * 150 + 1..<part * 150 + 151, jobs: 1)
        let result = campaign.run()
        for finding in result.findings {
            Issue.record(
                "seed \(finding.seed): \(finding.violation.invariant.text): \(finding.violation.text)"
            )
        }
        #expect(result.census.runs == 150)
    }

    /// An invariant that no broken rule disturbs checks nothing.
    @Test(arguments: Sabotage.allCases)
    func brokenRulesAreCaught(_ sabotage: Sabotage) {
        let campaign = Campaign(seeds: 1..<2_001, jobs: 1, sabotage: sabotage)
        let invariant = Invariant(rawValue: sabotage.rawValue)
        #expect(campaign.firstSeed { $0.invariant == invariant } != nil)
    }

    @Test func everyInvariantHasItsBrokenRule() {
        #expect(Set(Sabotage.allCases.map(\.rawValue)) == Set(Invariant.allCases.map(\.rawValue)))
    }

    @Test(arguments: [UInt64(1), 20, 57, 4_000])
    func aSeedReplaysExactly(_ seed: UInt64) {
        let runs = (0..<2).map { _ in Campaign.run(seed, tellsStory: true) }
        #expect(runs[0].story == runs[1].story)
        #expect(runs[0].status == runs[1].status)
        #expect(runs[0].story.count > 3)
    }

    /// Otherwise nothing is said of jobs that are delivered before their end.
    @Test func outputsAreSentWhileTheConnectorRuns() {
        #expect((1..<5_000).contains { Campaign.run($0).earlyOutputs > 1 })
    }

    @Test func seedsDiffer() {
        #expect(Campaign.run(1, tellsStory: true).story != Campaign.run(2, tellsStory: true).story)
    }
}
