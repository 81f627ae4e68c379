import AirbyteProtocol
import Reactor

/// The life of the access token: when one must be fetched, how long it is good for, when it has gone stale.
///
/// A value that does nothing itself; `ControlPlaneClient` fetches.
struct AccessTokenKeeper {
    /// Why the answer of the token endpoint is no use.
    struct Unusable: Error {
        /// Continues "the token endpoint's answer …"; quotes nothing of it.
        var problem: String
    }

    private struct Token {
        var text: String
        var renewal: Instant
    }

    /// A token is replaced so long before its end, so that none ends on its way.
    static let renewalMargin: Duration = .seconds(30)

    private var token: Token?

    /// The token to send now, nil where a new one has to be fetched first.
    func current(now: Instant) -> String? {
        guard let token, now < token.renewal else { return nil }
        return token.text
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
            throw Unusable(problem: "holds an access_token with characters that no header can carry")
        }
        token = Token(text: text, renewal: now + Self.usefulLife(of: text, wallClock: wallClock))
        return text
    }

    /// How long to use the token; for one that does not tell its end, until it is refused.
    private static func usefulLife(of token: String, wallClock: Int64) -> Duration {
        guard let claims = JSONWebToken.claims(of: token), let end = claims.root[member: "exp"]?.double else {
            return .seconds(365 * 86_400)
        }
        let issued = claims.root[member: "iat"]?.double ?? Double(wallClock)
        let life = Duration.milliseconds(Int64(min(max(0, end - issued), 1e9) * 1_000))
        // A token that lives only briefly is used for half its life.
        return life - min(renewalMargin, life / 2)
    }
}

/// The readable part of a JSON Web Token (RFC 7519). Nothing is verified: only its issuer's clients look inside.
enum JSONWebToken {
    static func claims(of token: String) -> JSONDocument? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = Base64.decodeForURL(String(parts[1])) else { return nil }
        return try? JSONDocument(parsing: bytes)
    }
}
