/// Names a span: its trace's id and its own (W3C Trace Context, section 3.2.2). Neither is all zeros.
package struct TraceContext: Hashable, Sendable {
    /// The 16 bytes of the trace's id, the most significant ones first.
    package var traceID: (high: UInt64, low: UInt64) { (traceHigh, traceLow) }
    private var traceHigh: UInt64
    private var traceLow: UInt64
    package var spanID: UInt64

    /// A new trace.
    package init(using random: inout some RandomNumberGenerator) {
        traceHigh = UInt64.random(in: 1 ... .max, using: &random)
        traceLow = UInt64.random(in: 1 ... .max, using: &random)
        spanID = UInt64.random(in: 1 ... .max, using: &random)
    }

    /// Another span of the same trace.
    package func child(using random: inout some RandomNumberGenerator) -> TraceContext {
        var child = self
        child.spanID = UInt64.random(in: 1 ... .max, using: &random)
        return child
    }

    /// The value of the header `traceparent`, with the flag that the trace is recorded.
    package var traceparent: String { "00-\(traceIDText)-\(spanIDText)-01" }

    /// 32 hexadecimal digits.
    package var traceIDText: String { Self.hex(traceHigh) + Self.hex(traceLow) }
    /// 16 hexadecimal digits.
    package var spanIDText: String { Self.hex(spanID) }

    private static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
