/// The part of an HTTP service's address that its paths are appended to.
package enum HTTPBaseURL {
    package struct Malformed: Error {
        package var advice: String
    }

    package static func normalised(_ text: String) throws(Malformed) -> String {
        var url = text.schemeSeparator == nil ? "http://" + text : text
        guard let separator = url.schemeSeparator else { throw Malformed(advice: "not a URL") }
        let scheme = url[..<separator.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else {
            throw Malformed(advice: "not an http or https URL, such as http://airbyte-server:8001")
        }
        let printable = url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        guard printable, !url.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw Malformed(advice: "a URL without spaces, query or fragment is needed")
        }
        let authority = url[separator.upperBound...].prefix { $0 != "/" }
        guard hasHost(authority) else {
            throw Malformed(
                advice: "the URL's host or port is missing or wrong, such as http://airbyte-server:8001"
            )
        }
        // There is a host, so that the slashes of `://` stay.
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }

    /// True for `[user:password@]host[:port]`, where an IPv6 address stands in brackets.
    private static func hasHost(_ authority: Substring) -> Bool {
        let hostAndPort = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        var host = hostAndPort.prefix { $0 != ":" }
        var rest = hostAndPort[host.endIndex...]
        if hostAndPort.hasPrefix("[") {
            guard let bracket = hostAndPort.firstIndex(of: "]") else { return false }
            host = hostAndPort[..<bracket].dropFirst()
            rest = hostAndPort[bracket...].dropFirst()
        }
        return !host.isEmpty && (rest.isEmpty || rest.first == ":" && isPort(rest.dropFirst()))
    }

    private static func isPort(_ text: Substring) -> Bool {
        let digits = text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return digits && Int(text).map { (1...65_535).contains($0) } ?? false
    }
}

extension String {
    /// Where the first `://` lies.
    package var schemeSeparator: Range<String.Index>? {
        // As bytes: every variable of the environment is looked through.
        guard let colon = utf8.firstIndex(of: UInt8(ascii: ":")),
            utf8[colon...].starts(with: "://".utf8)
        else { return nil }
        return colon..<utf8.index(colon, offsetBy: 3)
    }

    /// The URL without `user:password@`, for messages.
    package var withoutUserInfo: String {
        guard let separator = schemeSeparator else { return self }
        let authority = utf8[separator.upperBound...].prefix { $0 != UInt8(ascii: "/") }
        guard let at = authority.lastIndex(of: UInt8(ascii: "@")) else { return self }
        return String(self[..<separator.upperBound]) + String(self[utf8.index(after: at)...])
    }
}
