import HTTP

/// Sends spans over OTLP/HTTP.
package final class OTLPTraceExporter: SpanExporter {
    /// As long as OpenTelemetry's batch processor waits for further spans.
    static let period: Duration = .seconds(5)

    private let batcher: OTLPBatcher

    /// - Parameter resource: describes the process.
    package init(_ settings: OTLPSettings, resource: [Attribute], _ context: OTLPContext) {
        batcher = OTLPBatcher(settings, .traces, resource: resource, period: Self.period, context)
    }

    package func record(_ span: TraceSpan) {
        guard !batcher.isEnded else { return }
        batcher.open.items.span(span)
        batcher.itemAdded()
    }

    package func finish(_ completion: @escaping () -> Void) { batcher.finish(completion) }
    package func cancel() { batcher.cancel() }
}
