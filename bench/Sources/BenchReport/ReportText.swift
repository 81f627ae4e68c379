/// A report as people read it on a terminal.
public struct ReportText {
    private let report: Report

    public init(_ report: Report) {
        self.report = report
    }

    public var text: String {
        var sections = [head]
        var metrics: [String] = []
        for measurement in report.measurements where !metrics.contains(measurement.metric) {
            metrics.append(measurement.metric)
        }
        sections += metrics.map(table)
        if !report.comparisons.isEmpty { sections.append(comparisons) }
        if !report.differences.isEmpty { sections.append(differences) }
        if let targets { sections.append(targets) }
        if !report.notes.isEmpty {
            sections.append(report.notes.map { "Note: \($0)" }.joined(separator: "\n"))
        }
        return sections.joined(separator: "\n\n") + "\n"
    }

    private var head: String {
        let parameters = report.parameters.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
        let machine = report.machine.facts.map { "  \($0.name): \($0.value)" }.joined(separator: "\n")
        return "sidecar-bench \(report.command), \(report.started)\n\(parameters)\n\(machine)"
    }

    private func table(_ metric: String) -> String {
        let rows = report.measurements.filter { $0.metric == metric }
        let isSingle = rows.allSatisfy { $0.summary.count == 1 }
        let heads = isSingle ? ["", "value"] : ["", "n", "min", "median", "p99", "quartiles"]
        let cells = rows.map { row in
            let summary = row.summary
            let text = row.unit.text
            if isSingle { return [row.subject, text(summary.median)] }
            return [
                row.subject, "\(summary.count)", text(summary.minimum), text(summary.median),
                text(summary.p99),
                "\(text(summary.lowerQuartile)) … \(text(summary.upperQuartile))",
            ]
        }
        return "\(metric)\n" + Self.aligned([heads] + cells)
    }

    private var comparisons: String {
        let rows = report.comparisons.map { comparison in
            [
                "\(comparison.metric): \(comparison.subject) / \(comparison.baseline)",
                "\(comparison.ratio.ratio.fixed(3))",
                "\(comparison.ratio.low.fixed(3)) … \(comparison.ratio.high.fixed(3))",
            ]
        }
        return "Ratios of medians, with their 95 % intervals\n"
            + Self.aligned([["", "ratio", "interval"]] + rows)
    }

    private var differences: String {
        let rows = report.differences.map { difference in
            let text = difference.unit.text
            let value = difference.difference
            return [
                "\(difference.metric): \(difference.subject) − \(difference.baseline)",
                text(value.difference),
                "\(text(value.low)) … \(text(value.high))",
            ]
        }
        return "Differences of medians, with their 95 % intervals\n"
            + Self.aligned([["", "difference", "interval"]] + rows)
    }

    /// Everything that has a target, ratios first.
    private var targets: String? {
        let ratios = report.comparisons.compactMap { comparison in
            comparison.target.map { target in
                [
                    "\(comparison.metric): \(comparison.subject) / \(comparison.baseline)",
                    comparison.ratio.ratio.fixed(3), target.text(.count),
                    target.verdict(on: comparison.ratio.ratio),
                ]
            }
        }
        let differences = report.differences.compactMap { difference in
            difference.target.map { target in
                [
                    "\(difference.metric): \(difference.subject) − \(difference.baseline)",
                    difference.unit.text(difference.difference.difference), target.text(difference.unit),
                    target.verdict(on: difference.difference.difference),
                ]
            }
        }
        let figures = report.verdicts.map { verdict in
            [
                "\(verdict.metric): \(verdict.subject)", verdict.unit.text(verdict.value),
                verdict.target.text(verdict.unit), verdict.target.verdict(on: verdict.value),
            ]
        }
        let rows = ratios + differences + figures
        guard !rows.isEmpty else { return nil }
        return "Targets\n" + Self.aligned([["", "median", "target", ""]] + rows)
    }

    /// Columns as wide as their widest cell; the first one on the left, numbers on the right.
    static func aligned(_ rows: [[String]]) -> String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.compactMap { column < $0.count ? $0[column].count : nil }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + padding : padding + cell
            }
            var line = "  " + cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }
        .joined(separator: "\n")
    }
}

extension Target {
    func text(_ unit: Quantity) -> String {
        switch self {
        case .atMost(let bound): "≤ \(unit.text(bound))"
        case .atLeast(let bound): "≥ \(unit.text(bound))"
        }
    }

    func verdict(on value: Double) -> String { isMet(by: value) ? "met" : "MISSED" }
}
