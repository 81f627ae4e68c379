import Crypto
import HTTP
import Text

/// A storage account as a connection string describes it: `DefaultEndpointsProtocol=https;AccountName=…;AccountKey=…`.
///
/// Source: "Configure Azure Storage connection strings" of Azure's documentation. As in the services' own clients,
/// names count in any letter case, a value begins behind the first equals sign, no semicolon can be in it, and members
/// that are not known do not matter.
struct AzureConnectionString: Hashable, Sendable {
    /// Why a text is no use; quotes nothing of it, since a key can be anywhere in it.
    struct Malformed: Error, Hashable {
        /// What is wrong and what to do, without a full stop.
        var advice: String
    }

    /// Without a slash at the end. It has a path only where it has a port too: the account's name, as emulators want it.
    var blobEndpoint: String
    var accountName: String?
    /// Nil where the text has no key.
    var accountKey: AzureSharedKey?
    /// Nil where the text has no shared access signature.
    var sharedAccessSignature: AzureSharedAccessSignature?

    init(parsing text: String) throws(Malformed) {
        let members = try Self.members(of: text)
        if members["usedevelopmentstorage"]?.lowercased() == "true" {
            self = try Self.emulator(proxy: members["developmentstorageproxyuri"])
            return
        }
        accountName = members["accountname"]
        let endpoint = try Self.endpoint(members)
        blobEndpoint = endpoint.base
        accountKey = try members["accountkey"].map { (text) throws(Malformed) in
            guard let account = members["accountname"] else {
                throw Malformed(advice: "AccountKey requires AccountName")
            }
            guard let key = AzureSharedKey(account: account, base64Key: text) else {
                throw Malformed(
                    advice: "AccountKey is not Base64; copy it again from the account's access keys"
                )
            }
            return key
        }
        sharedAccessSignature = try (members["sharedaccesssignature"] ?? endpoint.query).map {
            (text) throws(Malformed) in
            guard let signature = AzureSharedAccessSignature(text) else {
                throw Malformed(
                    advice: "SharedAccessSignature is not of the form sv=…&sig=… that a URL can carry"
                )
            }
            return signature
        }
    }

    private init(blobEndpoint: String, accountName: String, accountKey: AzureSharedKey?) {
        self.blobEndpoint = blobEndpoint
        self.accountName = accountName
        self.accountKey = accountKey
    }

    /// The members by their names in lower case; of duplicates the last. Empty values count as absent.
    private static func members(of text: String) throws(Malformed) -> [String: String] {
        var members: [String: String] = [:]
        for (index, part) in text.split(separator: ";", omittingEmptySubsequences: false).enumerated() {
            let part = part.trimmingWhitespace()
            guard !part.isEmpty else { continue }
            guard let equals = part.firstIndex(of: "="), equals != part.startIndex else {
                throw Malformed(
                    advice: "part \(index + 1) between semicolons is not of the form Name=Value"
                )
            }
            let value = part[part.index(after: equals)...].trimmingWhitespace()
            let name = part[..<equals].trimmingWhitespace().lowercased()
            members[name] = value.isEmpty ? nil : value
        }
        return members
    }

    /// The blob service's address, and its query, where people put signatures.
    private static func endpoint(
        _ members: [String: String]
    ) throws(Malformed) -> (base: String, query: String?) {
        guard let given = members["blobendpoint"] else {
            guard let account = members["accountname"] else {
                throw Malformed(advice: "it must contain BlobEndpoint or AccountName")
            }
            guard isAccountName(account) else {
                throw Malformed(advice: "AccountName may have lower-case letters and digits only")
            }
            let scheme = members["defaultendpointsprotocol"] ?? "https"
            let suffix = members["endpointsuffix"] ?? "core.windows.net"
            return (
                try base("\(scheme)://\(account).blob.\(suffix)", of: "its EndpointSuffix or protocol"), nil
            )
        }
        let parts = given.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let address = try base(String(parts[0]), of: "BlobEndpoint")
        return (withoutContainer(address), parts.count > 1 ? String(parts[1]) : nil)
    }

    /// The endpoint as the platform's reader takes it. Tools append a container to it, and what is stored below that is
    /// never looked for: without a port, the whole path goes; with one, its first part stays, the account.
    ///
    /// Source: `BlobUrlParts.parse` and `BuilderHelper.getEndpoint` of azure-storage-blob for Java, 12.
    private static func withoutContainer(_ endpoint: String) -> String {
        let parts = AzureEndpoint(endpoint)
        guard parts.hasPort, let account = parts.path.split(separator: "/").first else { return parts.origin }
        return "\(parts.origin)/\(account)"
    }

    private static func base(_ url: String, of member: String) throws(Malformed) -> String {
        // Without this plain HTTP would be meant, and a signature would travel in clear.
        guard url.schemeSeparator != nil else {
            throw Malformed(advice: "\(member) must begin with https://")
        }
        do {
            return try HTTPBaseURL.normalised(url)
        } catch {
            throw Malformed(advice: "\(member): \(error.advice)")
        }
    }

    /// Three to 24 letters and digits in Azure itself; emulators take hyphens too.
    private static func isAccountName(_ name: String) -> Bool {
        name.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
        }
    }

    /// Azurite's account, the same everywhere, with the key that its documentation publishes.
    private static func emulator(proxy: String?) throws(Malformed) -> AzureConnectionString {
        let account = "devstoreaccount1"
        let key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
        let host = try proxy.map { (url) throws(Malformed) in
            try base(url, of: "DevelopmentStorageProxyUri")
        }
        return AzureConnectionString(
            blobEndpoint: "\(host ?? "http://127.0.0.1"):10000/\(account)",
            accountName: account,
            accountKey: AzureSharedKey(account: account, base64Key: key)
        )
    }
}

/// A shared access signature: the query parameters that each request carries. Never shown.
struct AzureSharedAccessSignature: Hashable, Sendable, CustomStringConvertible {
    /// As it goes into a URL, without a question mark.
    let query: String

    /// Nil where a URL could not carry it, or where it holds no signature.
    init?(_ text: String) {
        let query = text.hasPrefix("?") ? String(text.dropFirst()) : text
        guard query.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }),
            query.split(separator: "&").contains(where: { $0.hasPrefix("sig=") })
        else { return nil }
        self.query = query
    }

    var description: String { "shared access signature" }
}
