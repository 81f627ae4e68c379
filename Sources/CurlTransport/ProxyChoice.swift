import HTTP

/// Decides for each request whether a proxy is used, and which.
struct ProxyChoice: Sendable {
    /// A proxy that the settings name.
    struct Proxy: Sendable {
        /// In libcurl's form. It can hold a password and is never shown.
        let setting: String
        /// What messages may show.
        let origin: Origin
    }

    private let http: Proxy?
    private let https: Proxy?
    private let bypass: ProxyBypass

    /// Throws where a proxy's address makes no sense.
    init(_ options: CurlTransport.Options) throws(HTTPTransportError) {
        http = try Self.proxy(options.httpProxy, variable: "HTTP_PROXY")
        https = try Self.proxy(options.httpsProxy, variable: "HTTPS_PROXY")
        bypass = ProxyBypass(noProxy: options.noProxy, includesPodHosts: options.reachesPodHostsDirectly)
    }

    /// The proxy for requests to the origin; nil where they go there directly.
    func proxy(for origin: Origin) -> Proxy? {
        guard let proxy = origin.scheme == "https" ? https : http, !bypass.covers(origin) else { return nil }
        return proxy
    }

    private static func proxy(
        _ setting: String?,
        variable: String
    ) throws(HTTPTransportError) -> Proxy? {
        guard let setting else { return nil }
        guard let origin = CurlTransport.proxyOrigin(setting) else {
            throw HTTPTransportError(
                kind: .invalidRequest,
                // The value is not shown: it can hold a password.
                message: "\(variable) is \(CurlTransport.proxyAdvice)"
            )
        }
        return Proxy(setting: setting, origin: origin)
    }
}

extension CurlTransport {
    /// CURLOPT_PROXY(3).
    private static let proxySchemes: Set = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"]

    /// Continues "HTTP_PROXY is …".
    public static let proxyAdvice = "not of the form scheme://host:port, such as http://proxy:3128"

    /// Whether the text names a proxy that can be used.
    public static func isUsableProxy(_ setting: String) -> Bool { proxyOrigin(setting) != nil }

    fileprivate static func proxyOrigin(_ setting: String) -> Origin? {
        guard setting.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), let origin = Origin(proxy: setting),
            proxySchemes.contains(origin.scheme)
        else { return nil }
        return origin
    }
}
