import HTTP
import Scheduling

/// Adds measurements up and pushes them over OTLP/HTTP, in a period and at the end.
package final class OTLPMetricExporter: MetricExporter {
    private let settings: OTLPSettings
    private let resource: [Attribute]
    private let commonTags: [Tag]
    private let step: Duration
    private let context: OTLPContext
    private let sender: OTLPSender
    private var aggregator = MetricAggregator()
    /// Whether something was measured that no push has taken along.
    private var hasNews = false
    /// When counting began, in milliseconds since 1970.
    private var start: Int64
    private var dropped = 0
    private var timer: TimerToken?
    private var finish: (() -> Void)?
    private var isEnded = false

    /// - Parameters:
    ///   - resource: describes the process.
    ///   - commonTags: carried by all points.
    ///   - step: the period of pushes.
    package init(
        _ settings: OTLPSettings,
        resource: [Attribute],
        commonTags: [Tag],
        step: Duration,
        _ context: OTLPContext
    ) {
        self.settings = settings
        self.resource = resource
        self.commonTags = commonTags
        self.step = step
        self.context = context
        sender = OTLPSender(settings, .metrics, context)
        start = context.wallClock.millisecondsSince1970
    }

    package func record(_ measurement: Measurement) {
        guard !isEnded else { return }
        guard aggregator.record(measurement) else {
            // What is lost is itself measured: that one is not counted, or it would never end.
            if measurement.metric != .telemetryDropped { dropped += 1 }
            return
        }
        hasNews = true
        startTimer()
    }

    package func finish(_ completion: @escaping () -> Void) {
        precondition(finish == nil, "finished twice")
        // Measures what was dropped, which the last push takes along.
        reportDrops()
        sender.hurry()
        finish = completion
        stopTimer()
        if sender.isBusy { return }
        push()
        if !sender.isBusy {
            // Never from within this call.
            timer = context.scheduler.schedule(after: .zero) { [self] in end() }
        }
    }

    package func cancel() {
        guard !isEnded else { return }
        isEnded = true
        stopTimer()
        finish = nil
        lose(sender.cancel())
        reportDrops()
    }

    private func end() {
        isEnded = true
        let completion = finish
        finish = nil
        if hasNews { lose(0) }
        reportDrops()
        completion?()
    }

    /// Sends all points, or with delta temporality those that have changed, if no push is under way.
    private func push() {
        guard !sender.isBusy, !sender.hasGivenUp, !aggregator.isEmpty else { return }
        reportDrops()
        let now = context.wallClock.millisecondsSince1970
        var items = OTLPWriter(settings.encoding)
        for group in aggregator.groups {
            items.metric(
                group,
                commonTags: commonTags,
                temporality: settings.temporality,
                start: start,
                now: now
            )
        }
        let count = aggregator.pointCount
        hasNews = false
        if settings.temporality == .delta {
            aggregator.reset()
            start = now
        }
        sender.send(OTLPWriter.request(.metrics, resource: resource, items: items), itemCount: count) {
            [self] in sent(count, isTaken: $0)
        }
    }

    private func sent(_ count: Int, isTaken: Bool) {
        guard finish == nil else {
            if isTaken, hasNews { push() }
            if !isTaken { lose(count) }
            if !sender.isBusy { end() }
            return
        }
        guard !isTaken else { return }
        if settings.temporality == .delta {
            dropped += count
        } else {
            // The next push has the same and more.
            hasNews = true
        }
    }

    /// At the end: counts the points of a push that has failed, and those that no push follows for.
    private func lose(_ count: Int) {
        let news = hasNews ? aggregator.pointCount : 0
        // Cumulative points are the same ones again.
        dropped += settings.temporality == .delta ? count + news : max(count, news)
        hasNews = false
    }

    private func startTimer() {
        guard timer == nil, finish == nil else { return }
        timer = context.scheduler.schedule(after: step) { [self] in
            timer = nil
            push()
            if !aggregator.isEmpty { startTimer() }
        }
    }

    private func stopTimer() {
        if let timer { context.scheduler.cancel(timer) }
        timer = nil
    }

    private func reportDrops() {
        guard dropped > 0 else { return }
        let count = dropped
        dropped = 0
        context.onDrop(OTLPSignal.metrics.rawValue, count)
    }
}
