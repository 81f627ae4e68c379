import AirbyteProtocol
import Scheduling

/// The delivery of a result while the connector still runs.
///
/// A result decides the job output, whatever the exit code will be, and connectors take a while to end after it. Nothing
/// is reported early. What has failed early decides nothing: it is delivered again at the end.
struct EarlyDelivery: Sendable {
    /// A result is delivered once it has stood unchanged for this long. A connector that has more to say about it,
    /// such as a new configuration, usually does so at once.
    static let delay: Duration = .milliseconds(10)

    /// No job is delivered early more often than this. A connector that keeps changing its mind is delivered at its end.
    static let maxDeliveries = 3

    /// What the output says, with a result that has not been delivered; nil where there is none.
    private(set) var candidate: Transcript?
    /// The candidate has stood for long enough.
    var isDue = false
    /// What is being delivered; nil where nothing is, or where a newer candidate has replaced it.
    var plan: DeliveryPlan?
    /// The step that is under way. It is waited for, whatever has become of its plan: two steps that are under way at once
    /// could arrive in either order.
    private(set) var step: DeliveryStep?
    private(set) var steps = DeliveredSteps()
    private var deliveries = 0

    /// Whether there has been something to deliver.
    var hasBegun: Bool { candidate != nil || deliveries > 0 }

    /// The output has a new result, or none any more.
    mutating func resultChanged(_ transcript: Transcript?) {
        candidate = transcript
        isDue = false
        plan = nil
    }

    /// The transcript to deliver, if it is time for it.
    mutating func takeCandidate() -> Transcript? {
        guard isDue, step == nil, let transcript = candidate else { return nil }
        candidate = nil
        isDue = false
        guard deliveries < Self.maxDeliveries else { return nil }
        return transcript
    }

    /// A plan's first step is about to be performed.
    mutating func countDelivery() {
        deliveries += 1
    }

    mutating func begin(_ step: DeliveryStep) {
        self.step = step
        steps.begin(step)
    }

    /// Takes the result of the step that was under way.
    mutating func record(_ result: DeliveryResult) {
        guard let step else { return }
        self.step = nil
        steps.record(result, of: step)
    }
}
