import HTTP
import Settings

/// What requests to Amazon's services are signed with.
struct AWSCredentials: Hashable, Sendable {
    var accessKeyID: String
    /// Never shown.
    var secretAccessKey: String
    /// Never shown; sent with temporary credentials.
    var sessionToken: String?
    /// Seconds since 1970; nil for those that do not end.
    var expiration: Int64?
}

/// Where credentials may come from, as the environment names it. Each part is tried in the order of the SDK for Java:
/// keys, web identity, profile, container, instance.
struct AWSCredentialSettings: Hashable, Sendable {
    struct WebIdentity: Hashable, Sendable {
        var roleARN: String
        var tokenFile: String
        var sessionName: String
    }

    struct Profile: Hashable, Sendable {
        var name: String
        var credentialsFile: String
        var configFile: String
        /// Chosen by `AWS_PROFILE`; then it must exist.
        var isChosen: Bool
    }

    struct Container: Hashable, Sendable {
        var url: String
        /// Read for each request; it takes precedence over the token.
        var tokenFile: String?
        var token: String?
    }

    var keys: AWSCredentials?
    var webIdentity: WebIdentity?
    var profile: Profile?
    var container: Container?
    /// The instance metadata service; nil where it is not to be asked.
    var instanceMetadata: String?
    /// In place of Amazon's own.
    var stsEndpoint: AWSEndpoint?

    /// The container's addresses that may be asked without TLS, besides the loopback's.
    private static let containerHosts = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]

    /// What follows where one of the sources cannot be used: the next one is asked.
    private static let othersAreAsked = "other sources of credentials are asked"

    /// Reads the settings; problems go to the reader. Nil where there is no use in asking any source.
    static func read(_ reader: inout EnvironmentReader) -> AWSCredentialSettings? {
        let stsNames = ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"]
        let stsName = stsNames.first { reader.text($0) != nil }
        let stsEndpoint = stsName.flatMap { S3Settings.endpoint($0, &reader) }
        let settings = AWSCredentialSettings(
            keys: keys(&reader),
            webIdentity: webIdentity(&reader),
            profile: profile(reader),
            container: container(&reader),
            instanceMetadata: instanceMetadata(&reader),
            stsEndpoint: stsEndpoint
        )
        // Amazon itself is no stand-in for another service.
        return stsName != nil && stsEndpoint == nil ? nil : settings
    }

    private static func keys(_ reader: inout EnvironmentReader) -> AWSCredentials? {
        let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
        guard let id = reader.text(names[0]), let secret = reader.text(names[1]) else {
            for (name, other) in zip(names, names.reversed())
            where reader.text(name) == nil && reader.text(other) != nil {
                reader.reject(
                    name,
                    value: nil,
                    "not set, but needed since \(other) is set",
                    otherwise: othersAreAsked
                )
            }
            return nil
        }
        let token = reader.text("AWS_SESSION_TOKEN")
        for (name, value) in [("AWS_ACCESS_KEY_ID", id), ("AWS_SESSION_TOKEN", token ?? "")]
        where !value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
            reader.reject(
                name,
                value: nil,
                "it contains spaces, line breaks or other characters that are not allowed in a key",
                otherwise: othersAreAsked
            )
            return nil
        }
        return AWSCredentials(accessKeyID: id, secretAccessKey: secret, sessionToken: token)
    }

    private static func webIdentity(_ reader: inout EnvironmentReader) -> WebIdentity? {
        let file = reader.text("AWS_WEB_IDENTITY_TOKEN_FILE")
        guard let file else { return nil }
        guard let role = reader.text("AWS_ROLE_ARN") else {
            reader.reject(
                "AWS_ROLE_ARN",
                value: nil,
                "not set, but needed since AWS_WEB_IDENTITY_TOKEN_FILE is set",
                otherwise: othersAreAsked
            )
            return nil
        }
        return WebIdentity(
            roleARN: role,
            tokenFile: file,
            sessionName: reader.text("AWS_ROLE_SESSION_NAME") ?? defaultSessionName
        )
    }

    static let defaultSessionName = "airbyte-connector-sidecar"

    private static func profile(_ reader: EnvironmentReader) -> Profile? {
        let home = reader.text("HOME").map { $0 + "/.aws/" }
        guard
            let credentials = reader.text("AWS_SHARED_CREDENTIALS_FILE") ?? home.map({ $0 + "credentials" }),
            let config = reader.text("AWS_CONFIG_FILE") ?? home.map({ $0 + "config" })
        else { return nil }
        let chosen = reader.text("AWS_PROFILE")
        return Profile(
            name: chosen ?? "default",
            credentialsFile: credentials,
            configFile: config,
            isChosen: chosen != nil
        )
    }

    private static func container(_ reader: inout EnvironmentReader) -> Container? {
        var container = Container(
            url: "",
            tokenFile: reader.text("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
            token: reader.text("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        )
        if let path = reader.text("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            let name = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
            guard path.hasPrefix("/"), path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                reader.reject(
                    name,
                    value: path,
                    "not a path that begins with a slash",
                    otherwise: othersAreAsked
                )
                return nil
            }
            container.url = "http://169.254.170.2" + path
            return container
        }
        let name = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
        guard let text = reader.text(name) else { return nil }
        // A query belongs to the address, which base URLs do not have.
        let base = String(text.prefix { $0 != "?" })
        let query = text.dropFirst(base.count)
        guard let url = try? HTTPBaseURL.normalised(base), url.withoutUserInfo == url,
            query.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            reader.reject(
                name,
                value: nil,
                "not an http or https URL without user name and password",
                otherwise: othersAreAsked
            )
            return nil
        }
        let endpoint = AWSEndpoint(url: url)
        guard
            endpoint.scheme == "https" || isLoopback(endpoint.host) || containerHosts.contains(endpoint.host)
        else {
            reader.reject(
                name,
                value: nil,
                "credentials are fetched over https, or from a loopback address or "
                    + containerHosts.joined(separator: ", "),
                otherwise: othersAreAsked
            )
            return nil
        }
        container.url = url + (base.hasSuffix("/") && !url.hasSuffix("/") ? "/" : "") + query
        return container
    }

    private static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private static func instanceMetadata(_ reader: inout EnvironmentReader) -> String? {
        enum Word: String, CaseIterable { case yes = "true", no = "false" }
        if reader.choice("AWS_EC2_METADATA_DISABLED", default: Word.no) == .yes { return nil }
        if reader.text("AWS_EC2_METADATA_SERVICE_ENDPOINT") != nil {
            return reader.baseURL("AWS_EC2_METADATA_SERVICE_ENDPOINT", otherwise: "it is not used")
        }
        enum Mode: String, CaseIterable { case ipv4, ipv6 }
        let mode = reader.choice("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", default: Mode.ipv4)
        return mode == .ipv4 ? "http://169.254.169.254" : "http://[fd00:ec2::254]"
    }
}
