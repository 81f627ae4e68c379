import Glibc

/// A small HTTP proxy that writes down the heads of the requests it gets.
///
/// What is asked with an absolute URL it answers itself; CONNECT to a port of the loopback is passed through.
final class ProxyServer: Sendable {
    let heads = Recorder<[String]>()
    let server: LoopbackServer

    /// `tunnelStatus` is what CONNECT is answered with.
    init(tunnelStatus: String = "200 Connection established") {
        let heads = heads
        server = LoopbackServer { connection in
            while let request = connection.readRequest() {
                heads.append(request.lines)
                let words = request.lines[0].split(separator: " ")
                guard words[0] == "CONNECT" else {
                    connection.answer(body: "by proxy")
                    continue
                }
                guard tunnelStatus.hasPrefix("200"),
                    let port = words[1].split(separator: ":").last.flatMap({ UInt16($0) })
                else {
                    connection.answer(tunnelStatus, headers: ["X-Squid-Error: ERR_TEST"])
                    continue
                }
                connection.write("HTTP/1.1 \(tunnelStatus)\r\nX-Proxy: 1\r\n\r\n")
                return ProxyServer.relay(connection.descriptor, connectToLoopback(port: port))
            }
        }
    }

    var address: String { "127.0.0.1:\(server.port)" }

    /// Passes bytes both ways until one side ends.
    private static func relay(_ one: Int32, _ other: Int32) {
        defer { close(other) }
        var buffer = [UInt8](repeating: 0, count: 65536)
        var waits = [one, other].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while poll(&waits, 2, -1) > 0 {
            for (from, to) in [(0, 1), (1, 0)] where waits[from].revents != 0 {
                let count = recv(waits[from].fd, &buffer, buffer.count, 0)
                guard count > 0, send(waits[to].fd, buffer, count, Int32(MSG_NOSIGNAL)) == count else {
                    return
                }
            }
        }
    }
}
