import CCurl
import Glibc
import HTTP

/// What a request has met on its way: for people who look for a fault. The program itself inspects nothing.
public final class ConnectionInspection {
    /// A certificate of a server or of a proxy that is spoken to by TLS.
    public struct Certificate: Hashable, Sendable {
        /// Why the handshake was not accepted, as far as it lies in this certificate.
        public enum Fault: Hashable, Sendable {
            case expired
            case notYetValid
            /// Nobody who is trusted has signed it.
            case unknownIssuer
            /// It is for other names than the host's.
            case otherName
            /// Another one, in OpenSSL's words.
            case other(String)
        }

        /// In OpenSSL's notation: `CN = example.com`.
        public var subject: String
        public var issuer: String
        /// The names and addresses that it is for, such as `DNS:example.com`; empty where it names none.
        public var names: String
        /// In seconds since 1970.
        public var notBefore: Int64
        /// In seconds since 1970.
        public var notAfter: Int64
        public var fault: Fault?
    }

    /// The addresses that were connected to, or tried, in their order: the host's, or its proxy's.
    public private(set) var addresses: [String] = []
    /// The proxy that the request goes through, as `scheme://host:port`; nil where there is none.
    public internal(set) var proxy: String?
    /// How the transfer has ended.
    var code = CURLE_OK
    /// libcurl's functions write here while the request runs; the exchange keeps this object until its end.
    let chain: UnsafeMutablePointer<ccurl_chain>

    public init() {
        chain = .allocate(capacity: 1)
        chain.initialize(to: ccurl_chain())
    }

    deinit {
        chain.deallocate()
    }

    /// What the last handshake has shown: the certificate at fault, if one is, else the server's own. Nil where there was
    /// no handshake, or one that was over before.
    public var certificate: Certificate? {
        guard chain.pointee.is_seen else { return nil }
        let seen = chain.pointee
        func text(_ value: some Any) -> String {
            withUnsafeBytes(of: value) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        return Certificate(
            subject: text(seen.subject),
            issuer: text(seen.issuer),
            names: text(seen.names),
            notBefore: seen.not_before,
            notAfter: seen.not_after,
            fault: seen.error == 0 ? ownFault : Self.fault(seen.error, text(seen.error_text))
        )
    }

    /// Where the chain is good, libcurl has still compared the names.
    private var ownFault: Certificate.Fault? { code == CURLE_PEER_FAILED_VERIFICATION ? .otherName : nil }

    /// Whether the file of trusted authorities cannot be read.
    public var lacksAuthorities: Bool { code == CURLE_SSL_CACERT_BADFILE }

    /// The numbers are those of X509_STORE_CTX_get_error(3).
    private static func fault(_ error: Int32, _ text: String) -> Certificate.Fault {
        switch error {
        case 10: .expired
        case 9: .notYetValid
        case 2, 18, 19, 20, 21: .unknownIssuer
        default: .other(text)
        }
    }

    /// The bound for a host with many addresses.
    private static let maxAddresses = 16

    func tries(_ address: UnsafePointer<curl_sockaddr>) {
        guard addresses.count < Self.maxAddresses else { return }
        let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr) ?? 0
        let start = UnsafeRawPointer(address) + offset
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let place: Int
        switch address.pointee.family {
        case AF_INET: place = MemoryLayout<sockaddr_in>.offset(of: \.sin_addr) ?? 0
        case AF_INET6: place = MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr) ?? 0
        default: return
        }
        guard inet_ntop(address.pointee.family, start + place, &text, socklen_t(text.count)) != nil else {
            return
        }
        let written = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if !addresses.contains(written) { addresses.append(written) }
    }
}

extension CurlTransport {
    /// Sends a request on a connection of its own, and notes what it meets.
    ///
    /// - Parameter inspection: of this request alone. It is complete once the completion is called.
    public func send(
        _ request: HTTPRequest,
        inspection: ConnectionInspection,
        completion: @escaping (Result<HTTPResponse, HTTPTransportError>) -> Void
    ) -> HTTPExchangeID {
        begin(request, inspection: inspection, completion: completion)
    }
}
