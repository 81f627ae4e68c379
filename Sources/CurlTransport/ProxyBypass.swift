/// Which hosts are reached without a proxy.
///
/// The transport decides for each request and tells libcurl the result. libcurl's own list (CURLOPT_NOPROXY(3)) has no
/// patterns such as `*.svc.*` and no ports, and libcurl 7.88 does not say afterwards whether it used a proxy.
struct ProxyBypass: Sendable {
    private enum Rule: Hashable, Sendable {
        case everything
        /// The domain itself and every name below it.
        case domain(String, port: String?)
        case network(IPNetwork, port: String?)
    }

    private let rules: [Rule]
    private let includesPodHosts: Bool

    /// - Parameters:
    ///   - noProxy: as in `NO_PROXY`: names, addresses and CIDR blocks, separated by commas or white space. A name covers
    ///     every name below it, with or without `.` or `*.` in front. A port limits an entry to that port. `*` stands for
    ///     all hosts. What is none of these covers nothing.
    ///   - includesPodHosts: adds what `isPodHost` names.
    init(noProxy: String?, includesPodHosts: Bool = false) {
        rules = (noProxy ?? "").split { $0 == "," || $0.isWhitespace }.compactMap { Self.rule($0) }
        self.includesPodHosts = includesPodHosts
    }

    /// - Parameter origin: of the URL, not of the proxy.
    func covers(_ origin: Origin) -> Bool {
        let address = IPAddress(origin.host)
        let name = Self.normalized(origin.host)
        if includesPodHosts, Self.isPodHost(name, address) { return true }
        return rules.contains { rule in
            switch rule {
            case .everything: true
            case .domain(let domain, let port):
                address == nil && (name == domain || name.hasSuffix(".\(domain)"))
                    && (port == nil || port == origin.port)
            case .network(let network, let port):
                address.map(network.contains) ?? false && (port == nil || port == origin.port)
            }
        }
    }

    private static func rule(_ entry: Substring) -> Rule? {
        if entry == "*" { return .everything }
        if let network = IPNetwork(entry) { return .network(network, port: nil) }
        let (host, port) = split(entry)
        if let network = IPNetwork(host) { return .network(network, port: port) }
        var name = normalized(host)
        if name.hasPrefix("*.") { name.removeFirst() }
        if name.hasPrefix(".") { name.removeFirst() }
        return name.isEmpty ? nil : .domain(name, port: port)
    }

    /// Takes `host:port` apart. An address of IPv6 has a port only behind its brackets.
    private static func split(_ entry: Substring) -> (host: Substring, port: String?) {
        guard let colon = entry.lastIndex(of: ":") else { return (entry, nil) }
        let (host, port) = (entry[..<colon], entry[entry.index(after: colon)...])
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        guard isBracketed || !host.contains(":"), !port.isEmpty, port.utf8.allSatisfy({ 0x30...0x39 ~= $0 })
        else { return (entry, nil) }
        return (host, String(port))
    }

    /// In lower case, without the dot that ends a full name.
    private static func normalized(_ host: some StringProtocol) -> String {
        let name = host.lowercased()
        return name.hasSuffix(".") ? String(name.dropLast()) : name
    }
}

// MARK: - Hosts close to a pod

extension ProxyBypass {
    /// Where clouds tell a pod or machine who it is. Through a proxy, they would tell who the proxy is, or nothing.
    /// Sources: "Instance metadata service", Amazon EC2 (IPv4 and IPv6); "Task IAM role", Amazon ECS (169.254.170.2);
    /// "EKS Pod Identity" (169.254.170.23 and fd00:ec2::23).
    private static let metadataAddresses = [
        "169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23",
    ].compactMap { IPAddress($0) }

    private static let metadataName = "metadata.google.internal"

    private static let loopbacks = ["127.0.0.0/8", "::1"].compactMap { IPNetwork($0) }

    /// True for the names that a cluster gives its services (one label, `*.svc`, `*.svc.*`, `*.cluster.local`,
    /// `<name>-svc.<namespace>`), for loopback addresses and for metadata services: no proxy leads to these.
    ///
    /// - Parameters:
    ///   - name: normalized.
    ///   - address: the same as an address, nil where it is a name.
    private static func isPodHost(_ name: String, _ address: IPAddress?) -> Bool {
        if let address {
            return metadataAddresses.contains(address) || loopbacks.contains { $0.contains(address) }
        }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        if labels.count == 1 || name == metadataName { return true }
        if labels.count == 2, labels[0].hasSuffix("-svc"), labels[0] != "-svc" { return true }
        return labels.dropFirst().contains("svc") || labels.count > 2 && name.hasSuffix(".cluster.local")
    }
}
