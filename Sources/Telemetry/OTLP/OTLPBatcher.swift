import HTTP
import Scheduling

/// Collects spans or log records, already encoded, and sends them in batches: when one is full, some time after its
/// first item, and at the end.
///
/// Where the receiver is slower, the oldest batches make room; the latest tell more of how a job ends.
final class OTLPBatcher {
    /// How many items a request has at most, as in OpenTelemetry's own batch processors.
    static let maxBatchItems = 512
    /// A batch with so many bytes is full: the request then mostly goes out in one piece with its head.
    static let maxBatchBytes = 56 * 1_024
    /// How many full batches wait behind the one that is being sent, so that at most 2,048 items wait, as in
    /// OpenTelemetry's own, and some 220 KiB.
    static let maxWaitingBatches = 4

    struct Batch {
        var items: OTLPWriter
        var count = 0
    }

    /// What is being filled. Items go to its writer, then `itemAdded` is called.
    var open: Batch
    private var waiting: [Batch] = []
    private var dropped = 0

    private let signal: OTLPSignal
    private let resource: [Attribute]
    private let period: Duration
    private let context: OTLPContext
    private let sender: OTLPSender
    private var timer: TimerToken?
    private var finish: (() -> Void)?
    private(set) var isEnded = false

    /// - Parameter period: how long an item waits at most for others.
    init(
        _ settings: OTLPSettings,
        _ signal: OTLPSignal,
        resource: [Attribute],
        period: Duration,
        _ context: OTLPContext
    ) {
        self.signal = signal
        self.resource = resource
        self.period = period
        self.context = context
        sender = OTLPSender(settings, signal, context)
        open = Batch(items: OTLPWriter(settings.encoding))
    }

    func itemAdded() {
        open.count += 1
        if open.count >= Self.maxBatchItems || open.items.count >= Self.maxBatchBytes {
            close()
            sendNext()
        } else if timer == nil, !sender.isBusy, finish == nil {
            timer = context.scheduler.schedule(after: period) { [self] in
                timer = nil
                sendNext()
            }
        }
    }

    func finish(_ completion: @escaping () -> Void) {
        precondition(finish == nil, "finished twice")
        sender.hurry()
        finish = completion
        stopTimer()
        if sender.isBusy { return }
        sendNext()
        if !sender.isBusy {
            // Never from within this call.
            timer = context.scheduler.schedule(after: .zero) { [self] in end() }
        }
    }

    func cancel() {
        guard !isEnded else { return }
        isEnded = true
        stopTimer()
        finish = nil
        dropAll()
        dropped += sender.cancel()
        reportDrops()
    }

    private func dropAll() {
        dropped += open.count + waiting.reduce(0) { $0 + $1.count }
        waiting = []
        open = Batch(items: OTLPWriter(open.items.encoding))
    }

    private func end() {
        isEnded = true
        let completion = finish
        finish = nil
        dropAll()
        reportDrops()
        completion?()
    }

    /// Puts the open batch behind the others.
    private func close() {
        guard open.count > 0 else { return }
        waiting.append(open)
        open = Batch(items: OTLPWriter(open.items.encoding))
        if waiting.count > Self.maxWaitingBatches { dropped += waiting.removeFirst().count }
    }

    /// Sends the oldest batch, full or not, if no other one is under way.
    private func sendNext() {
        guard !sender.isBusy, !sender.hasGivenUp else { return }
        if waiting.isEmpty { close() }
        guard !waiting.isEmpty else { return }
        stopTimer()
        let batch = waiting.removeFirst()
        let body = OTLPWriter.request(signal, resource: resource, items: batch.items)
        // Not the batch itself, whose bytes the body has already.
        let count = batch.count
        sender.send(body, itemCount: count) { [self] isTaken in
            if !isTaken { dropped += count }
            sent()
        }
        reportDrops()
    }

    private func sent() {
        reportDrops()
        if finish != nil {
            sendNext()
            if !sender.isBusy { end() }
        } else if !waiting.isEmpty {
            sendNext()
        } else if open.count > 0, timer == nil {
            timer = context.scheduler.schedule(after: period) { [self] in
                timer = nil
                sendNext()
            }
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
        context.onDrop(signal.rawValue, count)
    }
}
