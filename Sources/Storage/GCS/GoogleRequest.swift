import AirbyteProtocol
import Crypto
import HTTP
import Text

/// The requests that get tokens, and the encodings that they need.
enum GoogleRequest {
    /// Enough for objects and for making buckets.
    static let storageScope = "https://www.googleapis.com/auth/devstorage.read_write"
    /// To act as a service account.
    static let platformScope = "https://www.googleapis.com/auth/cloud-platform"

    /// The longest life that Google gives, in seconds.
    static let maxLifetime: Int64 = 3_600

    /// A service account asks for a token with an assertion that it has signed (RFC 7523).
    static func token(for account: GoogleCredentials.ServiceAccount, assertion: String) -> HTTPRequest {
        form(
            account.tokenURL,
            [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion)]
        )
    }

    /// What a service account signs, a JSON Web Token; nil where its key is none. Whoever has it can get a token.
    static func assertion(
        of account: GoogleCredentials.ServiceAccount,
        secondsSince1970 now: Int64
    ) -> String? {
        let header = JSONWriter.object { json in
            json.member("alg", "RS256")
            json.member("typ", "JWT")
            json.member("kid", account.privateKeyID)
        }
        let claims = JSONWriter.object { json in
            json.member("iss", account.email)
            json.member("scope", storageScope)
            json.member("aud", account.tokenURL)
            json.member("iat", now)
            json.member("exp", now + maxLifetime)
        }
        let signed = Base64.encodeForURL(header) + "." + Base64.encodeForURL(claims)
        guard let signature = Signing.rs256(privateKey: account.privateKey, Array(signed.utf8)) else {
            return nil
        }
        return signed + "." + Base64.encodeForURL(signature)
    }

    /// A person's refresh token is exchanged (RFC 6749, section 6).
    static func token(for user: GoogleCredentials.AuthorizedUser) -> HTTPRequest {
        form(
            user.tokenURL,
            [
                ("grant_type", "refresh_token"), ("client_id", user.clientID),
                ("client_secret", user.clientSecret), ("refresh_token", user.refreshToken),
            ]
        )
    }

    /// Another provider's token is exchanged (RFC 8693, section 2.1).
    static func token(for account: GoogleCredentials.ExternalAccount, subjectToken: String) -> HTTPRequest {
        form(
            account.tokenURL,
            [
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                ("audience", account.audience),
                ("scope", account.impersonationURL == nil ? storageScope : platformScope),
                ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
                ("subject_token", subjectToken),
                ("subject_token_type", account.subjectTokenType),
            ]
        )
    }

    /// A federated identity asks for a service account's token (IAM Credentials API, `generateAccessToken`).
    static func impersonation(_ url: String, federatedToken: String) -> HTTPRequest {
        let body = JSONWriter.object { json in
            json.key("scope")
            json.beginArray()
            json.string(storageScope)
            json.endArray()
            json.member("lifetime", "\(maxLifetime)s")
        }
        return request(
            "POST",
            url,
            [
                HTTPHeader("Authorization", "Bearer \(federatedToken)"),
                HTTPHeader("Content-Type", "application/json"),
            ],
            body
        )
    }

    /// What the machine or the pod runs as is asked of the machine's own server.
    static func metadata(_ server: String, path: String) -> HTTPRequest {
        request("GET", "\(server)/computeMetadata/v1/\(path)", [HTTPHeader("Metadata-Flavor", "Google")], nil)
    }

    /// Percent-encodes all but the unreserved characters of RFC 3986: for one part of a path or a query.
    static func encoded(_ text: String) -> String { PercentEncoder.component.encode(text) }

    private static func form(_ url: String, _ fields: [(name: String, value: String)]) -> HTTPRequest {
        let body = fields.map { "\($0.name)=\(encoded($0.value))" }.joined(separator: "&")
        return request(
            "POST",
            url,
            [HTTPHeader("Content-Type", "application/x-www-form-urlencoded")],
            Array(body.utf8)
        )
    }

    /// The timeouts are filled in by who sends it.
    private static func request(
        _ method: String,
        _ url: String,
        _ headers: [HTTPHeader],
        _ body: [UInt8]?
    ) -> HTTPRequest {
        HTTPRequest(
            method: method,
            url: url,
            headers: headers + [HTTPHeader("Accept", "application/json")],
            body: body,
            connectTimeout: .zero,
            totalTimeout: .zero
        )
    }
}
