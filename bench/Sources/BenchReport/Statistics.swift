import SyntheticOutput

/// What is said of a metric's values.
public struct Summary: Codable, Sendable, Equatable {
    public var count: Int
    public var minimum: Double
    public var lowerQuartile: Double
    public var median: Double
    public var upperQuartile: Double
    public var p99: Double
    public var maximum: Double

    /// - Parameter values: at least one.
    public init(_ values: [Double]) {
        let sorted = values.sorted()
        count = sorted.count
        minimum = sorted.quantile(0)
        lowerQuartile = sorted.quantile(0.25)
        median = sorted.quantile(0.5)
        upperQuartile = sorted.quantile(0.75)
        p99 = sorted.quantile(0.99)
        maximum = sorted.quantile(1)
    }
}

extension [Double] {
    /// A quantile of sorted values, interpolated between neighbours (type 7 of Hyndman and Fan).
    func quantile(_ share: Double) -> Double {
        precondition(!isEmpty, "a metric has values")
        let position = share * Double(count - 1)
        let below = Int(position)
        guard below + 1 < count else { return self[count - 1] }
        let weight = position - Double(below)
        return self[below] * (1 - weight) + self[below + 1] * weight
    }
}

/// How two sets of values compare: the ratio of their medians, and where it lies with 95 % certainty.
public struct MedianRatio: Codable, Sendable, Equatable {
    public var ratio: Double
    public var low: Double
    public var high: Double

    /// By the percentile bootstrap; a seed makes it reproducible.
    public init(_ values: [Double], to baseline: [Double], seed: UInt64 = 1) {
        (ratio, low, high) = Bootstrap.medians(values, baseline, seed: seed, combined: /)
    }
}

/// How two sets of values compare: the difference of their medians, and where it lies with 95 % certainty.
public struct MedianDifference: Codable, Sendable, Equatable {
    public var difference: Double
    public var low: Double
    public var high: Double

    /// By the percentile bootstrap; a seed makes it reproducible.
    public init(_ values: [Double], minus baseline: [Double], seed: UInt64 = 1) {
        (difference, low, high) = Bootstrap.medians(values, baseline, seed: seed, combined: -)
    }
}

private enum Bootstrap {
    /// Enough for a percentile interval's ends not to move in the second digit.
    private static let resamples = 2_000

    static func medians(
        _ values: [Double],
        _ baseline: [Double],
        seed: UInt64,
        combined: (Double, Double) -> Double
    ) -> (median: Double, low: Double, high: Double) {
        let whole = combined(values.sorted().quantile(0.5), baseline.sorted().quantile(0.5))
        guard values.count > 1 || baseline.count > 1 else { return (whole, whole, whole) }
        var random = SeededGenerator(seed: seed)
        let results = (0..<resamples).map { _ in
            combined(resampledMedian(values, &random), resampledMedian(baseline, &random))
        }
        .sorted()
        return (whole, results.quantile(0.025), results.quantile(0.975))
    }

    private static func resampledMedian(_ values: [Double], _ random: inout SeededGenerator) -> Double {
        var sample: [Double] = []
        sample.reserveCapacity(values.count)
        for _ in values { sample.append(values[Int(random.next() % UInt64(values.count))]) }
        sample.sort()
        return sample.quantile(0.5)
    }
}
