import CCurl

/// The scheme, host and port of a URL: what a connection belongs to, and all of a URL that messages may show.
struct Origin: Hashable, Sendable, CustomStringConvertible {
    let scheme: String
    /// A name or an address; IPv6 addresses keep their brackets.
    let host: String
    let port: String

    /// `host:port`; never user names, paths or queries, which can be secrets.
    var description: String { "\(host):\(port)" }

    /// `scheme://host:port`: how messages name a proxy.
    var url: String { "\(scheme)://\(self)" }

    /// Takes an absolute `http` or `https` URL apart, with libcurl's own parser, so that both see the same host.
    init?(url: String) {
        self.init(url, flags: CURLU_DEFAULT_PORT | CURLU_PATH_AS_IS)
        guard scheme == "http" || scheme == "https" else { return nil }
    }

    /// Takes a proxy's address apart: `[scheme://][user:password@]host[:port]`, `http` if not said otherwise.
    init?(proxy: String) {
        let full = proxy.contains("://") ? proxy : "http://\(proxy)"
        self.init(full, flags: CURLU_NON_SUPPORT_SCHEME)
    }

    /// CURLOPT_PROXY(3): the port of a proxy whose address names none.
    private static let proxyPort = "1080"

    private init?(_ url: String, flags: Int32) {
        guard let handle = curl_url() else { return nil }
        defer { curl_url_cleanup(handle) }
        guard curl_url_set(handle, CURLUPART_URL, url, UInt32(flags)) == CURLUE_OK else { return nil }

        func part(_ which: CURLUPart) -> String? {
            var text: UnsafeMutablePointer<CChar>?
            guard curl_url_get(handle, which, &text, UInt32(flags)) == CURLUE_OK, let text else { return nil }
            defer { curl_free(text) }
            return String(cString: text)
        }
        guard let scheme = part(CURLUPART_SCHEME), let host = part(CURLUPART_HOST) else { return nil }
        self.scheme = scheme.lowercased()
        self.host = host.lowercased()
        self.port = part(CURLUPART_PORT) ?? (self.scheme == "https" ? "443" : Origin.proxyPort)
    }
}

/// Where a request goes: how errors begin.
struct Route: Hashable, Sendable, CustomStringConvertible {
    let origin: Origin
    /// Nil where the request goes to its origin directly.
    let proxy: Origin?

    /// `host:port through the proxy http://host:port`.
    var description: String {
        guard let proxy else { return origin.description }
        return "\(origin) through the proxy \(proxy.url)"
    }
}
