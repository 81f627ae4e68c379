import HTTP

/// The parts of a blob service's address.
struct AzureEndpoint {
    /// Scheme, host and port.
    let origin: String
    /// Empty, or begins with a slash.
    let path: String
    /// Whether the address names a port.
    let hasPort: Bool

    init(_ url: String) {
        let start = url.schemeSeparator?.upperBound ?? url.startIndex
        let pathStart = url[start...].firstIndex(of: "/") ?? url.endIndex
        origin = String(url[..<pathStart])
        path = String(url[pathStart...])
        // The colons of an IPv6 address stand within brackets, that of a password before the last `@`.
        let authority = url[start..<pathStart]
        let host = authority.lastIndex(of: "@").map { authority[$0...] } ?? authority
        let port = host.lastIndex(of: "]").map { host[$0...] } ?? host
        hasPort = port.contains(":")
    }
}
