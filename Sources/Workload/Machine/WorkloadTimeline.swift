import Scheduling

/// When a workload has reached which point, for statistics and summaries.
package struct WorkloadTimeline: Hashable, Sendable {
    /// The parts of a workload's time. They follow each other, except that the connector may open its output before the
    /// workload is announced.
    package enum Phase: String, Hashable, Sendable, CaseIterable {
        /// From the sidecar's start to the accepted announcement.
        case start
        /// From the connector's open of its output to its end.
        case connector
        /// From the connector's end to the verdict: the rest of its output is read.
        case decide
        /// From the verdict until all is delivered.
        case deliver
        /// From then until the report is answered.
        case report
    }

    package let started: Instant
    package private(set) var announced: Instant?
    package private(set) var connectorOpened: Instant?
    package private(set) var connectorEnded: Instant?
    package private(set) var decided: Instant?
    package private(set) var delivered: Instant?
    package private(set) var ended: Instant?

    package init(started: Instant) {
        self.started = started
    }

    /// The beginning and the end of a phase that is over; nil for one that is not, or was left out.
    package func span(of phase: Phase) -> (start: Instant, end: Instant)? {
        let bounds: (start: Instant?, end: Instant?) =
            switch phase {
            case .start: (started, announced)
            case .connector: (connectorOpened, connectorEnded)
            case .decide: (connectorEnded, decided)
            case .deliver: (decided, delivered)
            case .report: (delivered, ended)
            }
        guard let start = bounds.start, let end = bounds.end else { return nil }
        return (start, end)
    }

    /// How long a phase took.
    package func duration(of phase: Phase) -> Duration? {
        span(of: phase).map { $0.end - $0.start }
    }

    /// The time from the start to the end.
    package var total: Duration? { ended.map { $0 - started } }

    /// Takes note of an event that the machine has handled.
    package mutating func note(_ event: WorkloadMachine.Event, now: Instant) {
        switch event {
        case .contactAnswered(.running, .accepted): announced = announced ?? now
        case .outputOpened: connectorOpened = connectorOpened ?? now
        case .transcriptRead: decided = decided ?? now
        default: break
        }
    }

    /// Takes note of an action that is about to be performed.
    package mutating func note(_ action: WorkloadMachine.Action, now: Instant) {
        switch action {
        case .readTranscript: connectorEnded = connectorEnded ?? now
        case .storeLog: delivered = delivered ?? now
        case .exit: ended = ended ?? now
        default: break
        }
    }
}
