import CCurl
import Glibc
import HTTP

/// An address of IPv4 or IPv6 with a port, as connect(2) takes it.
public struct SocketAddress: Hashable, Sendable {
    /// `AF_INET` or `AF_INET6`.
    public let family: Int32
    /// A `sockaddr_in` or a `sockaddr_in6`.
    public let bytes: [UInt8]

    public init(family: Int32, bytes: [UInt8]) {
        self.family = family
        self.bytes = bytes
    }

    /// An address in its written form; nil for anything else, such as a name.
    public init?(_ text: String, port: UInt16) {
        var four = sockaddr_in()
        var six = sockaddr_in6()
        if inet_pton(AF_INET, text, &four.sin_addr) == 1 {
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = port.bigEndian
            self.init(family: AF_INET, bytes: withUnsafeBytes(of: &four) { Array($0) })
        } else if inet_pton(AF_INET6, text, &six.sin6_addr) == 1 {
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = port.bigEndian
            self.init(family: AF_INET6, bytes: withUnsafeBytes(of: &six) { Array($0) })
        } else {
            return nil
        }
    }
}

/// Collects the addresses to which libcurl would connect.
///
/// libcurl has no call that only looks a name up. It does so for a transfer, and asks for a socket for each address. Where
/// none is given, it goes on to the next address and ends with `CURLE_COULDNT_CONNECT`.
final class AddressLookup {
    /// A host with more addresses is reached through these as well.
    private static let maxAddresses = 16

    private let host: String
    private(set) var addresses: [SocketAddress] = []

    init(host: String) {
        self.host = host
    }

    /// Throws where the host is something else for whoever reads URLs, such as a user's name before a host's.
    func check(_ origin: Origin) throws(HTTPTransportError) {
        guard host.contains(":") || origin.host == host.lowercased() else {
            throw HTTPTransportError(
                kind: .invalidRequest,
                message: "\(host): this is not the name of a host"
            )
        }
    }

    func add(_ address: UnsafePointer<curl_sockaddr>) {
        guard addresses.count < Self.maxAddresses else { return }
        let family = address.pointee.family
        guard family == AF_INET || family == AF_INET6 else { return }
        // The address stands in the last member of the structure, and can be longer than it.
        let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr) ?? 0
        let start = UnsafeRawPointer(address) + offset
        let bytes = UnsafeRawBufferPointer(start: start, count: Int(address.pointee.addrlen))
        addresses.append(SocketAddress(family: family, bytes: Array(bytes)))
    }
}

extension CurlTransport {
    /// Finds the addresses of a host as requests do; nobody is connected to.
    ///
    /// Addresses of IPv4 come first: a service that listens on one family only is hardly ever on the other one. They are
    /// kept for a minute, together with those of requests.
    ///
    /// - Parameters:
    ///   - host: a name, or an address without brackets.
    ///   - completion: gets one address at least, or why there is none; called once, later, from the loop.
    /// - Returns: what `cancel` takes.
    public func resolve(
        _ host: String,
        port: UInt16,
        timeout: Duration,
        completion: @escaping (Result<[SocketAddress], HTTPTransportError>) -> Void
    ) -> HTTPExchangeID {
        let lookup = AddressLookup(host: host)
        let request = HTTPRequest(
            method: "GET",
            url: "http://\(host.contains(":") ? "[\(host)]" : host):\(port)/",
            connectTimeout: timeout,
            totalTimeout: timeout
        )
        return begin(request, lookup: lookup) { result in
            if !lookup.addresses.isEmpty {
                let isFour = { (address: SocketAddress) in address.family == AF_INET }
                completion(
                    .success(lookup.addresses.filter(isFour) + lookup.addresses.filter { !isFour($0) })
                )
            } else if case .failure(let error) = result {
                completion(.failure(error))
            } else {
                preconditionFailure("a request was answered without a connection")
            }
        }
    }
}
