import BenchHarness
import Testing

@Suite struct MonotonicTimeTests {
    @Test func countsBothWays() {
        let early = MonotonicTime(nanoseconds: 1_000_000_000)
        let late = early.advanced(bySeconds: 0.25)
        #expect(late.seconds(since: early) == 0.25)
        #expect(early.seconds(since: late) == -0.25)
    }
}
