/// Time and timers, as far as the code above the loop needs them.
///
/// The reactor is one; tests and the simulator bring others.
public protocol Scheduler: AnyObject {
    /// The time of the current tick, on the monotonic clock.
    var now: Instant { get }

    /// Calls the handler once, in a later tick, when `deadline` has come.
    @discardableResult
    func schedule(at deadline: Instant, handler: @escaping () -> Void) -> TimerToken

    /// Cancels a timer. A timer that has fired or was cancelled is ignored.
    func cancel(_ timer: TimerToken)
}

extension Scheduler {
    /// Calls the handler once, in a later tick, when `delay` has passed; a delay of zero means the next tick.
    @discardableResult
    public func schedule(after delay: Duration, handler: @escaping () -> Void) -> TimerToken {
        schedule(at: now + delay, handler: handler)
    }
}

/// Names one timer for the scheduler that made it; stays harmless after the timer's end.
public struct TimerToken: Hashable, Sendable {
    /// The timer's place in the scheduler's table.
    public let slot: UInt32
    /// Tells the timers apart that have had this place one after the other.
    public let generation: UInt32

    public init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }
}
