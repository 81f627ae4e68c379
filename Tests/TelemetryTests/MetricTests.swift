import Telemetry
import Testing

@Suite struct MetricTests {
    @Test func namesAreUniqueWithoutRegardToLetterCase() {
        let names = Metric.allCases.map { $0.name.lowercased() }
        #expect(Set(names).count == names.count)
    }

    /// Not even where a receiver turns dots into underscores.
    @Test func namesAreUniqueForReceiversThatKnowNoDots() {
        let names = Metric.allCases.map { String($0.name.map { $0.isLetter ? $0 : "_" }) }
        #expect(Set(names).count == names.count)
    }

    @Test(arguments: Metric.allCases) func ourOwnMetricsTellOperationAndOutcomeFirst(_ metric: Metric) {
        #expect(metric.name.hasPrefix("airbyte."))
        guard !metric.isPlatforms, metric != .telemetryDropped else { return }
        #expect(metric.tags.starts(with: [.operation, .outcome]))
        #expect(metric.tags.suffix(2) == [.connectorImage, .connectorVersion])
    }

    @Test(arguments: Metric.allCases) func noTagOccursTwice(_ metric: Metric) {
        let tags = metric.tags + [.service, .version]
        #expect(Set(tags).count == tags.count)
    }
}

@Suite struct TraceContextTests {
    /// Gives a one after each zero: zeros alone would be rejected without end.
    private struct Zeros: RandomNumberGenerator {
        private var count: UInt64 = 0

        mutating func next() -> UInt64 {
            count += 1
            return (count + 1) % 2
        }
    }

    @Test func traceparentHasTheHeadersForm() throws {
        var random = SystemRandomNumberGenerator()
        let context = TraceContext(using: &random)
        let form = /00-[0-9a-f]{32}-[0-9a-f]{16}-01/
        #expect(try form.wholeMatch(in: context.traceparent) != nil)
        #expect(context.traceparent.contains(context.traceIDText))
    }

    /// W3C Trace Context: ids of zeros alone are invalid.
    @Test func idsAreNeverZero() {
        var zeros = Zeros()
        let context = TraceContext(using: &zeros)
        #expect(context.traceID.high != 0 || context.traceID.low != 0)
        #expect(context.spanID != 0)
        #expect(context.child(using: &zeros).spanID != 0)
    }

    @Test func childIsAnotherSpanOfTheSameTrace() {
        var random = SystemRandomNumberGenerator()
        let context = TraceContext(using: &random)
        let child = context.child(using: &random)
        #expect(child.traceIDText == context.traceIDText)
        #expect(child.spanID != context.spanID)
    }
}
