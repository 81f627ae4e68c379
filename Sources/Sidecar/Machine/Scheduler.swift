import Reactor

/// The loop's time and timers, as far as the rooms above need them.
protocol Scheduler: AnyObject {
    /// The time of the present tick.
    var now: Instant { get }

    /// Calls the handler once, in a later tick.
    @discardableResult
    func schedule(after delay: Duration, handler: @escaping () -> Void) -> TimerToken

    /// A timer that has fired or was cancelled is ignored.
    func cancel(_ timer: TimerToken)
}

extension Reactor: Scheduler {}
