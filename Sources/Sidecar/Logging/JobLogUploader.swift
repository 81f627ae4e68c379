import AirbyteProtocol
import Logging
import Scheduling
import Storage

/// Stores a job's log where the platform's user interface reads it: a document after every interval with new events,
/// whenever many have gathered, before the job's report, and at the end.
final class JobLogUploader {
    /// The delay before a document that could not be stored at the end is sent again.
    private static let lastRetryDelay: Duration = .seconds(1)

    /// The most such retries: the store has its own for transient failures.
    private static let lastRetries = 2

    private let store: any ObjectStore
    private let scheduler: any Scheduler
    private let wallClock: WallClock
    private let interval: Duration
    private let onTrouble: (String) -> Void

    private var batches = JobLogBatches()
    private var key: JobLogKey
    /// That of the document which is under way or failed: the same again, so that it can never be there twice.
    private var currentKey: String?
    private var timer: TimerToken?
    private var isFailing = false
    private var relieved: [() -> Void] = []
    private var onFlushed: (() -> Void)?
    /// How many events have to be stored until a `flush` is done.
    private var flushGoal = 0
    private var onClosed: (() -> Void)?
    private var retriesLeft = JobLogUploader.lastRetries

    /// - Parameters:
    ///   - interval: how long events wait for others at most.
    ///   - onTrouble: gets one line for each document that could not be stored.
    init(
        store: any ObjectStore,
        key: JobLogKey,
        interval: Duration,
        scheduler: any Scheduler,
        wallClock: WallClock,
        onTrouble: @escaping (String) -> Void
    ) {
        self.store = store
        self.key = key
        self.interval = interval
        self.scheduler = scheduler
        self.wallClock = wallClock
        self.onTrouble = onTrouble
    }

    /// True while the store works, but is so far behind that nothing should be added that can wait.
    var isStalled: Bool { !isFailing && batches.waiting > JobLogBatches.heldBack }

    /// Calls the handler once, when the store has caught up or is found to be out of order.
    func whenRelieved(_ handler: @escaping () -> Void) {
        relieved.append(handler)
    }

    /// Takes an event, unless the log is being closed: what its last documents give to log would make further ones.
    func append(_ event: JobLogEvent, _ message: Span<UInt8>) {
        guard onClosed == nil else { return }
        batches.append(event.json(message))
        if batches.isCrowded, !isFailing {
            upload()
        } else {
            uploadAfterInterval()
        }
    }

    /// Stores what it has been given so far. Once that is there, or the store has failed to take it, the handler is called
    /// once, perhaps from within the call. There is no limit of time.
    func flush(then handler: @escaping () -> Void) {
        precondition(onFlushed == nil, "one flush at a time")
        onFlushed = handler
        flushGoal = batches.taken
        upload()
    }

    private func flushed() {
        let handler = onFlushed
        onFlushed = nil
        handler?()
    }

    /// Stores what is left; then, or when the limit is over, the handler is called once, later, from the loop.
    func close(within limit: Duration, then handler: @escaping () -> Void) {
        onClosed = handler
        scheduler.schedule(after: limit) { [weak self] in self?.closed() }
        scheduler.schedule(after: .zero) { [weak self] in self?.upload() }
    }

    private func closed() {
        let handler = onClosed
        onClosed = nil
        handler?()
    }

    private func uploadAfterInterval() {
        guard timer == nil else { return }
        timer = scheduler.schedule(after: interval) { [weak self] in
            self?.timer = nil
            self?.upload()
        }
    }

    private func upload() {
        guard let document = batches.begin() else {
            if batches.isEmpty {
                flushed()
                closed()
            }
            return
        }
        let key = currentKey ?? self.key.next(millisecondsSince1970: wallClock.millisecondsSince1970)
        currentKey = key
        store.put(ObjectContent(document), key: key) { [weak self] failure in
            if let failure { self?.failed(failure) } else { self?.stored() }
        }
    }

    private func stored() {
        currentKey = nil
        isFailing = false
        let dropped = batches.storedFirst()
        if dropped > 0 {
            onTrouble("\(dropped) log lines are missing in \(store.name): it was too slow")
        }
        tellRelieved()
        if batches.stored >= flushGoal { flushed() }
        if onClosed != nil || onFlushed != nil || batches.isCrowded {
            upload()
        } else if !batches.isEmpty {
            // Their interval may have ended while this document was under way.
            uploadAfterInterval()
        }
    }

    private func failed(_ failure: StorageFailure) {
        batches.failed()
        let isNew = !isFailing
        isFailing = true
        if isNew {
            onTrouble(
                "The job log could not be stored in \(store.name); retrying later: \(failure.message)"
            )
        }
        tellRelieved()
        flushed()
        if onClosed != nil {
            guard retriesLeft > 0 else { return closed() }
            retriesLeft -= 1
            scheduler.schedule(after: Self.lastRetryDelay) { [weak self] in self?.upload() }
        } else {
            uploadAfterInterval()
        }
    }

    private func tellRelieved() {
        guard !isStalled else { return }
        let handlers = relieved
        relieved = []
        for handler in handlers { handler() }
    }
}
