import HTTP
import TestSupport
import Testing

@testable import Storage

@Suite final class StorageRequesterTests {
    private let scheduler = FakeScheduler()
    private let transport = FakeTransport()
    private let log = CapturedLog()
    private var ends: [Result<HTTPResponse, StorageFailure>] = []
    private var prepared = 0

    private func requester(maxRetries: Int = 2) -> StorageRequester {
        StorageRequester(
            transport: transport,
            scheduler: scheduler,
            settings: StorageRequester.Settings(
                connectTimeout: .seconds(3),
                readTimeout: .seconds(7),
                retries: RetryPolicy(firstDelay: .seconds(2), maxRetries: maxRetries)
            ),
            log: log.logger,
            seed: 1
        )
    }

    private func perform(
        maxRetries: Int = 2,
        prepare: StorageRequester.Preparation? = nil,
        effort: StorageRequester.Effort = .full,
        judge: @escaping (HTTPResponse) -> StorageRequester.Judgement = StorageRequesterTests.judge
    ) {
        requester(maxRetries: maxRetries).perform(
            "PUT store://key",
            effort: effort,
            prepare: prepare ?? { [self] ready in
                prepared += 1
                ready(
                    .success(
                        HTTPRequest(
                            method: "PUT",
                            url: "http://store/key?\(prepared)",
                            connectTimeout: .zero,
                            totalTimeout: .zero
                        )
                    )
                )
            },
            judge: judge
        ) { [self] in ends.append($0) }
    }

    private static func judge(_ response: HTTPResponse) -> StorageRequester.Judgement {
        let failure = StorageFailure(message: "answered with \(response.status)")
        return switch response.status {
        case 200: .accepted
        case 503: .retry(failure)
        case 401: .corrected(failure)
        default: .failed(failure)
        }
    }

    private var failures: [String] {
        ends.compactMap { if case .failure(let failure) = $0 { failure.message } else { nil } }
    }

    @Test func acceptedAtOnce() {
        perform()
        #expect(transport.requests[0].connectTimeout == .seconds(3))
        #expect(transport.requests[0].totalTimeout == .seconds(10))
        transport.answer(200)
        #expect(ends.count == 1 && failures.isEmpty)
        #expect(log.lines.isEmpty)
    }

    @Test func whatIsNotWorthMuchIsTriedOnceAndShortly() {
        perform(effort: .brief)
        #expect(transport.requests[0].connectTimeout == .seconds(3))
        #expect(transport.requests[0].totalTimeout == .seconds(5))
        transport.answer(503)
        scheduler.advanceToNext()
        #expect(failures == ["answered with 503"] && transport.requests.count == 1)
    }

    @Test func overloadIsWaitedOut() {
        perform()
        transport.answer(503, headers: [HTTPHeader("Retry-After", "9")])
        #expect(scheduler.delays == [.seconds(9)])
        #expect(log.count(of: "answered with 503; retrying in 9 seconds (retry 1 of 2)") == 1)
        scheduler.advanceToNext()
        transport.fail(.interrupted, "host: cut off")
        #expect(log.count(of: "PUT store://key failed: host: cut off") == 1)
        scheduler.advanceToNext()
        transport.answer(200)
        #expect(ends.count == 1 && failures.isEmpty)
        #expect(prepared == 3, "each attempt has a request of its own")
    }

    @Test func retriesAreCounted() {
        perform(maxRetries: 1)
        transport.answer(503)
        scheduler.advanceToNext()
        transport.answer(503)
        scheduler.advanceToNext()
        #expect(failures == ["answered with 503"])
        #expect(transport.requests.count == 2)
    }

    @Test func correctionsAreTriedAtOnceButNotForEver() {
        perform(maxRetries: 0)
        for _ in 0..<4 { transport.answer(401) }
        #expect(transport.requests.count == 4)
        #expect(failures == ["answered with 401"])
        #expect(scheduler.delays.isEmpty)
    }

    @Test func refusalIsFinal() {
        perform()
        transport.answer(403)
        #expect(failures == ["answered with 403"])
        #expect(transport.requests.count == 1)
    }

    @Test(arguments: [HTTPTransportError.Kind.invalidRequest, .bodyUnavailable])
    func aRequestThatCannotBeSentIsFinal(_ kind: HTTPTransportError.Kind) {
        perform()
        transport.fail(kind, "no URL")
        #expect(failures == ["PUT store://key failed: no URL"])
    }

    @Test(arguments: [true, false])
    func credentialsThatCannotBeHad(_ isTemporary: Bool) {
        var isThere = false
        perform(prepare: { ready in
            guard !isThere else {
                return ready(
                    .success(
                        HTTPRequest(
                            method: "PUT",
                            url: "http://s/",
                            connectTimeout: .zero,
                            totalTimeout: .zero
                        )
                    )
                )
            }
            isThere = true
            ready(
                .failure(
                    StorageRequester.Unprepared(
                        failure: StorageFailure(message: "no credentials"),
                        isTemporary: isTemporary
                    )
                )
            )
        })
        #expect(ends.isEmpty, "no completion from within the call")
        scheduler.advanceToNext()
        #expect(failures == (isTemporary ? [] : ["no credentials"]))
        #expect(transport.requests.count == (isTemporary ? 1 : 0))
    }
}
