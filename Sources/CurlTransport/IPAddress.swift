import Glibc

/// An address of IPv4 or IPv6. IPv4 within IPv6 (`::ffff:127.0.0.1`) is the same as the plain one.
struct IPAddress: Hashable, Sendable {
    /// 4 or 16, the most significant first.
    let bytes: [UInt8]

    /// Takes the written form, with or without the brackets and the zone that a URL can have (RFC 6874).
    init?(_ text: some StringProtocol) {
        var text = Substring(text)
        if text.hasPrefix("["), text.hasSuffix("]") { text = text.dropFirst().dropLast() }
        let plain = String(text.prefix { $0 != "%" })
        if let bytes = Self.parse(plain, family: AF_INET, count: 4) {
            self.bytes = bytes
        } else if let bytes = Self.parse(plain, family: AF_INET6, count: 16) {
            let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
            self.bytes = isMapped ? Array(bytes[12...]) : bytes
        } else {
            return nil
        }
    }

    private static func parse(_ text: String, family: Int32, count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return bytes.withUnsafeMutableBytes { inet_pton(family, text, $0.baseAddress) } == 1 ? bytes : nil
    }
}

/// A block of addresses, such as `10.0.0.0/8`, or one address.
struct IPNetwork: Hashable, Sendable {
    private let address: IPAddress
    /// How many bits all addresses of the block have in common.
    private let prefix: Int

    init?(_ text: some StringProtocol) {
        let parts = Substring(text).split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count <= 2, let address = IPAddress(first) else { return nil }
        let bits = address.bytes.count * 8
        guard let prefix = parts.count == 2 ? Int(parts[1]) : bits, 0...bits ~= prefix else { return nil }
        self.address = address
        self.prefix = prefix
    }

    func contains(_ other: IPAddress) -> Bool {
        guard other.bytes.count == address.bytes.count else { return false }
        let whole = prefix / 8
        guard address.bytes[..<whole] == other.bytes[..<whole] else { return false }
        let mask = UInt8(truncatingIfNeeded: 0xFF00 >> (prefix % 8))
        return prefix % 8 == 0 || (address.bytes[whole] ^ other.bytes[whole]) & mask == 0
    }
}
