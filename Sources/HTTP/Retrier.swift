import Scheduling

/// Repeats an operation while its failures are transient: the one retry engine of everything that is sent over HTTP.
///
/// It knows nothing of requests. The attempt says what its end means; the policy says how often and after which delays
/// an attempt is repeated.
public final class Retrier {
    /// How one attempt ended.
    public enum AttemptEnd<Answer> {
        /// A success, or a failure that a retry cannot change.
        case final(Answer)
        /// A failure that may pass. The answer counts if no retry is left.
        ///
        /// - Parameters:
        ///   - problem: one line for people, without secrets.
        ///   - retryAfter: the delay that the server asked for.
        case transient(Answer, problem: String, retryAfter: Duration?)
    }

    /// A retry that is about to wait for its time.
    public struct Retry: Hashable, Sendable {
        /// Why the attempt before it failed.
        public var problem: String
        /// Counted from 1.
        public var number: Int
        public var maxRetries: Int
        /// The time until the attempt starts.
        public var delay: Duration

        /// One line for the log.
        public var announcement: String {
            "\(problem); retrying in \(delay.spokenDescription) (retry \(number) of \(maxRetries))"
        }
    }

    /// Which attempt it is.
    public struct AttemptNumber: Hashable, Sendable {
        /// Counted from 1.
        public var value: Int
        /// Whether no retry is left.
        public var isLast: Bool

        public init(value: Int, isLast: Bool) {
            self.value = value
            self.isLast = isLast
        }
    }

    /// Makes one attempt and calls `finish` once, at once or later. What it answers after a cancellation is ignored.
    public typealias Attempt<Answer> = (
        _ number: AttemptNumber, _ finish: @escaping (AttemptEnd<Answer>) -> Void
    ) -> Void

    fileprivate let scheduler: any Scheduler
    fileprivate var random: SplitMix64

    /// - Parameter seed: for the jitter of the delays. All runs of a retrier draw from one sequence.
    public init(scheduler: any Scheduler, seed: UInt64) {
        self.scheduler = scheduler
        random = SplitMix64(seed: seed)
    }

    /// Starts the first attempt at once, and repeats it as the policy says.
    ///
    /// - Parameters:
    ///   - onRetry: called before each wait.
    ///   - completion: called once with the last attempt's answer, never from within this call; not at all after a
    ///     cancellation.
    @discardableResult
    public func run<Answer>(
        _ policy: RetryPolicy,
        attempt: @escaping Attempt<Answer>,
        onRetry: @escaping (Retry) -> Void = { _ in },
        completion: @escaping (Answer) -> Void
    ) -> RetryRun<Answer> {
        let run = RetryRun(
            retrier: self,
            policy: policy,
            attempt: attempt,
            onRetry: onRetry,
            completion: completion
        )
        run.start()
        return run
    }
}

/// One operation with its retries. It lives until its completion is called, whether or not anyone holds it.
public final class RetryRun<Answer> {
    private enum Phase {
        /// Numbered, so that the end of an attempt counts once.
        case attempting(retry: Int)
        case waiting(TimerToken)
        case ended
    }

    private let retrier: Retrier
    private let policy: RetryPolicy
    private let attempt: Retrier.Attempt<Answer>
    private let onRetry: (Retrier.Retry) -> Void
    private let completion: (Answer) -> Void
    private var phase = Phase.attempting(retry: 0)
    /// Whether `start` has not returned yet.
    private var isStarting = false

    fileprivate init(
        retrier: Retrier,
        policy: RetryPolicy,
        attempt: @escaping Retrier.Attempt<Answer>,
        onRetry: @escaping (Retrier.Retry) -> Void,
        completion: @escaping (Answer) -> Void
    ) {
        self.retrier = retrier
        self.policy = policy
        self.attempt = attempt
        self.onRetry = onRetry
        self.completion = completion
    }

    /// Ends the run: no attempt follows and the completion is not called. Does nothing after the end.
    ///
    /// A request that is under way is the attempt's own to cancel.
    public func cancel() {
        if case .waiting(let timer) = phase { retrier.scheduler.cancel(timer) }
        phase = .ended
    }

    fileprivate func start() {
        isStarting = true
        makeAttempt(retry: 0)
        isStarting = false
    }

    private func makeAttempt(retry: Int) {
        phase = .attempting(retry: retry)
        let number = Retrier.AttemptNumber(value: retry + 1, isLast: retry >= policy.maxRetries)
        attempt(number) { [self] end in
            guard case .attempting(let current) = phase, current == retry else { return }
            take(end, of: retry)
        }
    }

    private func take(_ end: Retrier.AttemptEnd<Answer>, of retry: Int) {
        switch end {
        case .final(let answer):
            complete(answer)
        case .transient(let answer, let problem, let retryAfter):
            guard retry < policy.maxRetries else { return complete(answer) }
            wait(for: retry + 1, after: problem, retryAfter)
        }
    }

    private func wait(for retry: Int, after problem: String, _ retryAfter: Duration?) {
        let delay = policy.delay(beforeRetry: retry, retryAfter: retryAfter, using: &retrier.random)
        phase = .waiting(
            retrier.scheduler.schedule(after: delay) { [self] in makeAttempt(retry: retry) }
        )
        onRetry(
            Retrier.Retry(problem: problem, number: retry, maxRetries: policy.maxRetries, delay: delay)
        )
    }

    private func complete(_ answer: Answer) {
        guard isStarting else {
            phase = .ended
            return completion(answer)
        }
        phase = .waiting(
            retrier.scheduler.schedule(after: .zero) { [self] in
                phase = .ended
                completion(answer)
            }
        )
    }
}

extension Retrier.AttemptEnd: Sendable where Answer: Sendable {}
