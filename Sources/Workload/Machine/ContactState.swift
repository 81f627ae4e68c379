import Scheduling

/// How the contact with the workload API stands: announcements until one is taken, then heartbeats.
struct ContactState: Sendable {
    /// Timeouts of one attempt. The first is generous, and leaves many attempts before contact counts as lost. A slow
    /// control plane gets more time with each failure.
    private static let timeouts: [Duration] = [.seconds(10), .seconds(20), .seconds(40), .seconds(60)]

    /// No attempt takes longer.
    static let maxTimeout = timeouts[timeouts.count - 1]

    var announced = false
    private(set) var current: ContactCall?
    private(set) var failures = 0
    private(set) var lastSuccess: Instant
    /// No more contacts: the final report may already have ended the workload.
    var closed = false
    /// The contact timeout has passed while the process was stopped: the present attempt, or the next one, decides.
    var isLastTry = false
    private var attemptStarted: Instant
    /// When the process was found to have been stopped for a while; nil once an attempt has been made since.
    private var thawed: Instant?

    init(now: Instant) {
        lastSuccess = now
        attemptStarted = now
    }

    /// An attempt begins; its timeout.
    mutating func began(_ call: ContactCall, _ now: Instant) -> Duration {
        current = call
        attemptStarted = now
        return Self.timeouts[min(failures, Self.timeouts.count - 1)]
    }

    /// The attempt was answered.
    mutating func ended() {
        current = nil
    }

    mutating func succeeded(_ now: Instant) {
        failures = 0
        lastSuccess = now
        isLastTry = false
        thawed = nil
    }

    mutating func failed() {
        failures += 1
        if let thawed, attemptStarted >= thawed { self.thawed = nil }
    }

    /// A timer has fired. One that is late by more than the tolerance says that the process was stopped (SIGSTOP, a
    /// paused node): what has timed out meanwhile says nothing about the platform.
    mutating func timerFired(due: Instant, tolerance: Duration, _ now: Instant) {
        if now - due > tolerance { thawed = now }
    }

    /// Whether no attempt has been made and answered since the process was stopped.
    var isUntriedSinceThaw: Bool { thawed != nil }
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
