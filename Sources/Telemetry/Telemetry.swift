import HTTP
import Scheduling

/// Sends what is known of one workload: measurements, spans and log events, to the exporters that are there.
///
/// Nothing that it does blocks, grows without a bound, or fails the workload.
package final class Telemetry {
    /// How long the last flush may take beyond the report.
    package static let flushLimit: Duration = .seconds(1)

    /// Where everything goes. None of them need be there.
    package struct Exporters {
        package var metrics: [any MetricExporter]
        package var spans: (any SpanExporter)?
        package var logs: (any LogExporter)?

        package init(
            metrics: [any MetricExporter],
            spans: (any SpanExporter)? = nil,
            logs: (any LogExporter)? = nil
        ) {
            self.metrics = metrics
            self.spans = spans
            self.logs = logs
        }
    }

    /// The span of the workload, of which all others are parts; nil where no spans are sent.
    package let workloadSpan: TraceContext?
    /// How long the accepted heartbeats took, in seconds.
    package private(set) var heartbeatRoundTrips: [Double] = []

    private let exporters: Exporters
    private let scheduler: any Scheduler
    private var random: SplitMix64
    /// The same moment on both clocks: the time of day may be set meanwhile, and ticks have only milliseconds of it.
    private let origin: (instant: Instant, nanosecondsSince1970: Int64)
    private var isFinishing = false

    /// Long enough for a receiver nearby, and short enough for each of four exporters to be tried.
    private static let patience: Duration = .milliseconds(100)

    /// Heartbeats of a day; more are not kept.
    private static let maxRoundTrips = 2_880

    /// - Parameter seed: for the ids of traces and spans.
    package init(_ exporters: Exporters, scheduler: any Scheduler, wallClock: WallClock, seed: UInt64) {
        self.exporters = exporters
        self.scheduler = scheduler
        var random = SplitMix64(seed: seed)
        workloadSpan = exporters.spans == nil ? nil : TraceContext(using: &random)
        self.random = random
        origin = (scheduler.now, wallClock.millisecondsSince1970 * 1_000_000)
    }

    /// Whether log events are sent.
    package var takesLogs: Bool { exporters.logs != nil }

    package func record(_ measurement: Measurement) {
        for exporter in exporters.metrics { exporter.record(measurement) }
    }

    /// Records a span that is part of the workload's.
    package func recordPart(
        _ name: String,
        from start: Instant,
        to end: Instant,
        attributes: [Attribute] = []
    ) {
        guard let workloadSpan else { return }
        record(name, workloadSpan.child(using: &random), .internal, start, end, attributes, .unset)
    }

    /// Records the workload's own span.
    package func recordWorkload(
        _ name: String,
        from start: Instant,
        to end: Instant,
        attributes: [Attribute],
        status: TraceSpan.Status
    ) {
        guard let workloadSpan else { return }
        record(name, workloadSpan, .internal, start, end, attributes, status)
    }

    private func record(
        _ name: String,
        _ context: TraceContext,
        _ kind: TraceSpan.Kind,
        _ start: Instant,
        _ end: Instant,
        _ attributes: [Attribute],
        _ status: TraceSpan.Status
    ) {
        exporters.spans?.record(
            TraceSpan(
                context: context,
                parentID: context == workloadSpan ? nil : workloadSpan?.spanID,
                name: name,
                kind: kind,
                start: nanosecondsSince1970(start),
                end: nanosecondsSince1970(end),
                attributes: attributes,
                status: status
            )
        )
    }

    /// Takes a log event.
    ///
    /// - Parameters:
    ///   - timestamp: in milliseconds since 1970.
    ///   - source: who said it: `platform`, `source` or `destination`.
    ///   - body: UTF-8, without secrets.
    package func log(
        timestamp: Int64,
        _ severity: LogRecord.Severity,
        source: String,
        _ body: Span<UInt8>
    ) {
        exporters.logs?.record(
            LogRecord(timestamp: timestamp, severity: severity, source: source, context: workloadSpan),
            body
        )
    }

    private func nanosecondsSince1970(_ instant: Instant) -> Int64 {
        origin.nanosecondsSince1970 + (instant - origin.instant).nanoseconds
    }

    /// Sends what is left, for at most `flushLimit`; then nothing of it goes on. The completion is called once, later, from
    /// the loop. What is recorded after this call is lost.
    ///
    /// The exporters end one after the other, so that they can share a connection, and metrics come last, since they count
    /// what the others have lost. One that takes longer than `patience` does not hold up the next.
    package func finish(_ completion: @escaping () -> Void) {
        precondition(!isFinishing, "telemetry ends once")
        isFinishing = true
        var ends: [(@escaping () -> Void) -> Void] = []
        if let spans = exporters.spans { ends.append(spans.finish) }
        if let logs = exporters.logs { ends.append(logs.finish) }
        for exporter in exporters.metrics { ends.append(exporter.finish) }
        guard !ends.isEmpty else {
            scheduler.schedule(after: .zero, handler: completion)
            return
        }
        var begun = 0
        var waiting = ends.count
        let limit = scheduler.schedule(after: Self.flushLimit) { [exporters] in
            begun = ends.count
            waiting = 0
            exporters.spans?.cancel()
            exporters.logs?.cancel()
            for exporter in exporters.metrics { exporter.cancel() }
            completion()
        }
        func endNext() {
            guard begun < ends.count else { return }
            let end = ends[begun]
            begun += 1
            let number = begun
            let patience = scheduler.schedule(after: Self.patience) { if begun == number { endNext() } }
            end { [scheduler] in
                guard waiting > 0 else { return }
                scheduler.cancel(patience)
                waiting -= 1
                if waiting == 0 {
                    scheduler.cancel(limit)
                    completion()
                } else if begun == number {
                    endNext()
                }
            }
        }
        endNext()
    }
}

// MARK: - Requests

extension Telemetry: RequestObserver {
    package func willSend(
        _ request: inout HTTPRequest
    ) -> ((Result<HTTPResponse, HTTPTransportError>) -> Void)? {
        let purpose = request.purpose
        let span = workloadSpan?.child(using: &random)
        // A header that is not signed would have a store refuse the request.
        if let span, let service = purpose?.service, service != .storage {
            request.headers.append(HTTPHeader("traceparent", span.traceparent))
        }
        let start = scheduler.now
        let attempt = CallAttempt(method: request.method, url: request.url, purpose: purpose)
        return { [weak self] result in
            guard let self, !isFinishing else { return }
            let end = scheduler.now
            for measurement in attempt.measurements(result) { record(measurement) }
            if purpose?.call == .heartbeat, attempt.isSuccess(result),
                heartbeatRoundTrips.count < Self.maxRoundTrips
            {
                heartbeatRoundTrips.append((end - start).seconds)
            }
            guard let span else { return }
            record(
                attempt.spanName,
                span,
                .client,
                start,
                end,
                attempt.attributes(result),
                attempt.status(result)
            )
        }
    }
}

extension Duration {
    /// In seconds, with fractions.
    package var seconds: Double { Double(nanoseconds) / 1_000_000_000 }
}
