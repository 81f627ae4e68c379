import ArgumentParser
import BenchHarness
import BenchReport
import Testing

@testable import sidecar_bench

@Suite struct JobOptionsTests {
    @Test func variantsAreEveryOperationAtEveryDistance() throws {
        let options = try JobOptions.parse(["--operations", "check,discover", "--distances", "0,20,0.5"])
        #expect(
            try options.variants().map { $0.subject("floor") } == [
                "floor, check", "floor, discover", "floor, check, 20 ms away", "floor, discover, 20 ms away",
                "floor, check, 0.5 ms away", "floor, discover, 0.5 ms away",
            ]
        )
        #expect(try JobOptions.parse([]).variants().map { $0.subject("a") } == ["a, check"])
    }

    @Test(arguments: [
        ["--operations", "sync"], ["--operations", ""], ["--distances", "far"], ["--distances", "-1"],
        ["--standing", "2-1"], ["--standing", "a"], ["--standing", "1-2-3"], ["--standing", "-1"],
    ])
    func nonsenseIsRefused(arguments: [String]) {
        #expect(throws: (any Error).self) { try JobOptions.parse(arguments) }
    }

    @Test(arguments: [("0.02-0.3", 0.02...0.3), ("1", 1...1), ("0-0", 0...0)])
    func rangesAreOneNumberOrTwo(text: String, bounds: ClosedRange<Double>) throws {
        #expect(try JobOptions.parse(["--standing", text]).standing.bounds == bounds)
    }
}

@Suite struct JobTimingsTests {
    private func report(renameToOutput: [Double], distance: Double) -> Report {
        let variant = JobVariant(operation: .check, distance: distance)
        var timings = JobTimings()
        for seconds in renameToOutput {
            let timing = JobPlayer.Timing(
                spawnToRunning: 1,
                resultToOutput: 1,
                renameToOutput: seconds,
                renameToSuccess: 1,
                successToExit: 1,
                cpuSeconds: 1
            )
            timings.add(timing, "a", variant)
        }
        var report = Report(command: "compare", parameters: [], machine: MachineFacts(facts: []))
        timings.report("a", variant, to: &report)
        return report
    }

    @Test func outputsAreTimedFromTheRenameOnlyWhereAllCameAfterIt() {
        let late = report(renameToOutput: [0.1, 0.2], distance: 0)
        #expect(late.measurements.contains { $0.metric == JobMetric.output && $0.values == [0.1, 0.2] })
        #expect(!late.measurements.contains { $0.metric == JobMetric.early })
        let early = report(renameToOutput: [-0.1, 0.2, -0.3, -0.1], distance: 0)
        #expect(!early.measurements.contains { $0.metric == JobMetric.output })
        #expect(early.measurements.contains { $0.metric == JobMetric.early && $0.values == [0.75] })
    }

    @Test func atADistanceOnlyTheDeliveryIsReported() {
        let far = report(renameToOutput: [0.1], distance: 20)
        #expect(
            Set(far.measurements.map(\.metric)) == [JobMetric.completion, JobMetric.result, JobMetric.output]
        )
        #expect(far.measurements.allSatisfy { $0.subject == "a, check, 20 ms away" })
    }
}
