import CCurl
import Containers
import Glibc
import HTTP

/// The sockets of libcurl's connections, busy or idle, and which exchange opened each.
///
/// Before libcurl 7.88.1 uses an idle connection again, it looks for the connection's end only
/// (`cf_socket_conn_is_alive` in lib/cf-socket.c). Bytes that arrived meanwhile would become the answer to the next
/// request.
final class ConnectionSockets {
    /// The two ends of a connection, as libcurl reports them.
    struct Ends: Equatable {
        var localAddress: String
        var localPort: Int32
        var remoteAddress: String
        var remotePort: Int32
    }

    private struct Socket {
        let opener: HTTPExchangeID
        /// Where it is connected; nil until an exchange has claimed it.
        var ends: Ends?
        /// The exchange whose request went over it last.
        weak var user: Exchange?
    }

    private var sockets = SmallMap<Int32, Socket>()

    /// Tells libcurl to close its sockets here. Connections outlive their handles, so this object must outlive the
    /// multi handle.
    func attach(to easy: UnsafeMutableRawPointer) {
        ccurl_easy_set_pointer(easy, CURLOPT_CLOSESOCKETDATA, Unmanaged.passUnretained(self).toOpaque())
        ccurl_easy_set_close_socket_function(easy) { user, descriptor in
            if let user {
                Unmanaged<ConnectionSockets>.fromOpaque(user).takeUnretainedValue().forget(descriptor)
            }
            return close(descriptor)
        }
    }

    private func forget(_ descriptor: Int32) {
        sockets.removeValue(forKey: descriptor)?.user?.connectionCloses(descriptor)
    }

    /// Opens a socket for a connection of the exchange's own. Returns −1 where the system has none to give.
    func open(for exchange: HTTPExchangeID, _ address: curl_sockaddr) -> Int32 {
        let type = address.socktype | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.family, type, address.protocol)
        if descriptor >= 0 { sockets[descriptor] = Socket(opener: exchange) }
        return descriptor
    }

    /// Makes the exchange the user of the connection with these ends, where it can be: one that it opened itself, or one
    /// on which nothing has arrived since its last answer.
    ///
    /// On a TLS connection, session tickets can arrive, too. Servers send them after the handshake, so they are read
    /// together with the first answer. A ticket that comes later costs a new connection, no more.
    func claim(_ ends: Ends, for exchange: Exchange) -> Bool {
        guard
            let (descriptor, socket) = sockets.entries.first(where: {
                ($0.value.ends ?? Self.ends(of: $0.key)) == ends
            })
        else { return exchange.needsFreshConnection }
        sockets[descriptor]?.ends = ends
        guard socket.opener == exchange.id || !Self.hasArrivals(descriptor) else { return false }
        sockets[descriptor]?.user = exchange
        return true
    }

    private static func hasArrivals(_ descriptor: Int32) -> Bool {
        var look = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // poll(2): an error and a hang-up count as well. With a timeout of zero it is not interrupted.
        return poll(&look, 1, 0) != 0
    }
}

// MARK: - What was not read

extension ConnectionSockets {
    /// The bytes that wait in a socket, up to the bound; none where it cannot be read.
    static func unreadBytes(_ descriptor: Int32, upTo maxCount: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: maxCount) { buffer, count in
            count = max(0, recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT)))
        }
    }
}

// MARK: - Addresses

extension ConnectionSockets {
    /// Nil for a socket that is not connected.
    private static func ends(of descriptor: Int32) -> Ends? {
        guard let local = endpoint({ getsockname(descriptor, $0, $1) }),
            let remote = endpoint({ getpeername(descriptor, $0, $1) })
        else { return nil }
        return Ends(
            localAddress: local.address,
            localPort: local.port,
            remoteAddress: remote.address,
            remotePort: remote.port
        )
    }

    private static func endpoint(
        _ read: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> (address: String, port: Int32)? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { storage in
            let code = storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { read($0, &length) }
            guard code == 0 else { return nil }
            switch Int32(storage.pointee.ss_family) {
            case AF_INET:
                return storage.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                    text(AF_INET, &address.pointee.sin_addr, port: address.pointee.sin_port)
                }
            case AF_INET6:
                return storage.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                    text(AF_INET6, &address.pointee.sin6_addr, port: address.pointee.sin6_port)
                }
            default:
                return nil
            }
        }
    }

    private static func text(
        _ family: Int32,
        _ address: UnsafeRawPointer,
        port: in_port_t
    ) -> (address: String, port: Int32)? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
            guard let start = buffer.baseAddress,
                inet_ntop(family, address, start, socklen_t(buffer.count)) != nil
            else { return nil }
            return (String(cString: start), Int32(in_port_t(bigEndian: port)))
        }
    }
}
