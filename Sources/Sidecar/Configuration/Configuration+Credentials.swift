import HTTP
import Settings
import Storage
import Text
import Workload

extension Configuration {
    /// The variables whose whole value is a credential. The ids of keys and clients are none: in the errors of stores
    /// they are what people look for, and MinIO's can be an ordinary word.
    private static let credentialVariables = [
        "DATAPLANE_CLIENT_SECRET", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN", AzureSettings.connectionStringVariable,
    ]

    /// Every credential that the environment holds, in order to hide them; also where the settings cannot be used.
    package static func credentials(in environment: [String: String]) -> [String] {
        let reader = EnvironmentReader(environment)
        var credentials = credentialVariables.compactMap { reader.text($0) }
        if let text = reader.text(AzureSettings.connectionStringVariable) {
            credentials += AzureSettings.secrets(inConnectionString: text)
        }
        // A path, or the file's content.
        if let text = reader.text("GOOGLE_APPLICATION_CREDENTIALS"), text.hasPrefix("{") {
            credentials.append(text)
        }
        credentials += telemetryHeaders(reader).map(\.value)
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
            credentials += passwords(inURL: value, isProxy: name.uppercased().hasSuffix("_PROXY"))
        }
        return credentials
    }

    /// The value of a setting as people may see it: credentials are hidden, and so is what a URL holds of them.
    ///
    /// - Parameter mask: hides `credentials(in:)` of the environment that the value is from.
    package static func shown(_ value: String, of name: String, mask: SecretMask) -> String {
        let isCredential =
            credentialVariables.contains(name)
            || name.hasPrefix("OTEL_EXPORTER_OTLP_") && name.hasSuffix("HEADERS")
        guard !isCredential, !value.hasPrefix("{") else { return "(hidden)" }
        let isProxy = name.uppercased().hasSuffix("_PROXY") && name.uppercased() != "NO_PROXY"
        guard isProxy || value.schemeSeparator != nil else { return mask.masked(value) }
        let url = value.schemeSeparator == nil ? "http://\(value)".withoutUserInfo : value.withoutUserInfo
        let end = url.firstIndex { $0 == "?" || $0 == "#" } ?? url.endIndex
        return mask.masked(url[..<end] + (end == url.endIndex ? "" : "?(hidden)"))
    }

    /// The password of a URL as it is written there, decoded, and together with its user as in Basic authentication.
    private static func passwords(inURL value: String, isProxy: Bool) -> [String] {
        // A proxy's scheme may be missing.
        let url = isProxy && value.schemeSeparator == nil ? "http://\(value)" : value
        guard let start = url.schemeSeparator?.upperBound, let userInfo = url[start...].userInfo,
            let colon = userInfo.firstIndex(of: ":")
        else { return [] }
        let password = String(userInfo[userInfo.index(after: colon)...])
        return [password, decoded(password), decoded(String(userInfo))].filter { !$0.isEmpty }
    }

    private static func decoded(_ text: String) -> String {
        String(decoding: PercentEncoder.decode(Array(text.utf8)[...]), as: UTF8.self)
    }
}

extension Substring {
    /// What stands before the last `@` of a URL's authority; nil where there is none.
    fileprivate var userInfo: Substring? {
        let authority = prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        return authority.lastIndex(of: "@").map { authority[..<$0] }
    }
}
