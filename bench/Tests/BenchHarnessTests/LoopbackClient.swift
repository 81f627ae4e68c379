import Glibc
import Testing

/// A client's connection to a port of this machine.
final class LoopbackClient {
    private let descriptor: Int32

    init(_ port: UInt16, datagrams: Bool = false) throws {
        let type = datagrams ? SOCK_DGRAM : SOCK_STREAM
        descriptor = socket(AF_INET, Int32(type.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Refused(errno: errno) }
    }

    struct Refused: Error, Equatable {
        var errno: Int32
    }

    deinit { close(descriptor) }

    func send(_ text: String) throws {
        try #require(Glibc.send(descriptor, text, text.utf8.count, 0) == text.utf8.count)
    }

    /// No more requests follow.
    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Everything that the server sends until it has sent so many bytes, or closes.
    func receive(_ count: Int = .max) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while bytes.count < count {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
