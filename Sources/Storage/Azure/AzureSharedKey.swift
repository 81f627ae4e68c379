import Crypto
import Text

/// Signs requests by an account's key: the `Authorization` of the blob service from version 2015-02-21 on.
///
/// Source: "Authorize with Shared Key" of the storage services' REST reference.
struct AzureSharedKey: Hashable, Sendable, CustomStringConvertible {
    let account: String
    private let key: [UInt8]

    /// Nil where the key is no Base64 or is empty.
    init?(account: String, base64Key: String) {
        guard let key = Base64.decode(base64Key), !key.isEmpty else { return nil }
        self.account = account
        self.key = key
    }

    var description: String { "account key of \(account)" }

    /// The value of the header field `Authorization`.
    func authorization(for request: AzureRequest) -> String {
        let code = Signing.hmacSHA256(key: key, Array(Self.stringToSign(request, account: account).utf8))
        return "SharedKey \(account):\(Base64.encode(code))"
    }

    /// What is signed. The date is always in `x-ms-date`, so that the line of `Date` stays empty.
    static func stringToSign(_ request: AzureRequest, account: String) -> String {
        let length = request.body?.count ?? 0
        var lines = [
            request.method,
            request.header("Content-Encoding"),
            request.header("Content-Language"),
            // An empty body counts as none from version 2015-02-21 on.
            length == 0 ? "" : String(length),
            request.header("Content-MD5"),
            request.header("Content-Type"),
            "",
            request.header("If-Modified-Since"),
            request.header("If-Match"),
            request.header("If-None-Match"),
            request.header("If-Unmodified-Since"),
            request.header("Range"),
        ]
        lines += canonicalizedHeaders(request)
        lines.append(canonicalizedResource(request, account: account))
        return lines.joined(separator: "\n")
    }

    private static func canonicalizedHeaders(_ request: AzureRequest) -> [String] {
        request.headers
            .map { (name: $0.name.lowercased(), value: $0.value.trimmingWhitespace()) }
            .filter { $0.name.hasPrefix("x-ms-") }
            .sorted { $0.name < $1.name }
            .map { "\($0.name):\($0.value)" }
    }

    /// The path as it is sent, behind the account's name, which is there twice where the path begins with it too
    /// (emulators); then the parameters, decoded, each name once.
    private static func canonicalizedResource(_ request: AzureRequest, account: String) -> String {
        var values: [String: [String]] = [:]
        for parameter in request.query {
            values[parameter.name.lowercased(), default: []].append(parameter.value)
        }
        let lines = values.sorted { $0.key < $1.key }.map { name, values in
            "\(name):\(values.sorted().joined(separator: ","))"
        }
        return (["/\(account)\(request.path)"] + lines).joined(separator: "\n")
    }
}
