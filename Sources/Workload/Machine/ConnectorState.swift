import Scheduling

/// What is known of the connector while the machine waits for its end.
struct ConnectorState: Sendable {
    /// It has opened its output: its own time runs.
    var hasOpened = false
    /// Its output has been closed, as far as is known, since then: the grace period runs.
    var closedSince: Instant?
    /// How the wait will end, unless a last look at the workspace finds an exit code.
    private(set) var dueEnding: Ending?

    /// True if the ending needs a look at the workspace first, which has to be requested now.
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
