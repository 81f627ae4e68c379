import Crypto
import HTTP
import Text

/// Amazon's signature, version 4, in the `Authorization` header field. Source: "Signing AWS API requests", IAM User
/// Guide; for S3, whose paths are encoded once and not normalised, "Authenticating Requests (AWS Signature Version 4)".
struct SigV4 {
    var region: String
    var service: String
    /// `yyyyMMddTHHmmssZ`
    var timestamp: String

    private static let algorithm = "AWS4-HMAC-SHA256"

    /// The value of the `Authorization` field.
    ///
    /// - Parameters:
    ///   - path: as it is sent, percent-encoded; empty counts as `/`.
    ///   - query: names and values, not encoded; the order does not matter.
    ///   - headers: the fields that are signed, `Host` and `X-Amz-Date` among them.
    ///   - payloadHash: what `x-amz-content-sha256` says, or the hash of the body in hexadecimal.
    func authorization(
        method: String,
        path: String,
        query: [(name: String, value: String)],
        headers: [HTTPHeader],
        payloadHash: String,
        credentials: AWSCredentials
    ) -> String {
        let fields = Self.canonicalFields(headers)
        let request = Self.canonicalRequest(method, path, query, fields, payloadHash)
        let signature = Signing.hmacSHA256(
            key: signingKey(secret: credentials.secretAccessKey),
            Array(stringToSign(request).utf8)
        )
        return "\(Self.algorithm) Credential=\(credentials.accessKeyID)/\(scope), "
            + "SignedHeaders=\(Self.names(fields)), Signature=\(signature.hexadecimal)"
    }

    /// The request in the form that is hashed.
    static func canonicalRequest(
        method: String,
        path: String,
        query: [(name: String, value: String)],
        headers: [HTTPHeader],
        payloadHash: String
    ) -> String {
        canonicalRequest(method, path, query, canonicalFields(headers), payloadHash)
    }

    /// The text that is signed.
    func stringToSign(_ canonicalRequest: String) -> String {
        let hash = Digest.sha256(Array(canonicalRequest.utf8)).hexadecimal
        return [Self.algorithm, timestamp, scope, hash].joined(separator: "\n")
    }

    private var date: String { String(timestamp.prefix(8)) }

    private var scope: String { "\(date)/\(region)/\(service)/aws4_request" }

    private func signingKey(secret: String) -> [UInt8] {
        [date, region, service, "aws4_request"].reduce(Array("AWS4\(secret)".utf8)) { key, text in
            Signing.hmacSHA256(key: key, Array(text.utf8))
        }
    }

    private static func canonicalRequest(
        _ method: String,
        _ path: String,
        _ query: [(name: String, value: String)],
        _ fields: [(name: String, value: String)],
        _ payloadHash: String
    ) -> String {
        let lines = fields.map { "\($0.name):\($0.value)\n" }.joined()
        let parts = [
            method, path.isEmpty ? "/" : path, encodedQuery(query), lines, names(fields), payloadHash,
        ]
        return parts.joined(separator: "\n")
    }

    private static func names(_ fields: [(name: String, value: String)]) -> String {
        fields.map(\.name).joined(separator: ";")
    }

    /// Lower-case names in order, each once; blanks at the ends of values cut, those within made one.
    private static func canonicalFields(_ headers: [HTTPHeader]) -> [(name: String, value: String)] {
        var values: [String: [String]] = [:]
        for header in headers {
            let value = header.value.split(whereSeparator: { $0 == " " || $0 == "\t" || $0.isLineEnd })
            values[header.name.lowercased(), default: []].append(value.joined(separator: " "))
        }
        return values.map { (name: $0.key, value: $0.value.joined(separator: ",")) }
            .sorted { byBytes($0.name, $1.name) }
    }

    /// The query as it is signed and, so that both are the same, sent.
    static func encodedQuery(_ query: [(name: String, value: String)]) -> String {
        let pairs = query.map { (name: encoded($0.name), value: encoded($0.value)) }
        return pairs.sorted { $0.name == $1.name ? byBytes($0.value, $1.value) : byBytes($0.name, $1.name) }
            .map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }

    /// Percent-encodes all but the unreserved characters of RFC 3986; slashes stay in the path of an object.
    ///
    /// Source: "Create a signed AWS API request", `UriEncode`.
    static func encoded(_ text: String, keepingSlashes: Bool = false) -> String {
        (keepingSlashes ? PercentEncoder.path : .component).encode(text)
    }

    private static func byBytes(_ first: String, _ second: String) -> Bool {
        first.utf8.lexicographicallyPrecedes(second.utf8)
    }
}
