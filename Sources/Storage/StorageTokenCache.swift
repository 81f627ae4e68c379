import Scheduling

/// The lifetime of a storage service's access token. A value that does nothing itself; its owner fetches tokens.
struct StorageTokenCache {
    private struct Token {
        var text: String
        var renewal: Instant
        var end: Instant
    }

    /// How long before its expiry a token is replaced: enough time for several attempts.
    let renewalMargin: Duration

    /// How long after a failed fetch a token that has not expired is used without another attempt.
    static let pauseAfterFailure: Duration = .seconds(30)

    /// A token is not used for its last seconds, so that none ends on its way.
    private static let endMargin: Duration = .seconds(10)

    /// Entra ID's live for a day at most, Google's for an hour; what says more is not believed.
    private static let maxLifetime: Duration = .seconds(86_400)

    private var token: Token?

    init(renewalMargin: Duration) {
        self.renewalMargin = renewalMargin
    }

    /// The token to send now, nil where a new one has to be fetched first.
    func current(now: Instant) -> String? {
        guard let token, now < token.renewal else { return nil }
        return token.text
    }

    /// A fetch has failed: gives the old token where it has not ended yet.
    mutating func fallBack(now: Instant) -> String? {
        guard let old = token, now < old.end else { return nil }
        token?.renewal = min(now + Self.pauseAfterFailure, old.end)
        return old.text
    }

    /// Forgets the token that was refused; one that has replaced it meanwhile stays.
    mutating func reject(_ refused: String) {
        if token?.text == refused { token = nil }
    }

    /// Stores a new token with its life from now on.
    mutating func accept(_ text: String, life: Duration, now: Instant) {
        let life = min(max(.zero, life), Self.maxLifetime)
        token = Token(
            text: text,
            renewal: now + (life - min(renewalMargin, life / 2)),
            end: now + (life - min(Self.endMargin, life / 2))
        )
    }
}
