import Scheduling

/// What is known of the connector while the machine waits for its end.
struct ConnectorState: Sendable {
    /// It has opened its output: its own time runs.
    var hasOpened = false
    /// Its output has been closed, as far as is known, since then: the grace period runs.
    var closedSince: Instant?
    /// The wait is to end so, unless the last look at the workspace finds something better.
    private(set) var dueEnding: Ending?

    /// True where the ending has to wait for the answer to a look that is to be asked for now.
    mutating func isNowDue(_ ending: Ending) -> Bool {
        switch dueEnding {
        // A suspicion can be laid to rest by the next write; a limit that has passed stays.
        case nil, .connectorLost: break
        default: return false
        }
        dueEnding = ending
        return true
    }

    /// The ending that was due until now.
    mutating func takeDueEnding() -> Ending? {
        defer { dueEnding = nil }
        return dueEnding
    }

    /// The connector has opened its output.
    mutating func opened() {
        hasOpened = true
        if case .startTimeout = dueEnding { dueEnding = nil }
    }

    /// Somebody has opened the output or written to it.
    mutating func touched() {
        closedSince = nil
        if case .connectorLost = dueEnding { dueEnding = nil }
    }
}
