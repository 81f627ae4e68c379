import HTTP
import Logging
import Scheduling

/// Sends a storage service's requests, and retries transient failures.
package final class StorageRequester {
    package struct Settings: Hashable, Sendable {
        package var connectTimeout: Duration
        /// The longest time for one exchange, after the connection.
        package var readTimeout: Duration
        package var retries: RetryPolicy

        package init(connectTimeout: Duration, readTimeout: Duration, retries: RetryPolicy) {
            self.connectTimeout = connectTimeout
            self.readTimeout = readTimeout
            self.retries = retries
        }
    }

    /// What an answer means for the next step.
    enum Judgement {
        case accepted
        /// Worth another try after a pause: overload, a fault of the server.
        case retry(StorageFailure)
        /// Retried at once, since the cause is corrected: a new token, the clock's offset, another
        /// region. At most `maxCorrections` times in a row, then it is a failure.
        case corrected(StorageFailure)
        case failed(StorageFailure)
    }

    package typealias Completion = (Result<HTTPResponse, StorageFailure>) -> Void

    /// Makes the request, anew for each attempt, since signatures and tokens age; the timeouts are filled in by the
    /// requester. May answer at once or later, once.
    typealias Preparation = (_ ready: @escaping (Result<HTTPRequest, Unprepared>) -> Void) -> Void

    /// Why a request could not be made: the credentials' own service is down (`isTemporary`), or there are none.
    struct Unprepared: Error {
        var failure: StorageFailure
        var isTemporary: Bool
    }

    /// How much a request is worth.
    enum Effort {
        /// All that the settings allow.
        case full
        /// One attempt, for a few seconds at most: others wait who know their end already.
        case brief
    }

    private static let briefTimeout: Duration = .seconds(5)

    /// Region, clock and token can each be wrong, one after the other.
    private static let maxCorrections = 3

    private let transport: any HTTPTransport
    private let scheduler: any Scheduler
    private let settings: Settings
    private let log: Logger
    private let retrier: Retrier

    init(
        transport: any HTTPTransport,
        scheduler: any Scheduler,
        settings: Settings,
        log: Logger,
        seed: UInt64
    ) {
        self.transport = transport
        self.scheduler = scheduler
        self.settings = settings
        self.log = log
        retrier = Retrier(scheduler: scheduler, seed: seed)
    }

    /// The time of the loop's present tick.
    var now: Instant { scheduler.now }

    /// Calls the handler in a later tick.
    func later(_ handler: @escaping () -> Void) {
        scheduler.schedule(after: .zero, handler: handler)
    }

    /// Performs one request to its end; the completion is called once, later, from the loop.
    ///
    /// - Parameters:
    ///   - what: names the request in messages, without secrets: `PUT s3://bucket/key`.
    ///   - judge: tells what an answer means. Connection errors and timeouts are retried without asking.
    func perform(
        _ what: String,
        effort: Effort = .full,
        prepare: @escaping Preparation,
        judge: @escaping (HTTPResponse) -> Judgement,
        completion: @escaping Completion
    ) {
        Call(
            requester: self,
            what: what,
            effort: effort,
            prepare: prepare,
            judge: judge
        ).run(completion)
    }

    /// One request with its retries.
    private final class Call {
        private typealias End = Retrier.AttemptEnd<Result<HTTPResponse, StorageFailure>>
        private typealias Finish = (End) -> Void

        private let requester: StorageRequester
        private let what: String
        private let effort: Effort
        private let prepare: Preparation
        private let judge: (HTTPResponse) -> Judgement
        private var corrections = 0
        private var number = 1

        init(
            requester: StorageRequester,
            what: String,
            effort: Effort,
            prepare: @escaping Preparation,
            judge: @escaping (HTTPResponse) -> Judgement
        ) {
            self.requester = requester
            self.what = what
            self.effort = effort
            self.prepare = prepare
            self.judge = judge
        }

        func run(_ completion: @escaping Completion) {
            requester.retrier.run(
                retries,
                attempt: { [self] number, finish in
                    self.number = number.value
                    attempt(finish)
                },
                // The caller logs the final outcome.
                onRetry: { [log = requester.log] retry in log.info("\(retry.announcement)") },
                completion: completion
            )
        }

        private var retries: RetryPolicy { effort == .full ? requester.settings.retries : .none }

        private func attempt(_ finish: @escaping Finish) {
            prepare { [self] prepared in
                switch prepared {
                case .success(let request): send(request, finish)
                case .failure(let problem):
                    finish(
                        problem.isTemporary
                            ? Self.transient(problem.failure) : .final(.failure(problem.failure))
                    )
                }
            }
        }

        private func send(_ request: HTTPRequest, _ finish: @escaping Finish) {
            var request = request
            request.connectTimeout = requester.settings.connectTimeout
            request.totalTimeout = requester.settings.connectTimeout + requester.settings.readTimeout
            request.purpose = RequestPurpose(.storage, attempt: number, maxRetries: retries.maxRetries)
            if effort == .brief { request.totalTimeout = min(request.totalTimeout, briefTimeout) }
            _ = requester.transport.send(request) { [self] result in
                switch result {
                case .success(let response): take(response, finish)
                case .failure(let error):
                    let failure = StorageFailure(message: "\(what) failed: \(error.message)")
                    finish(error.isTemporary ? Self.transient(failure) : .final(.failure(failure)))
                }
            }
        }

        private func take(_ response: HTTPResponse, _ finish: @escaping Finish) {
            switch judge(response) {
            case .accepted:
                finish(.final(.success(response)))
            case .failed(let failure):
                finish(.final(.failure(failure)))
            case .retry(let failure):
                finish(Self.transient(failure, retryAfter: response.retryAfter))
            case .corrected(let failure):
                corrections += 1
                guard corrections <= maxCorrections else { return finish(.final(.failure(failure))) }
                attempt(finish)
            }
        }

        private static func transient(_ failure: StorageFailure, retryAfter: Duration? = nil) -> End {
            .transient(.failure(failure), problem: failure.message, retryAfter: retryAfter)
        }
    }
}
