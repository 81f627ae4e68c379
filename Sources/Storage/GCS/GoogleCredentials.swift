import AirbyteProtocol
import Text

/// A Google credentials file, read.
enum GoogleCredentials: Hashable, Sendable {
    /// A service account with a key of its own.
    struct ServiceAccount: Hashable, Sendable {
        var email: String
        /// PEM. Never shown.
        var privateKey: String
        var privateKeyID: String?
        var tokenURL: String
        var projectID: String?
    }

    /// Workload identity federation: another provider's token, from a file, is exchanged for Google's.
    struct ExternalAccount: Hashable, Sendable {
        var audience: String
        var subjectTokenType: String
        var tokenURL: String
        var tokenFile: String
        /// The member of the file's JSON that holds the token; nil: the file is the token.
        var tokenMember: String?
        /// The service account to act as; nil: the federated identity itself.
        var impersonationURL: String?
    }

    /// A person, as `gcloud auth application-default login` leaves it.
    struct AuthorizedUser: Hashable, Sendable {
        var clientID: String
        /// Never shown.
        var clientSecret: String
        /// Never shown.
        var refreshToken: String
        var tokenURL: String
        var projectID: String?
    }

    case serviceAccount(ServiceAccount)
    case externalAccount(ExternalAccount)
    case authorizedUser(AuthorizedUser)

    /// Why a file is no use.
    struct Unusable: Error {
        /// Continues "the file …"; quotes no secret.
        var problem: String
    }

    private static let defaultTokenURL = "https://oauth2.googleapis.com/token"

    /// Reads a file's content (Google's AIP-4110, "Application Default Credentials", and what it refers to).
    init(parsing bytes: [UInt8]) throws(Unusable) {
        guard let document = try? JSONDocument(parsing: bytes), document.root.kind == .object else {
            throw Unusable(problem: "is not a JSON object")
        }
        let fields = Fields(object: document.root)
        switch fields.text("type") {
        case "service_account": self = .serviceAccount(try Self.serviceAccount(fields))
        case "external_account": self = .externalAccount(try Self.externalAccount(fields))
        case "authorized_user": self = .authorizedUser(try Self.authorizedUser(fields))
        case nil: throw Unusable(problem: "has no type")
        case let type?:
            let shown = type.cut(toUTF8: 40).escapingControlCharacters()
            throw Unusable(
                problem: "is of type \(shown), where service_account, external_account and authorized_user "
                    + "can be used"
            )
        }
    }

    var projectID: String? {
        switch self {
        case .serviceAccount(let account): account.projectID
        case .externalAccount: nil
        case .authorizedUser(let user): user.projectID
        }
    }

    /// What must never be shown.
    var secrets: [String] {
        switch self {
        case .serviceAccount(let account): [account.privateKey]
        case .externalAccount: []
        case .authorizedUser(let user): [user.clientSecret, user.refreshToken]
        }
    }

    private static func serviceAccount(_ fields: Fields) throws(Unusable) -> ServiceAccount {
        ServiceAccount(
            email: try fields.needed("client_email"),
            privateKey: try fields.needed("private_key"),
            privateKeyID: fields.text("private_key_id"),
            tokenURL: try fields.url("token_uri") ?? defaultTokenURL,
            projectID: fields.text("project_id")
        )
    }

    private static func externalAccount(_ fields: Fields) throws(Unusable) -> ExternalAccount {
        guard let source = fields.object[member: "credential_source"].map(Fields.init(object:)),
            let file = source.text("file")
        else {
            throw Unusable(
                problem: "has a credential_source without file: of workload identity federation, only tokens "
                    + "from files can be used"
            )
        }
        var member: String?
        if let format = source.object[member: "format"].map(Fields.init(object:)),
            format.text("type") == "json"
        {
            member = try format.needed("subject_token_field_name")
        }
        guard let tokenURL = try fields.url("token_url") else { throw Unusable(problem: "has no token_url") }
        return ExternalAccount(
            audience: try fields.needed("audience"),
            subjectTokenType: try fields.needed("subject_token_type"),
            tokenURL: tokenURL,
            tokenFile: file,
            tokenMember: member,
            impersonationURL: try fields.url("service_account_impersonation_url")
        )
    }

    private static func authorizedUser(_ fields: Fields) throws(Unusable) -> AuthorizedUser {
        AuthorizedUser(
            clientID: try fields.needed("client_id"),
            clientSecret: try fields.needed("client_secret"),
            refreshToken: try fields.needed("refresh_token"),
            tokenURL: try fields.url("token_uri") ?? defaultTokenURL,
            projectID: fields.text("quota_project_id")
        )
    }

    /// The texts of an object.
    private struct Fields {
        let object: JSONValue

        func text(_ name: String) -> String? {
            guard let text = object[member: name]?.string, !text.isEmpty else { return nil }
            return text
        }

        func needed(_ name: String) throws(Unusable) -> String {
            guard let text = text(name) else { throw Unusable(problem: "has no \(name)") }
            return text
        }

        func url(_ name: String) throws(Unusable) -> String? {
            guard let text = text(name) else { return nil }
            guard text.hasPrefix("https://") || text.hasPrefix("http://"),
                text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
            else { throw Unusable(problem: "has a \(name) that is not an http or https URL") }
            return text
        }
    }
}
