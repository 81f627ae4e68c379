/// Gathers a job's log events into the documents of the log store: in order, each event in exactly one of them.
///
/// A value that does nothing itself. One document is under way at a time, so that a later one can never be there while
/// an earlier one is missing; one that failed is what goes next.
struct JobLogBatches {
    /// A document is complete with this many events, as in the platform's own log appender.
    static let maxEvents = 10_000

    /// Or with this many bytes: with lines of megabytes, memory would run out long before the events do.
    static let maxDocumentSize = 4 * 1_024 * 1_024

    /// The bound for all waiting events, in bytes, including the document in flight. Beyond it, events are dropped and
    /// counted: a log store that is down must not exhaust a job's memory.
    static let maxBacklogSize = 16 * 1_024 * 1_024

    /// With more waiting bytes, the reading of the connector's output is held back.
    static let heldBack = 8 * 1_024 * 1_024

    private static let head = Array("{\"events\":[".utf8)
    private static let tail = Array("],\"version\":\"1\"}".utf8)

    /// Encoded events with commas between them.
    private struct Batch {
        var bytes: [UInt8] = []
        var events = 0

        var isFull: Bool { events >= maxEvents || bytes.count >= maxDocumentSize }

        /// What the platform's log reader reads.
        var document: [UInt8] { head + bytes + tail }
    }

    private var batches: [Batch] = []
    private var isUnderWay = false
    private var backlog = 0
    /// Events that were dropped since the last one that was accepted.
    private(set) var dropped = 0

    /// How many events have found room.
    private(set) var taken = 0
    /// How many of them are stored.
    private(set) var stored = 0

    /// True while nothing waits to be stored.
    var isEmpty: Bool { batches.isEmpty }

    /// True when a document is to be stored without waiting for the interval's end.
    var isCrowded: Bool { !isUnderWay && batches.first?.isFull == true }

    /// In bytes.
    var waiting: Int { backlog }

    /// Adds an event, encoded; false where there was no room for it.
    @discardableResult
    mutating func append(_ event: [UInt8]) -> Bool {
        guard backlog + event.count <= Self.maxBacklogSize || batches.isEmpty else {
            dropped += 1
            return false
        }
        // Nothing is added to a document that is under way.
        let isFirstTaken = isUnderWay && batches.count == 1
        if batches.isEmpty || isFirstTaken || batches[batches.count - 1].isFull { batches.append(Batch()) }
        let last = batches.count - 1
        if batches[last].events > 0 { batches[last].bytes.append(UInt8(ascii: ",")) }
        batches[last].bytes += event
        batches[last].events += 1
        taken += 1
        backlog += event.count
        return true
    }

    /// The oldest document, which is under way from now on; nil where none waits or one is under way already.
    mutating func begin() -> [UInt8]? {
        guard !isUnderWay, let first = batches.first else { return nil }
        isUnderWay = true
        return first.document
    }

    /// The document under way is stored. Returns how many events were dropped before there was room again.
    mutating func storedFirst() -> Int {
        isUnderWay = false
        let batch = batches.removeFirst()
        stored += batch.events
        backlog -= batch.bytes.count - max(batch.events - 1, 0)
        defer { dropped = 0 }
        return dropped
    }

    /// The document under way could not be stored. It is the next to go, perhaps with more events by then.
    mutating func failed() {
        isUnderWay = false
    }
}
