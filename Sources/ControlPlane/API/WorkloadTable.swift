/// The workloads and their states, as the workload API answers for them. One that is named for the first time has been
/// launched.
struct WorkloadTable {
    private enum State: String {
        case launched
        case running
        case success
        case failure
    }

    private var states: [String: State] = [:]

    /// Carries out a call.
    ///
    /// - Returns: nil where the workload's state allows it, or else that state: the answer then is 410.
    mutating func transition(_ workloadID: String, _ call: ReceivedCall.Kind) -> String? {
        let state = states[workloadID] ?? .launched
        switch (call, state) {
        case (.running, .launched), (.running, .running): states[workloadID] = .running
        case (.heartbeat, .running): break
        case (.success, .launched), (.success, .running), (.success, .success): states[workloadID] = .success
        case (.failure, .launched), (.failure, .running), (.failure, .failure): states[workloadID] = .failure
        default: return state.rawValue
        }
        return nil
    }
}
