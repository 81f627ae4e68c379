import AirbyteProtocol
import Text

/// A token, and how long it lives from its arrival on.
struct GoogleTokenAnswer {
    /// Why an answer is no use.
    struct Unusable: Error {
        /// Continues "the answer …"; quotes nothing of it.
        var problem: String
    }

    var token: String
    var life: Duration

    /// Reads `{"access_token", "expires_in"}` (RFC 6749, section 5.1), or `{"accessToken"}` of the IAM Credentials API,
    /// whose life is what was asked for.
    init(parsing body: [UInt8]) throws(Unusable) {
        let root = (try? JSONDocument(parsing: body))?.root
        guard let text = (root?[member: "access_token"] ?? root?[member: "accessToken"])?.string,
            !text.isEmpty
        else { throw Unusable(problem: "holds no access token") }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Unusable(problem: "holds an access token with characters that are not allowed in a header")
        }
        token = text
        life = .seconds(
            root?[member: "expires_in"]?.int64.map { min(max(0, $0), 86_400) } ?? GoogleRequest.maxLifetime
        )
    }
}

extension GoogleCredentials.ExternalAccount {
    /// The other provider's token, read each time, since it is replaced before it expires.
    func subjectToken(_ files: CredentialFiles) throws(StorageFailure) -> String {
        let shown = tokenFile.escapingControlCharacters()
        let bytes: [UInt8]
        do throws(CredentialFiles.Problem) {
            bytes = try files.read(tokenFile)
        } catch {
            throw StorageFailure(message: "the token file \(shown) \(error.text)")
        }
        var token: String? = String(decoding: bytes, as: UTF8.self).trimmingWhitespace()
        if let tokenMember {
            token = (try? JSONDocument(parsing: bytes))?.root[member: tokenMember]?.string
        }
        guard let token, !token.isEmpty else {
            throw StorageFailure(message: "the token file \(shown) holds no token")
        }
        return token
    }
}
