import Foundation
import TestSupport

/// A request as a server saw it, byte for byte.
struct ReceivedRequest: Sendable {
    /// The request line and the fields, without line ends.
    var lines: [String]
    var body: [UInt8]
    /// The lengths of the body's chunks, the empty one at its end included; nil for a body that has none.
    var chunks: [Int]?

    func header(_ name: String) -> String? {
        let prefix = name.lowercased() + ":"
        return lines.dropFirst().first { $0.lowercased().hasPrefix(prefix) }
            .map { String($0.dropFirst(prefix.count)).trimmingCharacters(in: .whitespaces) }
    }
}

/// The server's end of one connection; blocking, for the thread of its script.
final class ServerConnection {
    /// Counts the connections of one server from 1.
    let number: Int
    let descriptor: Int32
    private var buffered: [UInt8] = []

    init(_ descriptor: Int32, number: Int) {
        self.descriptor = descriptor
        self.number = number
    }

    /// The next request with its whole body; nil when the peer has closed.
    func readRequest() -> ReceivedRequest? {
        guard let lines = readHead() else { return nil }
        var request = ReceivedRequest(lines: lines, body: [])
        if request.header("Transfer-Encoding") == "chunked" {
            return readChunks(into: &request) ? request : nil
        }
        let length = request.header("Content-Length").flatMap { Int($0) } ?? 0
        while buffered.count < length {
            guard fill() else { return nil }
        }
        request.body = Array(buffered.prefix(length))
        buffered.removeFirst(length)
        return request
    }

    /// RFC 9112, section 7.1; extensions and trailers, which nobody sends here, are not understood.
    private func readChunks(into request: inout ReceivedRequest) -> Bool {
        var chunks: [Int] = []
        while true {
            guard let line = readLine(), let length = Int(line, radix: 16) else { return false }
            chunks.append(length)
            while buffered.count < length + 2 {
                guard fill() else { return false }
            }
            request.body += buffered.prefix(length)
            guard Array(buffered[length..<length + 2]) == Array("\r\n".utf8) else { return false }
            buffered.removeFirst(length + 2)
            guard length > 0 else { break }
        }
        request.chunks = chunks
        return true
    }

    private func readLine() -> String? {
        while true {
            if let end = buffered.firstRange(of: Array("\r\n".utf8)) {
                defer { buffered.removeFirst(end.upperBound) }
                return String(decoding: buffered[..<end.lowerBound], as: UTF8.self)
            }
            guard fill() else { return nil }
        }
    }

    /// Only the head: the body stays in the socket.
    func readHead() -> [String]? {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let range = buffered.firstRange(of: end) {
                let head = String(decoding: buffered[..<range.lowerBound], as: UTF8.self)
                buffered.removeFirst(range.upperBound)
                return head.components(separatedBy: "\r\n")
            }
            guard fill() else { return nil }
        }
    }

    /// Up to so many bytes as they come; empty when the peer has closed.
    func readSome(_ maximum: Int) -> [UInt8] {
        if !buffered.isEmpty {
            defer { buffered.removeFirst(min(maximum, buffered.count)) }
            return Array(buffered.prefix(maximum))
        }
        return receive(maximum)
    }

    private func receive(_ maximum: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: maximum)
        let count = recv(descriptor, &bytes, maximum, 0)
        return Array(bytes.prefix(max(count, 0)))
    }

    private func fill() -> Bool {
        let bytes = receive(65536)
        buffered += bytes
        return !bytes.isEmpty
    }

    /// False when the peer is gone.
    @discardableResult
    func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// A whole answer with a `Content-Length`.
    func answer(_ status: String = "200 OK", headers: [String] = [], body: String = "") {
        let head = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)"] + headers
        write(head.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }

    /// Ends the connection with an RST.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        close()
    }

    /// Ends the connection. The descriptor's number stays ours until the script returns, as the server still
    /// knows it and other tests run at the same time.
    func close() {
        let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
        dup2(nothing, descriptor)
        _ = Foundation.close(nothing)
    }

    /// Blocks until the server is stopped or the peer resets the connection, and reads nothing.
    func waitUnread() {
        // poll(2): both are reported without being asked for.
        var poll = pollfd(fd: descriptor, events: 0, revents: 0)
        while Foundation.poll(&poll, 1, -1) < 0 && errno == EINTR {}
    }

    /// Blocks until the peer has closed, whatever it sends before.
    func waitForEnd() {
        while !readSome(65536).isEmpty {}
    }
}
