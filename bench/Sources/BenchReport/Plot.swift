/// A metric's picture, as a script for gnuplot.
///
/// Metrics with enough values are shown as the share of values that are at most so large; the others as a bar for each
/// subject.
struct Plot {
    /// From so many values on, their distribution says more than their median.
    private static let leastForDistribution = 20

    /// For the file's name.
    var name: String
    var script: String

    static func plots(of report: Report) -> [Plot] {
        var metrics: [String] = []
        for measurement in report.measurements where !metrics.contains(measurement.metric) {
            metrics.append(measurement.metric)
        }
        return metrics.map { metric in
            let rows = report.measurements.filter { $0.metric == metric }
            let isDistribution = rows.allSatisfy { $0.values.count >= leastForDistribution }
            return Plot(
                name: String(metric.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }),
                script: head(metric, report)
                    + (isDistribution ? distribution(rows) : bars(rows))
            )
        }
    }

    private static func head(_ metric: String, _ report: Report) -> String {
        """
        set terminal svg size 900,500 font "sans,12" background "white"
        set title "\(quoted(metric))\\nsidecar-bench \(report.command), \(report.started)" noenhanced
        set grid
        set key outside right top noenhanced

        """
    }

    private static func distribution(_ rows: [Report.Measurement]) -> String {
        let unit = axis(rows[0].unit)
        var script = """
            set logscale x
            set format y "%.0f %%"
            set yrange [0:100]
            set xlabel "\(unit.name)"

            """
        for (index, row) in rows.enumerated() {
            let sorted = row.values.sorted()
            script += "$values\(index) << END\n"
            for (position, value) in sorted.enumerated() {
                let share = Double(position + 1) / Double(sorted.count) * 100
                script += "\(value / unit.size) \(share)\n"
            }
            script += "END\n"
        }
        let curves = rows.enumerated().map { index, row in
            "$values\(index) using 1:2 with steps linewidth 2 title \"\(quoted(row.subject))\""
        }
        return script + "plot " + curves.joined(separator: ", \\\n") + "\n"
    }

    private static func bars(_ rows: [Report.Measurement]) -> String {
        let unit = axis(rows[0].unit)
        var script = "$bars << END\n"
        for row in rows {
            let summary = row.summary
            script +=
                "\"\(quoted(row.subject))\" \(summary.median / unit.size) "
                + "\(summary.lowerQuartile / unit.size) \(summary.upperQuartile / unit.size)\n"
        }
        return script + """
            END
            set style fill solid 0.6
            set boxwidth 0.6
            set yrange [0:*]
            set ylabel "\(unit.name)"
            set xtics rotate by -30 noenhanced
            unset key
            plot $bars using 0:2:xtic(1) with boxes linecolor rgb "#4477aa", \\
                $bars using 0:2:3:4 with yerrorbars linecolor rgb "#222222" pointtype -1

            """
    }

    private static func axis(_ unit: Quantity) -> (name: String, size: Double) {
        switch unit {
        case .seconds: ("ms", 1e-3)
        case .bytes: ("MiB", 1_048_576)
        case .bytesPerSecond: ("MB/s", 1e6)
        case .perSecond: ("per second", 1)
        case .count: ("count", 1)
        }
    }

    private static func quoted(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }
}
