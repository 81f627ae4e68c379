import Testing

@testable import BenchReport

@Suite struct StatisticsTests {
    @Test func quantilesLieBetweenNeighbours() {
        let values: [Double] = [1, 2, 3, 4]
        #expect(values.quantile(0) == 1)
        #expect(values.quantile(0.5) == 2.5)
        #expect(values.quantile(1.0 / 3) == 2)
        #expect(values.quantile(1) == 4)
    }

    @Test func aSummaryNeedsNoOrder() {
        let summary = Summary([5, 1, 4, 2, 3])
        #expect(summary.count == 5)
        #expect(summary.minimum == 1)
        #expect(summary.lowerQuartile == 2)
        #expect(summary.median == 3)
        #expect(summary.upperQuartile == 4)
        #expect(abs(summary.p99 - 4.96) < 1e-12)
        #expect(summary.maximum == 5)
    }

    @Test func oneValueIsItsOwnSummary() {
        #expect(Summary([7]).p99 == 7)
        let ratio = MedianRatio([6], to: [3])
        #expect(ratio.ratio == 2)
        #expect(ratio.low == 2)
        #expect(ratio.high == 2)
    }

    @Test func aRatioLiesInItsInterval() {
        let slow = (0..<101).map { 20 + Double($0 % 7) }
        let fast = (0..<101).map { 10 + Double($0 % 5) }
        let ratio = MedianRatio(slow, to: fast)
        #expect(ratio.ratio == 23.0 / 12)
        #expect(ratio.low <= ratio.ratio)
        #expect(ratio.ratio <= ratio.high)
        // Medians of whole numbers cannot be further off than these.
        #expect(ratio.low >= 20.0 / 14)
        #expect(ratio.high <= 26.0 / 10)
    }

    @Test func theSameSeedGivesTheSameInterval() {
        let left = (0..<30).map { Double($0 * $0 % 17) + 1 }
        let right = (0..<30).map { Double($0 * 3 % 11) + 1 }
        #expect(MedianRatio(left, to: right, seed: 5) == MedianRatio(left, to: right, seed: 5))
    }

    @Test func equalSetsAreNotToldApart() {
        let values = (0..<200).map { Double($0) + 100 }
        let ratio = MedianRatio(values, to: values)
        #expect(ratio.ratio == 1)
        #expect(ratio.low < 1)
        #expect(ratio.high > 1)
    }

    @Test func aDifferenceLiesInItsInterval() {
        let slow = (0..<101).map { 20 + Double($0 % 7) }
        let fast = (0..<101).map { 10 + Double($0 % 5) }
        let difference = MedianDifference(slow, minus: fast)
        #expect(difference.difference == 11)
        #expect(difference.low >= 20 - 14 && difference.low <= 11)
        #expect(difference.high <= 26 - 10 && difference.high >= 11)
    }
}
