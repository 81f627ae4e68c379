import Scheduling

/// Time that passes only when a test lets it.
package final class FakeScheduler: Scheduler {
    private struct Timer {
        var token: TimerToken
        var deadline: Instant
        var handler: () -> Void
    }

    package private(set) var now = Instant(nanoseconds: 1_000_000_000_000)
    private var timers: [Timer] = []
    private var made: UInt32 = 0

    package init() {}

    @discardableResult
    package func schedule(at deadline: Instant, handler: @escaping () -> Void) -> TimerToken {
        made += 1
        let token = TimerToken(slot: made, generation: 0)
        timers.append(Timer(token: token, deadline: deadline, handler: handler))
        return token
    }

    package func cancel(_ timer: TimerToken) {
        timers.removeAll { $0.token == timer }
    }

    /// How long until each timer fires, in the order of their making.
    package var delays: [Duration] { timers.map { $0.deadline - now } }

    /// Lets so much time pass; what fires in it is called at its own time.
    package func advance(by time: Duration) {
        let end = now + time
        while let next = timers.filter({ $0.deadline <= end }).min(by: { $0.deadline < $1.deadline }) {
            timers.removeAll { $0.token == next.token }
            now = max(now, next.deadline)
            next.handler()
        }
        now = end
    }

    /// Jumps to the next timer; the delay until it, nil where none is left.
    @discardableResult
    package func advanceToNext() -> Duration? {
        guard let next = timers.map(\.deadline).min() else { return nil }
        let delay = next - now
        advance(by: delay)
        return delay
    }
}
