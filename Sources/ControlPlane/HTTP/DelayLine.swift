import Scheduling

/// The way to a server that is far away: what is sent arrives a fixed time later, in the same order.
///
/// The capacity is not limited, so the time does not depend on the length.
struct DelayLine {
    enum Arrival: Equatable {
        case bytes([UInt8])
        /// The sender has closed the connection; nothing comes after it.
        case end
    }

    let delay: Duration
    private var arrivals: ArraySlice<(due: Instant, what: Arrival)> = []

    init(delay: Duration) {
        self.delay = delay
    }

    /// When the next arrival is due; nil while nothing is on its way.
    var nextDue: Instant? { arrivals.first?.due }

    mutating func send(_ what: Arrival, at now: Instant) {
        arrivals.append((now + delay, what))
    }

    /// The next arrival that is due.
    mutating func receive(by now: Instant) -> Arrival? {
        guard let first = arrivals.first, first.due <= now else { return nil }
        arrivals.removeFirst()
        return first.what
    }
}
