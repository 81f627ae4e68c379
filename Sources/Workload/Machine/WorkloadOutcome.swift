import AirbyteProtocol

/// How a workload has ended, for statistics and summaries.
package enum WorkloadOutcome: String, Hashable, Sendable, CaseIterable {
    /// The connector's result is delivered, and the platform knows.
    case success
    /// The platform knows of a failure, from the report or from the job output.
    case failure
    /// The platform had ended the workload already (410).
    case cancelled
    /// The platform does not know: it was out of contact, or has not accepted the report.
    case unreported
    /// A signal stopped the sidecar before there was a result.
    case stopped
}

extension WorkloadMachine {
    /// How the workload has ended; nil while it goes on.
    package struct End: Sendable {
        package var outcome: WorkloadOutcome
        /// What kind of failure the job output has, or would have had.
        package var failureType: FailureType?
    }

    /// The outcome where the platform has accepted the report.
    func reportedOutcome(of plan: DeliveryPlan) -> WorkloadOutcome {
        guard plan.failureType != nil else { return .success }
        return stopSignal == nil ? .failure : .stopped
    }
}
