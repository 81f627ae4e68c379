import Foundation
import Testing

@testable import BenchReport

@Suite struct ReportTests {
    private static let machine = MachineFacts(facts: [MachineFacts.Fact("kernel", "6.1")])

    private static func report() -> Report {
        var report = Report(
            command: "latency",
            parameters: [MachineFacts.Fact("runs", "3")],
            machine: machine
        )
        report.add("spawn", "ours", .seconds, [0.010, 0.012, 0.011])
        report.add("spawn", "floor", .seconds, [0.005, 0.0055, 0.006])
        report.compare("spawn", "ours", to: "floor", target: .atMost(1.5))
        report.compare("spawn", "ours", to: "nobody")
        report.judge("spawn", "floor", .atMost(1))
        report.notes.append("a note")
        return report
    }

    @Test(arguments: [
        (Quantity.seconds, 0.0123, "12.3 ms"), (.seconds, 0.0000042, "4.20 µs"), (.seconds, 90, "90 s"),
        (.bytes, 1_073_741_824, "1 GiB"), (.bytes, 49_287_161, "47.0 MiB"), (.bytes, 12, "12 B"),
        (.bytes, -2_097_152, "-2 MiB"), (.bytesPerSecond, 1.5e9, "1.50 GB/s"),
        (.perSecond, 1_250_000, "1.25 M/s"),
        (.perSecond, 143_000, "143 k/s"), (.count, 12, "12"), (.count, 12.345, "12.3"), (.seconds, 0, "0 ns"),
    ])
    func numbersHaveThreeDigits(unit: Quantity, value: Double, text: String) {
        #expect(unit.text(value) == text)
    }

    @Test(arguments: [
        (0.0, 2, "0.00"), (-1.005, 1, "-1.0"), (2.999, 2, "3.00"), (0.05, 2, "0.05"), (-0.001, 2, "0.00"),
    ])
    func decimalsAreRounded(value: Double, places: Int, text: String) {
        #expect(value.fixed(places) == text)
    }

    @Test func tablesAreAligned() {
        #expect(
            ReportText.aligned([["", "n"], ["long name", "1"], ["x", "100"]])
                == """
                               n
                  long name    1
                  x          100
                """
        )
    }

    @Test func theTextHasEveryFigure() {
        let text = ReportText(Self.report()).text
        #expect(text.contains("kernel: 6.1"))
        #expect(text.contains("11 ms"))
        #expect(text.contains("spawn: ours / floor  2.000"))
        #expect(
            text.contains(
                """
                Targets
                                        median  target
                  spawn: ours / floor    2.000  ≤ 1.50  MISSED
                  spawn: floor         5.50 ms   ≤ 1 s     met
                """
            )
        )
        #expect(text.contains("Note: a note"))
        #expect(!text.contains("nobody"))
    }

    @Test func targetsHoldAtTheirBound() {
        #expect(Target.atMost(2).isMet(by: 2))
        #expect(!Target.atMost(2).isMet(by: 2.1))
        #expect(Target.atLeast(2).isMet(by: 2))
        #expect(!Target.atLeast(2).isMet(by: 1.9))
    }

    @Test func theFilesHoldTheReport() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let report = Self.report()
        let files = try ReportFiles(folder: folder).write(report)
        let json = try #require(files.first { $0.hasSuffix(".json") })
        let read = try JSONDecoder().decode(Report.self, from: Data(contentsOf: URL(fileURLWithPath: json)))
        #expect(read.measurements.map(\.values) == report.measurements.map(\.values))
        #expect(read.comparisons.map(\.ratio) == report.comparisons.map(\.ratio))
        #expect(read.machine == Self.machine)
        let text = try #require(files.first { $0.hasSuffix(".txt") })
        #expect(try String(contentsOfFile: text, encoding: .utf8) == ReportText(report).text)
    }

    @Test func fewValuesAreBarsAndManyACurve() {
        var report = Self.report()
        report.add("many", "a \"b\"", .seconds, (1...30).map { Double(31 - $0) / 1_000 })
        let plots = Plot.plots(of: report)
        #expect(plots.map(\.name) == ["spawn", "many"])
        #expect(plots[0].script.contains("\"floor\" 5.5 "))
        #expect(plots[0].script.contains("with boxes"))
        #expect(plots[1].script.contains("title \"a \\\"b\\\"\""))
        // Sorted, in milliseconds, up to all of them.
        #expect(plots[1].script.contains("\n30.0 100.0\nEND"))
    }
}
