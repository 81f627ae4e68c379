import Scheduling

/// How often and after which delays a failed call is retried: exponential backoff with jitter.
public struct RetryPolicy: Hashable, Sendable {
    /// The delay before the first retry, before jitter.
    public var firstDelay: Duration
    /// How many retries follow the first attempt at most.
    public var maxRetries: Int

    /// No computed delay is longer: a minute is long enough for any overload to have passed unnoticed, and
    /// short enough that a recovered service is found soon.
    public static let maxDelay: Duration = .seconds(60)

    /// What a server asks for by `Retry-After` is honoured up to this bound.
    public static let maxRetryAfter: Duration = .seconds(300)

    public init(firstDelay: Duration, maxRetries: Int) {
        self.firstDelay = firstDelay
        self.maxRetries = maxRetries
    }

    /// The time to wait before retry number `retry`, counted from 1.
    ///
    /// Doubles with every retry; the jitter takes away up to half, so that many sidecars that failed together do
    /// not come back together. Never less than what the server asked for.
    public func delay(
        beforeRetry retry: Int,
        retryAfter: Duration? = nil,
        using random: inout some RandomNumberGenerator
    ) -> Duration {
        precondition(retry >= 1, "retries are counted from 1")
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
        return max(jittered, min(retryAfter ?? .zero, Self.maxRetryAfter))
    }
}
