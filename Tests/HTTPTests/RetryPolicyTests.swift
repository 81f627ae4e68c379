import Scheduling
import Testing

@testable import HTTP

@Suite struct RetryPolicyTests {
    private func delays(
        first: Duration,
        retry: Int,
        retryAfter: Duration? = nil,
        seeds: Int = 300
    ) -> [Duration] {
        let policy = RetryPolicy(firstDelay: first, maxRetries: 5)
        return (0..<seeds).map { seed in
            var random = SplitMix64(seed: UInt64(seed))
            return policy.delay(beforeRetry: retry, retryAfter: retryAfter, using: &random)
        }
    }

    @Test(arguments: [
        (1, Duration.seconds(2)), (2, .seconds(4)), (3, .seconds(8)), (4, .seconds(16)), (5, .seconds(32)),
        (6, .seconds(60)), (7, .seconds(60)), (64, .seconds(60)), (1_000, .seconds(60)), (.max, .seconds(60)),
    ])
    func doublesUpToAMinute(_ retry: Int, _ full: Duration) {
        let delays = delays(first: .seconds(2), retry: retry)
        #expect(delays.allSatisfy { $0 >= full / 2 && $0 <= full })
        // The jitter makes use of its whole range, so that many do not come back together.
        #expect(delays.contains { $0 < full * 6 / 10 })
        #expect(delays.contains { $0 > full * 9 / 10 })
        #expect(Set(delays).count > 290)
    }

    @Test(arguments: [
        (Duration.nanoseconds(1), 1), (.nanoseconds(1), 40), (.seconds(31_536_000), 1),
        (.seconds(31_536_000), 40),
        (.milliseconds(1), 21), (.seconds(60), 1), (.seconds(61), 2),
    ])
    func staysWithinBounds(_ first: Duration, _ retry: Int) {
        for delay in delays(first: first, retry: retry, seeds: 50) {
            #expect(delay >= .zero)
            #expect(delay <= RetryPolicy.maxDelay)
        }
    }

    @Test func retryAfterIsALowerBound() {
        for delay in delays(first: .seconds(2), retry: 1, retryAfter: .seconds(45)) {
            #expect(delay == .seconds(45))
        }
        for delay in delays(first: .seconds(50), retry: 1, retryAfter: .seconds(10)) {
            #expect(delay >= .seconds(25))
        }
        for delay in delays(first: .seconds(2), retry: 1, retryAfter: .zero) {
            #expect(delay >= .seconds(1) && delay <= .seconds(2))
        }
    }

    @Test func retryAfterIsBounded() {
        for delay in delays(first: .seconds(2), retry: 1, retryAfter: .seconds(86_400), seeds: 10) {
            #expect(delay == RetryPolicy.maxRetryAfter)
        }
    }

    @Test func sameSeedSameDelay() {
        #expect(delays(first: .seconds(2), retry: 3) == delays(first: .seconds(2), retry: 3))
    }

    @Test func splitMix64GivesThePublishedNumbers() {
        // The first outputs for seed 1234567, as in the authors' reference implementation.
        var random = SplitMix64(seed: 1_234_567)
        #expect(
            (0..<5).map { _ in random.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ]
        )
    }
}
