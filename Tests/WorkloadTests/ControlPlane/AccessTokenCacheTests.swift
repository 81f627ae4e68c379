import ProtocolTestSupport
import Scheduling
import TestSupport
import Testing

@testable import Workload

@Suite struct AccessTokenCacheTests {
    private let start = Instant(nanoseconds: 5_000_000_000)
    /// A clock that is years off does no harm where the token says when it was issued.
    private let wallClock: Int64 = 1_700_000_000

    private func accept(_ token: String, _ cache: inout AccessTokenCache) throws -> String {
        try cache.accept(
            answer: Array(#"{"access_token": "\#(token)", "token_type": "Bearer"}"#.utf8),
            now: start,
            wallClock: wallClock
        )
    }

    /// For how long the token is used, found by trying; nil where it is longer than two years.
    private func life(of token: String) throws -> Duration? {
        var cache = AccessTokenCache()
        #expect(try accept(token, &cache) == token)
        var low = Duration.zero
        var high = Duration.seconds(2 * 365 * 86_400)
        guard cache.current(now: start + high) == nil else { return nil }
        guard cache.current(now: start) != nil else { return .zero }
        while high - low > .microseconds(1) {
            let middle = (low + high) / 2
            if cache.current(now: start + middle) == token { low = middle } else { high = middle }
        }
        return .milliseconds((high.nanoseconds + 500_000) / 1_000_000)
    }

    struct LifeRow: Sendable, CustomTestStringConvertible {
        var claims: String
        var life: Duration
        var testDescription: String { claims }
    }

    @Test(arguments: [
        LifeRow(claims: #"{"iat":1000,"exp":1900}"#, life: .seconds(870)),
        LifeRow(claims: #"{"exp":1700000900}"#, life: .seconds(870)),
        LifeRow(claims: #"{"iat":1000.5,"exp":1900.75}"#, life: .milliseconds(870_250)),
        // Short ones are used for half their life.
        LifeRow(claims: #"{"iat":1000,"exp":1060}"#, life: .seconds(30)),
        LifeRow(claims: #"{"iat":1000,"exp":1040}"#, life: .seconds(20)),
        LifeRow(claims: #"{"iat":1000,"exp":1061}"#, life: .seconds(31)),
        LifeRow(claims: #"{"iat":1000,"exp":1001}"#, life: .milliseconds(500)),
        // Over already.
        LifeRow(claims: #"{"iat":1000,"exp":1000}"#, life: .zero),
        LifeRow(claims: #"{"iat":1000,"exp":10}"#, life: .zero),
        LifeRow(claims: #"{"exp":5}"#, life: .zero),
        LifeRow(claims: #"{"iat":1e400,"exp":1e400}"#, life: .zero),
        // No end: until it is refused, a year at most.
        LifeRow(claims: "{}", life: .seconds(365 * 86_400)),
        LifeRow(claims: #"{"exp":"soon"}"#, life: .seconds(365 * 86_400)),
        LifeRow(claims: #"{"exp":null,"iat":5}"#, life: .seconds(365 * 86_400)),
        LifeRow(claims: "[]", life: .seconds(365 * 86_400)),
    ])
    func usefulLife(_ row: LifeRow) throws {
        #expect(try life(of: webToken(row.claims)) == row.life)
    }

    @Test func endBeyondAllTimeIsBounded() throws {
        #expect(try life(of: webToken(#"{"iat":0,"exp":1e300}"#)) == nil)
    }

    @Test(arguments: ["opaque", "a.b", "a.!!!.c", "a.b.c.d", "..", "a.AA.c"])
    func tokensThatAreNoJSONWebTokensAreUsedUntilRefused(_ token: String) throws {
        #expect(try life(of: token) == .seconds(365 * 86_400))
    }

    @Test func nothingAtTheStart() {
        #expect(AccessTokenCache().current(now: start) == nil)
    }

    @Test func onlyTheRefusedTokenIsForgotten() throws {
        var cache = AccessTokenCache()
        _ = try accept("first", &cache)
        _ = try accept("second", &cache)
        cache.reject("first")
        #expect(cache.current(now: start) == "second")
        cache.reject("second")
        #expect(cache.current(now: start) == nil)
    }

    @Test(arguments: [
        "", "{", "null", "[]", "{}", #"{"access_token":null}"#, #"{"access_token":""}"#,
        #"{"access_token":5}"#,
        #"{"token":"hunter2"}"#, "hunter2",
    ])
    func answersWithoutATokenQuoteNothing(_ answer: String) {
        var cache = AccessTokenCache()
        do throws(AccessTokenCache.Unusable) {
            _ = try cache.accept(answer: Array(answer.utf8), now: start, wallClock: wallClock)
            Issue.record("\(answer) was accepted")
        } catch {
            #expect(error.problem == "holds no access_token")
        }
    }

    @Test(arguments: ["hunter2\\r\\nX-Evil: 1", "hunter 2", "hünter2", "hunter2\\u0000", "hunter2\\u007f"])
    func tokensThatNoHeaderCanCarryQuoteNothing(_ token: String) {
        var cache = AccessTokenCache()
        do {
            _ = try accept(token, &cache)
            Issue.record("\(token) was accepted")
        } catch {
            #expect("\(error)".contains("characters that are not allowed in a header"))
            #expect(!"\(error)".contains("nter"))
        }
        #expect(cache.current(now: start) == nil)
    }

    // MARK: The endpoint gives no token

    private static let busy = AccessTokenCache.FetchFailure(problem: "busy", isTransient: true)
    private static let refused = AccessTokenCache.FetchFailure(problem: "refused", isTransient: false)

    private func advice(
        _ cache: AccessTokenCache,
        after: Duration,
        isRefused: Bool = false
    ) -> AccessTokenCache.Advice {
        cache.advice(isRefused: isRefused, now: start + after)
    }

    @Test func aTokenIsSentUntilItsRenewalIsDue() throws {
        var cache = AccessTokenCache()
        #expect(advice(cache, after: .zero) == .fetch)
        _ = try accept(webToken(#"{"iat":0,"exp":100}"#), &cache)
        #expect(advice(cache, after: .seconds(69)) == .send(token: webToken(#"{"iat":0,"exp":100}"#)))
        #expect(advice(cache, after: .seconds(70)) == .fetch)
    }

    @Test func passingTroubleIsWaitedFor() {
        var cache = AccessTokenCache()
        cache.fetchFailed(Self.busy, now: start)
        for seconds in [0, 2, 4] {
            let now = start + .seconds(seconds)
            cache.fetchFailed(Self.busy, now: now)
            #expect(cache.adviceAfterFailure(isLastAttempt: false, now: now) == .wait(Self.busy))
            #expect(cache.adviceAfterFailure(isLastAttempt: true, now: now) == .sendWithout(Self.busy))
            #expect(advice(cache, after: .seconds(seconds)) == .fetch)
        }
        cache.fetchFailed(Self.busy, now: start + .seconds(5))
        #expect(
            cache.adviceAfterFailure(isLastAttempt: false, now: start + .seconds(5))
                == .sendWithout(Self.busy)
        )
        // From now on the endpoint is asked now and then, so that nobody waits for it in vain each time.
        #expect(advice(cache, after: .seconds(34)) == .sendWithout(Self.busy))
        #expect(advice(cache, after: .seconds(34), isRefused: true) == .fetch)
        #expect(advice(cache, after: .seconds(35)) == .fetch)
    }

    @Test func whatWillNotPassIsNotWaitedFor() {
        var cache = AccessTokenCache()
        cache.fetchFailed(Self.refused, now: start)
        #expect(cache.adviceAfterFailure(isLastAttempt: false, now: start) == .sendWithout(Self.refused))
        #expect(advice(cache, after: .seconds(29)) == .sendWithout(Self.refused))
        #expect(advice(cache, after: .seconds(30)) == .fetch)
    }

    @Test func anOldTokenIsBetterThanNone() throws {
        var cache = AccessTokenCache()
        let token = webToken(#"{"iat":0,"exp":100}"#)
        _ = try accept(token, &cache)
        cache.fetchFailed(Self.refused, now: start + .seconds(70))
        func after(_ seconds: Int) -> AccessTokenCache.Advice {
            cache.adviceAfterFailure(isLastAttempt: false, now: start + .seconds(seconds))
        }
        #expect(after(70) == .send(token: token))
        #expect(advice(cache, after: .seconds(80)) == .send(token: token))
        #expect(after(100) == .sendWithout(Self.refused))
        cache.reject(token)
        #expect(after(80) == .sendWithout(Self.refused))
    }

    @Test func aNewTokenEndsTheTrouble() throws {
        var cache = AccessTokenCache()
        cache.fetchFailed(Self.busy, now: start)
        _ = try accept("t", &cache)
        #expect(cache.failure == nil)
        cache.reject("t")
        let later = start + .seconds(100)
        cache.fetchFailed(Self.busy, now: later)
        #expect(cache.adviceAfterFailure(isLastAttempt: false, now: later) == .wait(Self.busy))
    }

    @Test func unusableAnswerLeavesTheOldToken() throws {
        var cache = AccessTokenCache()
        _ = try accept("good", &cache)
        #expect(throws: AccessTokenCache.Unusable.self) {
            try cache.accept(answer: Array("{}".utf8), now: start, wallClock: wallClock)
        }
        #expect(cache.current(now: start) == "good")
    }
}

@Suite struct JSONWebTokenTests {
    @Test func claimsOfAPublishedToken() throws {
        // RFC 7519, section 3.1.
        let token =
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        let claims = try #require(JSONWebToken.claims(of: token)).root
        #expect(claims.text("iss") == "joe")
        #expect(claims.at("exp")?.int64 == 1_300_819_380)
    }

    @Test(arguments: [#"{"a":"?>~"}"#, #"{"a":"??>>"}"#, #"{"exp":1}"#, #"{"exp":12}"#, #"{"exp":123}"#])
    func everyLengthAndTheOwnAlphabet(_ claims: String) throws {
        #expect(try #require(JSONWebToken.claims(of: webToken(claims))).root.written == claims)
    }

    @Test(arguments: ["", ".", "..", "a.b", "a.e30=.c", "a.e+0.c", "a.b.c", "a.e30.c.d"])
    func noWebToken(_ token: String) {
        #expect(JSONWebToken.claims(of: token) == nil)
    }
}
