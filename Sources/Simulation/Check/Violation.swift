/// What must hold in every run, by number.
package enum Invariant: Int, CaseIterable, Sendable {
    case ends = 1
    case keepsContact
    case reportsOnce
    case exitZeroIsEarned
    case losesNothingSilently
    case reportMatchesVerdict
    case markerBeforeWaits
    case showsNoSecret
    case staysInBounds
    case obeysSignals
    case triesAfterFreeze
    case readingPathsAgree
    case lastOutputCounts
    case waitsForTheEnd

    /// One line for people.
    package var text: String {
        switch self {
        case .ends: "every run ends within its timeouts and retries"
        case .keepsContact: "attempts at contact are no further apart than interval and timeout"
        case .reportsOnce: "there is at most one kind of report, and none after a 410"
        case .exitZeroIsEarned: "exit code 0 needs an accepted output and an accepted success"
        case .losesNothingSilently: "a complete result is delivered or its loss is said"
        case .reportMatchesVerdict: "report and exit code match the outcome"
        case .markerBeforeWaits: "TERMINATED is written before any wait at the end"
        case .showsNoSecret: "no secret shows in any log, body or report"
        case .staysInBounds: "timers, requests and reads stay in their bounds"
        case .obeysSignals: "a stop signal ends the process within 25 s with code 143"
        case .triesAfterFreeze: "after a freeze, contact is tried once before giving up"
        case .readingPathsAgree: "both reading paths make the same calls"
        case .lastOutputCounts: "the output that was sent last is what the sink holds at the report"
        case .waitsForTheEnd: "nothing is reported while the connector runs"
        }
    }
}

/// An invariant that did not hold.
package struct Violation: Sendable {
    package var invariant: Invariant
    package var text: String
}
