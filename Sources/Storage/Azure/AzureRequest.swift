import HTTP
import Text

/// One request to the blob service before it is signed.
struct AzureRequest {
    struct Parameter: Hashable {
        var name: String
        /// Not encoded.
        var value: String
    }

    var method: String
    /// Scheme, host and port.
    var origin: String
    /// Begins with a slash; percent-encoded, as it is sent.
    var path: String
    var query: [Parameter] = []
    var headers: [HTTPHeader] = []
    var body: [UInt8]?

    /// The field's value, empty where there is none.
    func header(_ name: String) -> String {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value ?? ""
    }

    /// - Parameter signature: goes behind all other parameters.
    func url(signature: AzureSharedAccessSignature?) -> String {
        var parts = query.map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }
        if let signature { parts.append(signature.query) }
        return origin + path + (parts.isEmpty ? "" : "?" + parts.joined(separator: "&"))
    }

    /// All but RFC 3986's unreserved characters percent-encoded, slashes too: a name that begins with a slash, or has
    /// two in a row, reaches the service as it is, whatever proxies do to empty parts of a path. The service takes
    /// `%2F` for a slash; its Java client, by which the platform reads, sends the same.
    static func encoded(_ text: String) -> String { PercentEncoder.component.encode(text) }
}
