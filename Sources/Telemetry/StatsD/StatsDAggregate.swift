/// Measurements that wait for the next flush, by series.
struct StatsDAggregate {
    /// How many series there can be at a time. A workload has some dozens; each takes some hundred bytes.
    static let maxSeries = 256
    /// How many values of timers and distributions can wait. A workload has some dozens of them in ten seconds.
    static let maxValues = 512

    private struct Series {
        let metric: Metric
        let tags: [Tag]
        /// A counter's sum.
        var count: UInt64 = 0
        /// A gauge's last value, or all values of a timer or a distribution.
        var values: [Double] = []
    }

    private var series: [Series] = []
    private var valueCount = 0

    var isEmpty: Bool { series.isEmpty }

    /// Adds a measurement.
    ///
    /// - Returns: false where there is no room for it, and for what is no number, which is left out.
    mutating func add(_ measurement: Measurement) -> Bool {
        let value = measurement.value
        guard value.isFinite else { return false }
        switch measurement.metric.kind {
        case .counter:
            guard value >= 0, let place = place(of: measurement) else { return false }
            let (sum, hasOverflown) = series[place].count.addingReportingOverflow(
                UInt64(exactly: value.rounded()) ?? .max
            )
            // Receivers have signed numbers.
            series[place].count = hasOverflown ? UInt64(Int64.max) : min(sum, UInt64(Int64.max))
        case .gauge:
            guard let place = place(of: measurement) else { return false }
            series[place].values = [value]
        case .timer, .distribution:
            guard valueCount < Self.maxValues, let place = place(of: measurement) else { return false }
            series[place].values.append(value)
            valueCount += 1
        }
        return true
    }

    /// Where the measurement's series is, a new one if need be; nil where there is no room.
    private mutating func place(of measurement: Measurement) -> Int? {
        let metric = measurement.metric
        if let place = series.firstIndex(where: { $0.metric == metric && $0.tags == measurement.tags }) {
            return place
        }
        // What was lost is always told.
        guard series.count < Self.maxSeries || metric == .telemetryDropped else { return nil }
        series.append(Series(metric: metric, tags: measurement.tags))
        return series.count - 1
    }

    /// Writes all lines, in the order in which their series were first seen.
    ///
    /// - Returns: how many could not be written.
    func write(with lines: StatsDLines, into packets: inout StatsDPackets) -> Int {
        var leftOut = 0
        for series in series {
            let frame = lines.frame(series.metric, series.tags)
            switch series.metric.kind {
            case .counter:
                let isAdded = packets.add {
                    lines.append(series.count, in: frame, to: &$0)
                    return true
                }
                if !isAdded { leftOut += 1 }
            case .gauge, .timer, .distribution:
                // StatsD has milliseconds.
                let factor: Double = series.metric.kind == .timer ? 1_000 : 1
                for value in series.values {
                    let isAdded = packets.add {
                        lines.append(value * factor, in: frame, of: series.metric, to: &$0)
                    }
                    if !isAdded { leftOut += 1 }
                }
            }
        }
        return leftOut
    }
}
