import Scheduling

/// Shows a run.
protocol RunView: AnyObject {
    /// How often `refresh` is to be called; nil for never.
    var refreshInterval: Duration? { get }
    func show(_ event: RunEvent, _ record: RunRecord, at moment: Instant) throws(Failure)
    /// Time has passed, or the terminal has another size.
    func refresh(_ record: RunRecord, at moment: Instant) throws(Failure)
    /// The terminal is somebody else's until something is shown again.
    func suspend() throws(Failure)
    /// What is shown can be written: nothing else is at hand.
    func flush() throws(Failure)
    func finish(_ summary: RunSummary) throws(Failure)
}

extension RunView {
    var refreshInterval: Duration? { nil }
    func refresh(_ record: RunRecord, at moment: Instant) throws(Failure) {}
    func suspend() throws(Failure) {}
}
