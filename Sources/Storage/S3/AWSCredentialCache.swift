import HTTP
import Logging
import Scheduling

/// Gives the credentials to sign with: keeps them, and has new ones fetched before they end.
final class AWSCredentialCache {
    typealias Completion = (Result<AWSCredentials, StorageRequester.Unprepared>) -> Void

    /// So long before their end new ones are asked for, in seconds: the SDKs' own margin.
    static let renewalMargin: Int64 = 300

    private let fetch: (@escaping Completion) -> Void
    private let wallClock: WallClock
    private let log: Logger
    private var current: AWSCredentials?
    private let flight = SingleFlight<Result<AWSCredentials, StorageRequester.Unprepared>>()

    /// - Parameter fetch: fetches credentials; calls its completion once, at once or later.
    init(wallClock: WallClock, log: Logger, fetch: @escaping (@escaping Completion) -> Void) {
        self.wallClock = wallClock
        self.log = log
        self.fetch = fetch
    }

    /// Calls at once with credentials that are good for a while yet, else later. One fetch serves all who wait.
    func get(_ completion: @escaping Completion) {
        if let current, isGood(current, margin: Self.renewalMargin) { return completion(.success(current)) }
        flight.join(completion) { fetch { [self] result in take(result) } }
    }

    /// Forgets credentials that a service has refused; those that have replaced them meanwhile stay.
    func reject(_ refused: AWSCredentials) {
        if current == refused { current = nil }
    }

    private func take(_ result: Result<AWSCredentials, StorageRequester.Unprepared>) {
        var result = result
        switch result {
        case .success(let credentials):
            current = credentials
        case .failure(let problem):
            // Old ones that have not ended are better than none.
            if let current, isGood(current, margin: 0) {
                log.warning("\(problem.failure.message); the current credentials are used until they expire")
                result = .success(current)
            }
        }
        flight.finish(result)
    }

    private func isGood(_ credentials: AWSCredentials, margin: Int64) -> Bool {
        guard let expiration = credentials.expiration else { return true }
        return wallClock.secondsSince1970 + margin < expiration
    }
}
