import Scheduling
import TestSupport
import Testing

@testable import HTTP

@Suite struct RetrierTests {
    private typealias End = Retrier.AttemptEnd<String>

    /// What a run has done so far.
    private final class Record {
        var finish: ((End) -> Void)?
        var numbers: [Int] = []
        var isLast: [Bool] = []
        var retries: [Retrier.Retry] = []
        var answers: [String] = []
    }

    private static let failure = End.transient("down", problem: "GET / failed", retryAfter: nil)

    private let scheduler = FakeScheduler()
    private let record = Record()

    private func start(
        _ policy: RetryPolicy,
        seed: UInt64 = 1,
        atOnce: End? = nil
    ) -> RetryRun<String> {
        Retrier(scheduler: scheduler, seed: seed).run(
            policy,
            attempt: { [record] number, finish in
                record.numbers.append(number.value)
                record.isLast.append(number.isLast)
                record.finish = finish
                if let atOnce { finish(atOnce) }
            },
            onRetry: { [record] in record.retries.append($0) },
            completion: { [record] in record.answers.append($0) }
        )
    }

    private func end(_ end: End) throws {
        let finish = try #require(record.finish)
        finish(end)
    }

    @Test func aFinalAnswerEndsTheRun() throws {
        _ = start(RetryPolicy(firstDelay: .seconds(2), maxRetries: 3))
        try end(.final("ok"))
        #expect(record.answers == ["ok"])
        #expect(record.isLast == [false])
        #expect(record.retries.isEmpty)
        #expect(scheduler.delays.isEmpty)
    }

    @Test func transientFailuresAreRetriedWithTheDelaysOfThePolicy() throws {
        let policy = RetryPolicy(firstDelay: .seconds(2), maxRetries: 3)
        _ = start(policy, seed: 7)
        var random = SplitMix64(seed: 7)
        for number in 1...3 {
            try end(Self.failure)
            let delay = policy.delay(beforeRetry: number, using: &random)
            #expect(scheduler.delays == [delay])
            #expect(
                record.retries.last
                    == Retrier.Retry(problem: "GET / failed", number: number, maxRetries: 3, delay: delay)
            )
            #expect(record.isLast.count == number)
            scheduler.advanceToNext()
            #expect(record.isLast.count == number + 1)
        }
        #expect(record.numbers == [1, 2, 3, 4])
        #expect(record.isLast == [false, false, false, true])
        #expect(record.answers.isEmpty)
        try end(Self.failure)
        #expect(record.answers == ["down"])
        #expect(record.retries.count == 3)
        #expect(scheduler.delays.isEmpty)
    }

    @Test func aRetryMaySucceed() throws {
        _ = start(RetryPolicy(firstDelay: .seconds(2), maxRetries: 1))
        try end(Self.failure)
        scheduler.advanceToNext()
        try end(.final("ok"))
        #expect(record.answers == ["ok"])
    }

    @Test func retryAfterIsHonoured() throws {
        _ = start(RetryPolicy(firstDelay: .seconds(2), maxRetries: 1))
        try end(.transient("down", problem: "busy", retryAfter: .seconds(45)))
        #expect(scheduler.delays == [.seconds(45)])
        #expect(record.retries.map(\.announcement) == ["busy; retrying in 45 seconds (retry 1 of 1)"])
    }

    @Test func constantBackoffHasNoJitter() throws {
        _ = start(RetryPolicy(firstDelay: .seconds(1), maxRetries: 2, backoff: .constant))
        for _ in 0..<2 {
            try end(Self.failure)
            #expect(scheduler.advanceToNext() == .seconds(1))
        }
        try end(Self.failure)
        #expect(record.answers == ["down"])
    }

    @Test func withoutRetriesThereIsOneAttempt() throws {
        _ = start(.none)
        #expect(record.isLast == [true])
        try end(Self.failure)
        #expect(record.answers == ["down"])
        #expect(record.retries.isEmpty)
    }

    /// An attempt may end within the call; the completion still comes later.
    @Test(arguments: [RetryPolicy.none, RetryPolicy(firstDelay: .seconds(1), maxRetries: 2)])
    func theCompletionIsNeverCalledFromWithinRun(_ policy: RetryPolicy) {
        _ = start(policy, atOnce: .final("ok"))
        #expect(record.answers.isEmpty)
        #expect(scheduler.advanceToNext() == .zero)
        #expect(record.answers == ["ok"])
    }

    @Test func attemptsThatFailAtOnceAreRetried() {
        let policy = RetryPolicy(firstDelay: .seconds(1), maxRetries: 2, backoff: .constant)
        _ = start(policy, atOnce: Self.failure)
        scheduler.advance(by: .seconds(2))
        #expect(record.isLast == [false, false, true])
        #expect(record.answers == ["down"])
    }

    @Test func cancellationStopsTheAttempt() throws {
        let run = start(RetryPolicy(firstDelay: .seconds(1), maxRetries: 2))
        run.cancel()
        try end(Self.failure)
        #expect(scheduler.delays.isEmpty)
        try end(.final("ok"))
        run.cancel()
        #expect(record.answers.isEmpty)
        #expect(record.retries.isEmpty)
    }

    @Test func cancellationStopsTheWait() throws {
        let run = start(RetryPolicy(firstDelay: .seconds(1), maxRetries: 2))
        try end(Self.failure)
        run.cancel()
        #expect(scheduler.delays.isEmpty)
        scheduler.advance(by: .seconds(100))
        #expect(record.isLast.count == 1)
        #expect(record.answers.isEmpty)
    }

    @Test func cancellationStopsAnAnswerThatIsDue() {
        let run = start(.none, atOnce: .final("ok"))
        run.cancel()
        scheduler.advance(by: .seconds(1))
        #expect(record.answers.isEmpty)
    }

    @Test func anAttemptEndsOnce() throws {
        _ = start(RetryPolicy(firstDelay: .seconds(1), maxRetries: 5))
        let first = try #require(record.finish)
        first(Self.failure)
        first(.final("late"))
        scheduler.advanceToNext()
        first(.final("late"))
        #expect(record.answers.isEmpty)
        try end(.final("ok"))
        #expect(record.answers == ["ok"])
        first(.final("late"))
        #expect(record.answers == ["ok"])
    }
}
