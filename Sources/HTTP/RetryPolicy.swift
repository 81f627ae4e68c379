import Scheduling

/// How often and after which delays a failed call is retried.
public struct RetryPolicy: Hashable, Sendable {
    /// The delay before the first retry, before jitter.
    public var firstDelay: Duration
    /// How many retries follow the first attempt at most.
    public var maxRetries: Int
    /// How the delay goes on from the first one.
    public var backoff: Backoff

    public enum Backoff: Hashable, Sendable {
        /// Doubles with every retry, with jitter.
        case exponential
        /// Every delay is the first one, without jitter: for a service on the same machine.
        case constant
    }

    /// No computed delay is longer: a minute is long enough for any overload to have passed unnoticed, and
    /// short enough that a recovered service is found soon.
    public static let maxDelay: Duration = .seconds(60)

    /// What a server asks for by `Retry-After` is honoured up to this bound.
    public static let maxRetryAfter: Duration = .seconds(300)

    /// One attempt only.
    public static let none = RetryPolicy(firstDelay: .zero, maxRetries: 0)

    public init(firstDelay: Duration, maxRetries: Int, backoff: Backoff = .exponential) {
        self.firstDelay = firstDelay
        self.maxRetries = maxRetries
        self.backoff = backoff
    }

    /// The time to wait before retry number `retry`, counted from 1.
    ///
    /// An exponential backoff doubles with every retry; its jitter takes away up to half, so that many sidecars that
    /// failed together do not come back together. Never less than what the server asked for.
    public func delay(
        beforeRetry retry: Int,
        retryAfter: Duration? = nil,
        using random: inout some RandomNumberGenerator
    ) -> Duration {
        precondition(retry >= 1, "retries are counted from 1")
        let requested = min(retryAfter ?? .zero, Self.maxRetryAfter)
        if backoff == .constant { return max(min(firstDelay, Self.maxDelay), requested) }
        // 2^20 times the smallest useful delay is far beyond the longest one already.
        let factor = Int64(1) << min(retry - 1, 20)
        let uncapped =
            firstDelay > Self.maxDelay / Int(factor) ? Self.maxDelay : firstDelay * Int(factor)
        let full = min(uncapped, Self.maxDelay)
        let jittered = Duration.nanoseconds(
            Int64.random(
                in: full.nanoseconds / 2...max(full.nanoseconds / 2, full.nanoseconds),
                using: &random
            )
        )
        return max(jittered, requested)
    }
}
