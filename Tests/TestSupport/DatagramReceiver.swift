import Glibc

/// A socket that receives datagrams; never blocks.
package final class DatagramReceiver {
    package enum Address {
        case unix(path: String)
        /// A free port of `127.0.0.1`, or this one.
        case loopback(port: UInt16 = 0)
        /// The same of `::1`.
        case loopback6(port: UInt16 = 0)
    }

    private var descriptor: Int32
    /// Zero for a Unix socket.
    package private(set) var port: UInt16 = 0

    /// Nil where the machine has no such address.
    package init?(_ address: Address) {
        let family =
            switch address {
            case .unix: AF_UNIX
            case .loopback: AF_INET
            case .loopback6: AF_INET6
            }
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        descriptor = socket(family, type, 0)
        guard descriptor >= 0, Self.bind(descriptor, address) else {
            close()
            return nil
        }
        if family != AF_UNIX { port = Self.port(of: descriptor) }
    }

    deinit { close() }

    /// Packets are refused from now on. A Unix socket's file stays.
    package func close() {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
    }

    /// All that has arrived since the last look.
    package func packets() -> [[UInt8]] {
        var packets: [[UInt8]] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = recv(descriptor, &buffer, buffer.count, 0), count >= 0 {
            packets.append(Array(buffer[..<count]))
        }
        return packets
    }

    /// The lines in all that has arrived since the last look.
    package func lines() -> [String] {
        packets().flatMap { String(decoding: $0, as: UTF8.self).split(separator: "\n").map(String.init) }
    }

    private static func bind(_ descriptor: Int32, _ address: Address) -> Bool {
        switch address {
        case .unix(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            precondition(
                path.utf8.count < MemoryLayout.size(ofValue: address.sun_path),
                "the path is too long"
            )
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            return bind(descriptor, &address)
        case .loopback(let port):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            return bind(descriptor, &address)
        case .loopback6(let port):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_addr = in6addr_loopback
            return bind(descriptor, &address)
        }
    }

    private static func bind<Address>(_ descriptor: Int32, _ address: inout Address) -> Bool {
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<Address>.size)) == 0
            }
        }
    }

    private static func port(of descriptor: Int32) -> UInt16 {
        var address = sockaddr_in6()
        var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        // At the same place for both families.
        return UInt16(bigEndian: address.sin6_port)
    }
}
