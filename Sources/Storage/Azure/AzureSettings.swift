import HTTP
import Settings
import Text

/// Where the blob service is, and by what right requests are made.
package struct AzureSettings: Hashable, Sendable {
    enum Authorization: Hashable, Sendable {
        case sharedKey(AzureSharedKey)
        case sharedAccessSignature(AzureSharedAccessSignature)
        case workloadIdentity(AzureWorkloadIdentity)
    }

    /// Without a slash at the end.
    package var blobEndpoint: String
    var authorization: Authorization

    package static let connectionStringVariable = "AZURE_STORAGE_CONNECTION_STRING"

    /// The settings that the environment holds; nil where there are none, or where what there is cannot be used, which
    /// the reader then knows.
    package static func read(_ reader: inout EnvironmentReader) -> AzureSettings? {
        guard let text = reader.text(connectionStringVariable) else {
            reader.reject(
                connectionStringVariable,
                value: nil,
                "not set; the account's connection string is needed, with workload identity one without a key, "
                    + "such as BlobEndpoint=https://account.blob.core.windows.net",
                otherwise: EnvironmentReader.storageIsUnused
            )
            return nil
        }
        let parsed: AzureConnectionString
        do throws(AzureConnectionString.Malformed) {
            parsed = try AzureConnectionString(parsing: text)
        } catch {
            // The value is not shown: it holds the key.
            reader.reject(
                connectionStringVariable,
                value: nil,
                error.advice,
                otherwise: EnvironmentReader.storageIsUnused
            )
            return nil
        }
        guard let authorization = authorization(parsed, &reader) else { return nil }
        return AzureSettings(blobEndpoint: parsed.blobEndpoint, authorization: authorization)
    }

    /// The keys and signatures that a connection string holds, also where it cannot be used otherwise: in order to hide
    /// them. A signature is given as it is written and decoded.
    package static func secrets(inConnectionString text: String) -> [String] {
        var secrets: [String] = []
        for member in text.split(separator: ";") {
            let parts = member.split(separator: "=", maxSplits: 1)
            let name = parts.first?.trimmingWhitespace().lowercased() ?? ""
            guard parts.count == 2, name != "accountname" else { continue }
            if name == "accountkey" || name == "sharedaccesssignature" {
                secrets.append(parts[1].trimmingWhitespace())
            }
            // Also in the query of an address.
            for parameter in parts[1].split(whereSeparator: { $0 == "?" || $0 == "&" })
            where parameter.hasPrefix("sig=") {
                let signature = parameter.dropFirst("sig=".count).trimmingWhitespace()
                let decoded = PercentEncoder.decode(Array(signature.utf8)[...])
                secrets += [signature, String(decoding: decoded, as: UTF8.self)]
            }
        }
        return secrets
    }

    /// A key wins over a signature, as in the services' own clients, and both over the pod's identity.
    private static func authorization(
        _ parsed: AzureConnectionString,
        _ reader: inout EnvironmentReader
    ) -> Authorization? {
        if let key = parsed.accountKey { return .sharedKey(key) }
        if let signature = parsed.sharedAccessSignature { return .sharedAccessSignature(signature) }
        guard AzureWorkloadIdentity.isSet(reader) else {
            reader.reject(
                connectionStringVariable,
                value: nil,
                "it contains neither AccountKey nor SharedAccessSignature; add one, or let the pod have a workload "
                    + "identity (AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_FEDERATED_TOKEN_FILE)",
                otherwise: EnvironmentReader.storageIsUnused
            )
            return nil
        }
        return AzureWorkloadIdentity.read(&reader).map { .workloadIdentity($0) }
    }
}

/// What AKS's webhook gives a pod whose service account has an identity at Entra ID.
///
/// Source: "Use Microsoft Entra Workload ID with AKS".
struct AzureWorkloadIdentity: Hashable, Sendable {
    var clientID: String
    var tenantID: String
    /// Kubernetes replaces it before the token in it ends.
    var tokenFile: String
    /// Without a slash at the end.
    var authorityHost: String

    /// The package cloud's; national clouds have their own, which the webhook sets.
    static let publicAuthority = "https://login.microsoftonline.com"

    var tokenEndpoint: String { "\(authorityHost)/\(tenantID)/oauth2/v2.0/token" }

    static func isSet(_ reader: EnvironmentReader) -> Bool {
        reader.text("AZURE_FEDERATED_TOKEN_FILE") != nil
    }

    /// Nil where one of the variables is missing or wrong, which the reader then knows.
    static func read(_ reader: inout EnvironmentReader) -> AzureWorkloadIdentity? {
        var values: [String] = []
        for name in ["AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"] {
            guard let value = reader.text(name) else {
                reader.reject(
                    name,
                    value: nil,
                    "not set; workload identity needs it",
                    otherwise: EnvironmentReader.storageIsUnused
                )
                continue
            }
            values.append(value)
        }
        guard values.count == 3 else { return nil }
        guard isTenant(values[1]) else {
            reader.reject(
                "AZURE_TENANT_ID",
                value: values[1],
                "not a tenant's id (a UUID) or domain",
                otherwise: EnvironmentReader.storageIsUnused
            )
            return nil
        }
        let authority = reader.text("AZURE_AUTHORITY_HOST") ?? publicAuthority
        do throws(HTTPBaseURL.Malformed) {
            return AzureWorkloadIdentity(
                clientID: values[0],
                tenantID: values[1],
                tokenFile: values[2],
                // The pod's token does not travel in clear because a scheme is missing.
                authorityHost: try HTTPBaseURL.normalised(
                    authority.schemeSeparator == nil ? "https://" + authority : authority
                )
            )
        } catch {
            reader.reject(
                "AZURE_AUTHORITY_HOST",
                value: nil,
                error.advice,
                otherwise: EnvironmentReader.storageIsUnused
            )
            return nil
        }
    }

    /// It becomes a part of the endpoint's path.
    private static func isTenant(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
    }
}
