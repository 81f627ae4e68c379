import AirbyteProtocol
import HTTP
import TestSupport
import Testing
import Workload

@testable import Telemetry

/// docs/METRICS.md and the code say the same, in both directions.
@Suite struct MetricsDocumentTests {
    private static let path = "docs/METRICS.md"
    private let text: String
    private let tables: [MarkdownTable]

    init() throws {
        text = try Project.text(Self.path)
        tables = MarkdownTable.all(in: text)
    }

    private func table(_ columns: [String]) throws -> MarkdownTable {
        let found = tables.filter { $0.columns == columns }
        try #require(!found.isEmpty, "no table has the columns \(columns)")
        return MarkdownTable(columns: columns, rows: found.flatMap(\.rows))
    }

    private struct Row: Hashable {
        var name: String
        var kind: String
        var unit: String
        var tags: [String]
    }

    @Test func everyMetricIsDescribedAndEveryDescribedOneIsThere() throws {
        let table = try table(["metric", "kind", "unit", "tags", "when it moves"])
        let described = table.rows.map { cells in
            Row(
                name: cells[0].codeSpans.joined(),
                kind: cells[1],
                unit: cells[2].codeSpans.joined(),
                tags: cells[3].codeSpans
            )
        }
        let existing = Metric.allCases.map { metric in
            Row(
                name: metric.name,
                kind: metric.kind.rawValue,
                unit: metric.unit.rawValue,
                tags: metric.tags.map(\.rawValue)
            )
        }
        #expect(described.count == Set(described).count)
        #expect(Set(described).subtracting(existing) == [], "the code has none of these")
        #expect(Set(existing).subtracting(described) == [], "\(Self.path) has none of these")
        #expect(table.cells(of: "when it moves").allSatisfy { !$0.isEmpty })
    }

    @Test func everyTagIsDescribedAndEveryDescribedOneIsThere() throws {
        let names = try table(["tag", "values", "on"]).cells(of: "tag").flatMap(\.codeSpans)
        #expect(names.count == Set(names).count)
        #expect(Set(names) == Set(TagName.allCases.map(\.rawValue)))
    }

    @Test(
        arguments: [
            (.operation, Operation.allCases.map(\.rawValue)),
            (.outcome, WorkloadOutcome.allCases.map(\.rawValue)),
            (.failureType, FailureType.allCases.map(\.rawValue) + ["none"]),
            (.phase, WorkloadTimeline.Phase.allCases.map(\.rawValue)),
            (.call, RequestPurpose.Call.allCases.map(\.rawValue)),
        ] as [(TagName, [String])]
    )
    func everyValueOfATagIsDescribed(_ tag: TagName, _ values: [String]) throws {
        let table = try table(["tag", "values", "on"])
        let row = try #require(table.rows.first { $0[0] == "`\(tag.rawValue)`" })
        #expect(Set(row[1].codeSpans) == Set(values))
    }

    @Test func phasesAreDescribed() throws {
        let phases = try table(["phase", "from", "to"]).cells(of: "phase").flatMap(\.codeSpans)
        #expect(phases == WorkloadTimeline.Phase.allCases.map(\.rawValue))
    }

    @Test func namesInPrometheusAreThoseOfACollector() throws {
        let rows = try table(["metric", "in Prometheus"]).rows.map { $0.flatMap(\.codeSpans) }
        #expect(rows == Metric.allCases.map { [$0.name, PrometheusName.family(of: $0)] })
    }

    /// The document's lines, with its example values S and V.
    @Test(arguments: StatsDSettings.Flavor.allCases)
    func examplesOfStatsDAreWhatIsWritten(_ flavor: StatsDSettings.Flavor) throws {
        let examples = text.split(separator: "\n").filter { $0.hasPrefix("\(flavor.rawValue) ") }
            .compactMap { $0.split(separator: " ").last.map(String.init) }
        let settings = StatsDSettings(destination: .unix(path: "/s"), flavor: flavor)
        let lines = StatsDLines(settings, commonTags: [Tag(.service, "S"), Tag(.version, "V")])
        let written = [
            Measurement(.jobOutputWrite, 1, [Tag(.status, "success")]),
            Measurement(
                .phaseDuration,
                12.5,
                [Tag(.operation, "check"), Tag(.outcome, "success"), Tag(.phase, "report")]
            ),
        ].map { measurement in
            var bytes: [UInt8] = []
            _ = lines.append(
                measurement.value,
                in: lines.frame(measurement.metric, measurement.tags),
                of: measurement.metric,
                to: &bytes
            )
            return String(decoding: bytes.dropLast(), as: UTF8.self)
        }
        #expect(examples == written)
    }

    /// docs/SETTINGS.md has the variables that the program reads for telemetry, and no others.
    @Test func settingsAreDescribedAndReadInTheProgram() throws {
        let name = #/[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+/#
        let source = try Project.text("Sources/Sidecar/Configuration/Configuration+Telemetry.swift")
        let literals = source.matches(of: #/"([A-Z0-9_]+)"/#).map { String($0.output.1) }
        var read = Set(literals.filter { $0.wholeMatch(of: name) != nil })
        // These are put together.
        let suffixes = source.matches(of: #/(?:variable\(|setName\(signal, )"([A-Z]+)"/#).map {
            String($0.output.1)
        }
        read.formUnion(suffixes.map { "OTEL_EXPORTER_OTLP_\($0)" })
        let signals = ["METRICS", "TRACES", "LOGS"]
        read.formUnion(signals.map { "OTEL_EXPORTER_OTLP_\($0)_ENDPOINT" })
        read.formUnion(["OTEL_TRACES_EXPORTER", "OTEL_LOGS_EXPORTER"])
        #expect(read.count > 30)

        let settings = try Project.text("docs/SETTINGS.md")
        let section = try #require(settings.split(separator: "\n## ").first { $0.hasPrefix("Telemetry\n") })
        let described = Set(String(section).codeSpans.filter { $0.wholeMatch(of: name) != nil })
        #expect(read.subtracting(described) == [], "docs/SETTINGS.md has none of these")
        let otherwiseRead: Set = ["AIRBYTE_VERSION", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"]
        #expect(
            described.subtracting(read).subtracting(otherwiseRead) == [],
            "the program reads none of these"
        )
    }

    @Test func tablesAreFound() {
        let text = """
            text | no table

            | a | b |
            |---|---|
            | `x`, `y` | |
            | z | 1 |

            | c |
            |---|
            """
        let tables = MarkdownTable.all(in: text)
        #expect(tables.map(\.columns) == [["a", "b"], ["c"]])
        #expect(tables.first?.rows == [["`x`, `y`", ""], ["z", "1"]])
        #expect(tables.first?.cells(of: "a").first?.codeSpans == ["x", "y"])
    }
}
