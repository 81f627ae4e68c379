/// What a request is for, so that telemetry can tell requests apart. It is not sent.
public struct RequestPurpose: Hashable, Sendable {
    public enum Call: String, Hashable, Sendable, CaseIterable {
        // The workload API's.
        case running
        case heartbeat
        case success
        case failure
        // The server API's.
        case writeOutput = "write_output"
        case writeCatalog = "write_catalog"
        case getActor = "get_actor"
        case updateActor = "update_actor"
        /// Fetches an access token of the platform.
        case token
        /// Any request to an object store.
        case storage
    }

    public enum Service: Hashable, Sendable {
        case workloadAPI
        case serverAPI
        case tokenEndpoint
        case storage
    }

    public var call: Call
    /// The number of the attempt, from 1.
    public var attempt: Int
    /// How many attempts follow the first one at most.
    public var maxRetries: Int

    public init(_ call: Call, attempt: Int = 1, maxRetries: Int) {
        self.call = call
        self.attempt = attempt
        self.maxRetries = maxRetries
    }

    /// Who answers.
    public var service: Service {
        switch call {
        case .running, .heartbeat, .success, .failure: .workloadAPI
        case .writeOutput, .writeCatalog, .getActor, .updateActor: .serverAPI
        case .token: .tokenEndpoint
        case .storage: .storage
        }
    }
}
