import CurlTransport
import Foundation
import HTTP
import Reactor
import TestSupport

/// netdata 1.37 with its statsd server, which reads datadog's and etsy's lines and drops the tags.
package final class Netdata {
    package let port: UInt16
    private let webPort: UInt16
    private let process: ReceiverProcess

    package init() throws {
        let directory = TemporaryDirectory()
        port = try ReceiverProcess.freePort()
        webPort = try ReceiverProcess.freePort()
        for name in ["etc", "cache", "lib", "log", "web", "plugins"] {
            try FileManager.default.createDirectory(
                atPath: directory.path(name),
                withIntermediateDirectories: false
            )
        }
        directory.write("netdata.conf", Self.configuration(directory, port: port, webPort: webPort))
        process = try ReceiverProcess(
            [
                "/usr/sbin/netdata", "-D", "-c", directory.path("netdata.conf"), "-P", directory.path("pid"),
                "-u", NSUserName(),
            ],
            in: directory
        )
        try process.waitUntilItListens(on: port)
        try ReceiverProcess.wait(for: "netdata's web server") {
            (try? get("http://127.0.0.1:\(webPort)/")) != nil
        }
    }

    private static func configuration(
        _ directory: TemporaryDirectory,
        port: UInt16,
        webPort: UInt16
    ) -> String {
        """
        [global]
            hostname = peer
        [db]
            mode = ram
            update every = 1
            retention = 300
        [directories]
            config = \(directory.path("etc"))
            stock config = \(directory.path("etc"))
            cache = \(directory.path("cache"))
            lib = \(directory.path("lib"))
            log = \(directory.path("log"))
            home = \(directory.path)
            web = \(directory.path("web"))
            plugins = \(directory.path("plugins"))
            registry = \(directory.path("lib"))
        [logs]
            error = \(directory.path("log/error.log"))
            access = none
        [web]
            bind to = 127.0.0.1:\(webPort)
        [health]
            enabled = no
        [ml]
            enabled = no
        [cloud]
            enabled = no
        [statsd]
            bind to = udp:127.0.0.1:\(port)
            update every (flushInterval) = 1
        [plugins]
            proc = no
            diskspace = no
            cgroups = no
            tc = no
            idlejitter = no
            timex = no
            checks = no
            enable running new plugins = no

        """
    }

    /// What a dimension of a chart had in each second of the last minutes, the newest first; none where there is no such chart.
    ///
    /// Counters are shown per second, and a second's count is spread over two of them: all together are the count. Timers
    /// are zero in a second without any.
    package func values(_ chart: String, _ dimension: String) throws -> [Double] {
        let query = "chart=statsd_\(chart)&dimensions=\(dimension)&after=-300&format=ssv"
        let response = try get("http://127.0.0.1:\(webPort)/api/v1/data?\(query)")
        guard response.status == 200 else { return [] }
        return String(decoding: response.body, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            .compactMap { Double($0) }
    }

    /// Blocks until the chart has come to the count.
    package func wait(forCount count: Double, of chart: String) throws {
        try ReceiverProcess.wait(for: "\(count) of \(chart) in netdata") {
            try values("\(chart)_counter", "counter").reduce(0, +).rounded() == count
        }
    }

    /// Blocks until the dimension of the chart has had the value.
    package func wait(for value: Double, of chart: String, _ dimension: String) throws {
        try ReceiverProcess.wait(for: "\(dimension) \(value) of \(chart) in netdata") {
            try values(chart, dimension).contains(value)
        }
    }

    private func get(_ url: String) throws -> HTTPResponse {
        let reactor = try Reactor(backend: .epoll)
        let transport = try CurlTransport(reactor: reactor, options: .init(userAgent: "Test"))
        var end: Result<HTTPResponse, HTTPTransportError>?
        let request = HTTPRequest(
            method: "GET",
            url: url,
            connectTimeout: .seconds(30),
            totalTimeout: .seconds(60)
        )
        _ = transport.send(request) { end = $0 }
        while end == nil { try reactor.tick() }
        guard let response = try end?.get() else { throw ReceiverProcess.Failure(what: "netdata is gone") }
        return response
    }
}
