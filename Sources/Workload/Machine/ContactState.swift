import Scheduling

/// How the contact with the workload API stands: announcements until one is taken, then heartbeats.
struct ContactState: Sendable {
    /// Timeouts of one attempt. The first is generous, and leaves many attempts before contact counts as lost. A slow
    /// control plane gets more time with each failure.
    private static let timeouts: [Duration] = [.seconds(10), .seconds(20), .seconds(40), .seconds(60)]

    /// No attempt takes longer. After a stop of the process, contact is tried for so long before it counts as lost: the
    /// first attempt can meet a connection that has died meanwhile.
    static let maxTimeout = timeouts[timeouts.count - 1]

    var announced = false
    private(set) var current: ContactCall?
    private(set) var failures = 0
    private(set) var lastSuccess: Instant
    /// No more contacts: the final report may already have ended the workload.
    var closed = false
    /// When the process was found to have been stopped for a while; nil once a call has succeeded since.
    private var thawed: Instant?

    init(now: Instant) {
        lastSuccess = now
    }

    /// An attempt begins; its timeout.
    mutating func began(_ call: ContactCall) -> Duration {
        current = call
        return Self.timeouts[min(failures, Self.timeouts.count - 1)]
    }

    /// The attempt was answered.
    mutating func ended() {
        current = nil
    }

    mutating func succeeded(_ now: Instant) {
        failures = 0
        lastSuccess = now
        thawed = nil
    }

    mutating func failed() {
        failures += 1
    }

    /// The process was stopped for a while (SIGSTOP, a paused node): what has timed out meanwhile says nothing about the
    /// platform.
    mutating func noteThaw(_ now: Instant) {
        thawed = now
    }

    /// Until when contact is tried after a stop of the process; nil where it was not stopped.
    var endOfGrace: Instant? { thawed.map { $0 + Self.maxTimeout } }
}

/// How contact with the workload API is kept.
package struct HeartbeatSettings: Hashable, Sendable {
    package var interval: Duration
    /// The sidecar gives up after this time without a successful call.
    package var contactTimeout: Duration

    package init(interval: Duration, contactTimeout: Duration) {
        self.interval = interval
        self.contactTimeout = contactTimeout
    }
}
