import AirbyteProtocol
import Crypto
import Scheduling

/// The access token's lifetime: when one must be fetched, how long it is valid, when it is stale, and what calls do
/// while none is available.
///
/// A value that does nothing itself; `AccessTokenSource` fetches.
package struct AccessTokenCache {
    /// Why the token endpoint's answer cannot be used.
    struct Unusable: Error {
        /// Continues "the token endpoint's answer …"; quotes nothing of it.
        var problem: String
    }

    /// Why no token could be fetched.
    package struct FetchFailure: Error, Hashable {
        /// One line for people, without secrets.
        package var problem: String
        /// Whether the same request may succeed soon.
        var isTransient: Bool
        /// What the endpoint asked for.
        var retryAfter: Duration?
    }

    /// What a call is to do.
    enum Advice: Hashable {
        /// Ask the endpoint for a token first.
        case fetch
        case send(token: String)
        /// The last resort: some installations need no tokens.
        case sendWithout(FetchFailure)
        /// Fail for now, since the endpoint may have a token soon.
        case wait(FetchFailure)
    }

    private struct Token {
        var text: String
        var renewal: Instant
        var end: Instant
    }

    private struct Trouble {
        var failure: FetchFailure
        var start: Instant
        var last: Instant
    }

    /// How long before its expiry a token is replaced, so that none expires in transit.
    static let renewalMargin: Duration = .seconds(30)

    /// How long calls wait for an endpoint with a transient failure before they are made without a token: a few retries.
    /// The announcement of the workload must not be late, or the report of a quick job overtakes it.
    static let patience: Duration = .seconds(5)

    /// How long after a failed fetch the endpoint is asked again. Until then, calls are made without a token, or with one
    /// that should have been replaced.
    static let pauseAfterFailure: Duration = .seconds(30)

    private var token: Token?
    /// Nil while the endpoint gives tokens.
    private var trouble: Trouble?

    /// The token to send now, nil where a new one has to be fetched first.
    func current(now: Instant) -> String? {
        guard let token, now < token.renewal else { return nil }
        return token.text
    }

    /// What a call that is about to be sent should do.
    ///
    /// - Parameter isRefused: whether the platform has refused the call as it was sent before.
    func advice(isRefused: Bool, now: Instant) -> Advice {
        if let token = current(now: now) { return .send(token: token) }
        guard let trouble, !isRefused, !isPatient(trouble, now: now),
            now < trouble.last + Self.pause(after: trouble.failure)
        else { return .fetch }
        return token(now: now) ?? .sendWithout(trouble.failure)
    }

    /// An endpoint that has named a time is asked again at that time.
    private static func pause(after failure: FetchFailure) -> Duration {
        min(failure.retryAfter ?? pauseAfterFailure, pauseAfterFailure)
    }

    /// What a call is to do after `fetchFailed`; never to fetch.
    ///
    /// - Parameter isLastAttempt: whether the call will not be repeated.
    func adviceAfterFailure(isLastAttempt: Bool, now: Instant) -> Advice {
        guard let trouble else { preconditionFailure("no fetch has failed") }
        if let advice = token(now: now) { return advice }
        return isPatient(trouble, now: now) && !isLastAttempt
            ? .wait(trouble.failure) : .sendWithout(trouble.failure)
    }

    /// A token that should have been replaced, but has not ended.
    private func token(now: Instant) -> Advice? {
        guard let token, now < token.end else { return nil }
        return .send(token: token.text)
    }

    private func isPatient(_ trouble: Trouble, now: Instant) -> Bool {
        trouble.failure.isTransient && now < trouble.start + Self.patience
    }

    /// When the token ends; nil where there is none.
    var end: Instant? { token?.end }

    /// Why the last fetch failed; nil while the endpoint gives tokens.
    var failure: FetchFailure? { trouble?.failure }

    /// The endpoint gave no token.
    mutating func fetchFailed(_ failure: FetchFailure, now: Instant) {
        trouble = Trouble(failure: failure, start: trouble?.start ?? now, last: now)
    }

    /// Forgets the token that was refused; one that has replaced it meanwhile stays.
    mutating func reject(_ refused: String) {
        if token?.text == refused { token = nil }
    }

    /// Takes the answer of the token endpoint, `{"access_token": "<JWT>"}`.
    ///
    /// - Parameter wallClock: seconds since 1970, for tokens that do not say when they were issued. Where they do
    ///   (`iat`, RFC 7519, section 4.1.6), a wrong clock here does no harm.
    mutating func accept(answer: [UInt8], now: Instant, wallClock: Int64) throws(Unusable) -> String {
        guard let document = try? JSONDocument(parsing: answer),
            let text = document.root[member: "access_token"]?.string, !text.isEmpty
        else { throw Unusable(problem: "holds no access_token") }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Unusable(problem: "holds an access_token with characters that are not allowed in a header")
        }
        let life = Self.life(of: text, wallClock: wallClock)
        // A short-lived token is used for half its life.
        token = Token(text: text, renewal: now + (life - min(Self.renewalMargin, life / 2)), end: now + life)
        trouble = nil
        return text
    }

    /// How long the token lives; one without an expiry is used until it is refused.
    private static func life(of token: String, wallClock: Int64) -> Duration {
        guard let claims = JSONWebToken.claims(of: token), let end = claims.root[member: "exp"]?.double else {
            return unknownLife
        }
        let issued = claims.root[member: "iat"]?.double ?? Double(wallClock)
        return .milliseconds(Int64(min(max(0, end - issued), 1e9) * 1_000))
    }

    static let unknownLife: Duration = .seconds(365 * 86_400) + renewalMargin
}

/// The readable part of a JSON Web Token (RFC 7519). Nothing is verified: only its issuer's clients look inside.
enum JSONWebToken {
    static func claims(of token: String) -> JSONDocument? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = Base64.decodeForURL(String(parts[1])) else { return nil }
        return try? JSONDocument(parsing: bytes)
    }
}
