import AirbyteProtocol
import Reactor

/// The life of a token of Entra ID. A value that does nothing itself; `AzureTokenSource` fetches.
struct AzureTokenKeeper {
    /// Why the answer of the token endpoint is no use.
    struct Unusable: Error {
        /// Continues "the answer …"; quotes nothing of it.
        var problem: String
    }

    private struct Token {
        var text: String
        var renewal: Instant
        var end: Instant
    }

    /// A token, which lives for an hour or a day, is replaced so long before its end: time enough for several tries.
    static let renewalMargin: Duration = .seconds(300)

    /// For so long after a fetch that failed a token that has not ended is used without another try.
    static let pauseAfterFailure: Duration = .seconds(30)

    /// A token is not used for its last seconds, so that none ends on its way.
    private static let endMargin: Duration = .seconds(10)

    private var token: Token?

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

    /// Takes the endpoint's answer (RFC 6749, section 5.1).
    mutating func accept(answer: [UInt8], now: Instant) throws(Unusable) -> String {
        guard let document = try? JSONDocument(parsing: answer),
            let text = document.root[member: "access_token"]?.string, !text.isEmpty
        else { throw Unusable(problem: "holds no access_token") }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Unusable(problem: "holds an access_token with characters that no header can carry")
        }
        // Some endpoints give the number as a string.
        let member = document.root[member: "expires_in"]
        let seconds = member?.double ?? member?.string.flatMap { EnvironmentReader.decimal($0) } ?? 0
        let life = Duration.milliseconds(Int64(min(max(0, seconds), 1e9) * 1_000))
        token = Token(
            text: text,
            renewal: now + (life - min(Self.renewalMargin, life / 2)),
            end: now + (life - min(Self.endMargin, life / 2))
        )
        return text
    }
}
