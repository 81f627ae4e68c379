import Scheduling

/// Sends metrics over StatsD: sums of counters, last values of gauges, and every value of timers and distributions.
///
/// They are flushed ten seconds after the first of them was recorded. What nobody takes is lost and counted, in
/// `airbyte.sidecar.telemetry_dropped`. The first trouble is reported, no other.
package final class StatsDExporter: MetricExporter {
    /// How long values wait. Micrometer flushes each ten seconds, whatever its step is.
    package static let flushInterval: Duration = .seconds(10)

    /// The longest packet over UDP: below the 1,500 bytes that an Ethernet carries.
    static let maxPacketOverUDP = 1_400
    /// The longest packet over a Unix socket, as Datadog's clients have it.
    static let maxPacketOverUnix = 8_192

    private let lines: StatsDLines
    private let maxPacket: Int
    private let scheduler: any Scheduler
    private let sender: any DatagramSender
    private let onTrouble: (String) -> Void

    private var waiting = StatsDAggregate()
    private var flushTimer: TimerToken?
    private var isSending = false
    /// What `finish` was given, until it is called.
    private var completion: (() -> Void)?
    private var isFinishing = false
    private var hasReportedTrouble = false
    /// How many measurements were lost since this was last told.
    private var dropped = 0

    /// - Parameters:
    ///   - commonTags: what all metrics carry.
    ///   - sender: it leads to the settings' destination.
    ///   - onTrouble: gets one line, once, if the receiver does not take the metrics.
    package init(
        _ settings: StatsDSettings,
        commonTags: [Tag],
        scheduler: any Scheduler,
        sender: any DatagramSender,
        onTrouble: @escaping (String) -> Void
    ) {
        lines = StatsDLines(settings, commonTags: commonTags)
        maxPacket =
            switch settings.destination {
            case .udp: Self.maxPacketOverUDP
            case .unix: Self.maxPacketOverUnix
            }
        self.scheduler = scheduler
        self.sender = sender
        self.onTrouble = onTrouble
    }

    package func record(_ measurement: Measurement) {
        guard waiting.add(measurement) else {
            dropped += 1
            return
        }
        flushSoon()
    }

    package func finish(_ completion: @escaping () -> Void) {
        self.completion = completion
        isFinishing = true
        stopTimer()
        if !isSending { flush() }
    }

    package func cancel() {
        stopTimer()
        isFinishing = true
        completion = nil
        waiting = StatsDAggregate()
        sender.cancel()
    }

    private func stopTimer() {
        if let flushTimer { scheduler.cancel(flushTimer) }
        flushTimer = nil
    }

    private func flushSoon() {
        guard flushTimer == nil, !isFinishing else { return }
        flushTimer = scheduler.schedule(after: Self.flushInterval) { [weak self] in
            self?.flushTimer = nil
            self?.flush()
        }
    }

    /// Sends what waits, unless packets are on their way: their end comes back here.
    private func flush() {
        guard !isSending else { return }
        if dropped > 0 {
            // Has room of its own: it is a counter.
            _ = waiting.add(Measurement(.telemetryDropped, Double(dropped), [Tag(.signal, "metrics")]))
            dropped = 0
        }
        let flushed = waiting
        waiting = StatsDAggregate()
        var packets = StatsDPackets(maxBytes: maxPacket)
        dropped += flushed.write(with: lines, into: &packets)
        let all = packets.all
        guard !all.isEmpty else { return finishSoon() }
        isSending = true
        sender.send(all) { [weak self] result in self?.sendingEnded(result, all) }
    }

    private func sendingEnded(_ result: DatagramResult, _ packets: [[UInt8]]) {
        isSending = false
        for packet in packets[result.sent...] { dropped += packet.count { $0 == UInt8(ascii: "\n") } }
        if let trouble = result.trouble, !hasReportedTrouble {
            hasReportedTrouble = true
            onTrouble(trouble)
        }
        guard isFinishing else { return }
        // What was recorded meanwhile; of a receiver in trouble, nothing more is asked.
        if waiting.isEmpty || result.trouble != nil { callCompletion() } else { flush() }
    }

    private func finishSoon() {
        guard isFinishing else { return }
        scheduler.schedule(after: .zero) { [weak self] in self?.callCompletion() }
    }

    private func callCompletion() {
        let completion = completion
        self.completion = nil
        completion?()
    }
}
