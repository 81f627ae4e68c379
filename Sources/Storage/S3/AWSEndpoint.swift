import HTTP

/// Where a service is reached: scheme, authority and the path that its own paths are appended to.
struct AWSEndpoint: Hashable, Sendable {
    /// `http` or `https`.
    var scheme: String
    /// As the `Host` header field has it: the port only where it is not the scheme's own.
    var authority: String
    /// Without a slash at its end.
    var path: String

    /// Takes a URL apart that `HTTPBaseURL` has found good.
    init(url: String) {
        guard let separator = url.schemeSeparator else { preconditionFailure("a base URL has a scheme") }
        scheme = url[..<separator.lowerBound].lowercased()
        let rest = url[separator.upperBound...]
        var authority = String(rest.prefix { $0 != "/" })
        path = String(rest.dropFirst(authority.count))
        let port = scheme == "https" ? ":443" : ":80"
        if authority.hasSuffix(port) { authority.removeLast(port.count) }
        self.authority = authority
    }

    /// Amazon's own, of a region.
    init(service: String, region: String) {
        self.init(url: "https://\(service).\(region).\(Self.domain(of: region))")
    }

    /// The partitions' domains.
    private static func domain(of region: String) -> String {
        if region.hasPrefix("cn-") { return "amazonaws.com.cn" }
        if region.hasPrefix("us-iso-") { return "c2s.ic.gov" }
        if region.hasPrefix("us-isob-") { return "sc2s.sgov.gov" }
        return "amazonaws.com"
    }

    var url: String { "\(scheme)://\(authority)\(path)" }

    /// The host without a port; IPv6 addresses keep their brackets.
    var host: String {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            return String(authority[...end])
        }
        return String(authority.prefix { $0 != ":" })
    }

    /// Whether a bucket's name cannot stand before the host: an address, or this machine.
    var takesNoSubdomain: Bool {
        host.hasPrefix("[") || host == "localhost" || host.allSatisfy { $0 == "." || $0.isNumber }
    }
}
