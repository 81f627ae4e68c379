/// Adds measurements up to the points that OTLP sends: sums, last values, and histograms.
struct MetricAggregator {
    /// Everything of one metric.
    struct Group {
        var metric: Metric
        var series: [Series]
    }

    /// The measurements with the same tags.
    struct Series {
        var tags: [Tag]
        /// The sum; of a gauge, the last value.
        var value = 0.0
        /// How many values each bucket has, for timers and distributions.
        var buckets: [UInt64] = []
        /// The smallest and the largest value, for timers and distributions.
        var extremes = (min: Double.infinity, max: -Double.infinity)
    }

    /// How many series there are at most. A job has fewer than a hundred; one with this many repeats an id in a tag, and
    /// each takes some 300 bytes.
    static let maxSeries = 500

    private(set) var groups: [Group] = []
    private var seriesCount = 0

    var isEmpty: Bool { groups.isEmpty }
    var pointCount: Int { seriesCount }

    /// Takes a measurement; false where there is no room for a further series. A value that is not finite is left out.
    mutating func record(_ measurement: Measurement) -> Bool {
        guard measurement.value.isFinite else { return true }
        let group = groups.firstIndex { $0.metric == measurement.metric }
        let series = group.flatMap { groups[$0].series.firstIndex { $0.tags == measurement.tags } }
        guard let group, let series else {
            guard seriesCount < Self.maxSeries else { return false }
            seriesCount += 1
            var added = Series(tags: measurement.tags)
            added.add(measurement)
            if let group {
                groups[group].series.append(added)
            } else {
                groups.append(Group(metric: measurement.metric, series: [added]))
            }
            return true
        }
        groups[group].series[series].add(measurement)
        return true
    }

    /// Begins anew, as delta temporality does after each push.
    mutating func reset() { self = MetricAggregator() }

    /// The upper bounds of a histogram's buckets, each of which belongs to its bucket; one bucket more has what is
    /// larger.
    static func bounds(of kind: Metric.Kind) -> [Double] { kind == .timer ? timerBounds : distributionBounds }

    /// In seconds: from the answer of a service in the same data centre up to a long check or discovery.
    private static let timerBounds: [Double] = [
        0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1_800,
    ]

    /// Lengths of lines: the only ones that are measured have 20,000,000 characters and more.
    private static let distributionBounds: [Double] = [
        1_000_000, 10_000_000, 20_000_000, 50_000_000, 100_000_000, 200_000_000, 500_000_000, 1_000_000_000,
    ]
}

extension MetricAggregator.Series {
    fileprivate mutating func add(_ measurement: Measurement) {
        let value = measurement.value
        switch measurement.metric.kind {
        case .counter: grow(by: value)
        case .gauge: self.value = value
        case .timer, .distribution:
            let bounds = MetricAggregator.bounds(of: measurement.metric.kind)
            if buckets.isEmpty { buckets = [UInt64](repeating: 0, count: bounds.count + 1) }
            buckets[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
            grow(by: value)
            extremes = (min(extremes.min, value), max(extremes.max, value))
        }
    }

    /// Stays within the finite numbers, which are all that receivers take.
    private mutating func grow(by value: Double) {
        let sum = self.value + value
        if sum.isFinite { self.value = sum }
    }
}
