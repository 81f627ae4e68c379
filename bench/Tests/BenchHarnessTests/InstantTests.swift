import BenchHarness
import Scheduling
import Testing

@Suite struct InstantTests {
    @Test func countsBothWays() {
        let early = Instant(nanoseconds: 1_000_000_000)
        let late = early.advanced(bySeconds: 0.25)
        #expect(late.seconds(since: early) == 0.25)
        #expect(early.seconds(since: late) == -0.25)
    }
}
