import Text

/// One profile of the files that Amazon's tools share. Source: "Configuration and credential file settings", AWS CLI
/// User Guide.
struct AWSProfile: Hashable {
    /// Names in lower case; the credentials file counts before the other.
    private var values: [String: String] = [:]
    private(set) var isPresent = false

    /// Kinds of profiles that need more than a key or a token file.
    private static let unsupported = [
        "credential_process", "sso_session", "sso_start_url", "source_profile", "credential_source",
    ]

    init(named name: String, credentialsFile: String, configFile: String) {
        take(configFile) { $0 == "profile \(name)" || name == "default" && $0 == name }
        take(credentialsFile) { $0 == name }
    }

    subscript(name: String) -> String? { values[name] }

    var keys: AWSCredentials? {
        guard let id = values["aws_access_key_id"], let secret = values["aws_secret_access_key"] else {
            return nil
        }
        return AWSCredentials(
            accessKeyID: id,
            secretAccessKey: secret,
            sessionToken: values["aws_session_token"]
        )
    }

    var webIdentity: AWSCredentialSettings.WebIdentity? {
        guard let role = values["role_arn"], let file = values["web_identity_token_file"] else { return nil }
        return AWSCredentialSettings.WebIdentity(
            roleARN: role,
            tokenFile: file,
            sessionName: values["role_session_name"] ?? AWSCredentialSettings.defaultSessionName
        )
    }

    /// A setting of the profile that this program does not follow.
    var unsupportedSetting: String? { Self.unsupported.first { values[$0] != nil } }

    private mutating func take(_ text: String, where isWanted: (String) -> Bool) {
        var isInside = false
        for line in text.split(whereSeparator: \.isLineEnd) {
            // Lines that begin with a blank belong to nested settings, of which none is read here.
            guard let first = line.first, first != "#", first != ";", !first.isWhitespace else { continue }
            if first == "[" {
                let name = line.dropFirst().prefix { $0 != "]" }
                isInside = isWanted(name.split(whereSeparator: \.isWhitespace).joined(separator: " "))
                isPresent = isPresent || isInside
            } else if isInside, let equals = line.firstIndex(of: "=") {
                let name = line[..<equals].trimmingWhitespace().lowercased()
                let value = line[line.index(after: equals)...].trimmingWhitespace()
                if !value.isEmpty { values[name] = value }
            }
        }
    }
}
