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

    private struct Chart: Decodable {
        var dimensions: [String: Dimension]
    }

    private struct Dimension: Decodable {
        var value: Double?
    }

    /// What it shows now: the value of each dimension of each chart of statsd, as `chart dimension`. Counters and timers
    /// are those of the last second.
    package func values() throws -> [String: Double] {
        let answer = try Self.get("http://127.0.0.1:\(webPort)/api/v1/allmetrics?format=json")
        // Before it has collected anything, there is no document.
        guard let charts = try? JSONDecoder().decode([String: Chart].self, from: Data(answer)) else {
            return [:]
        }
        var values: [String: Double] = [:]
        for (name, chart) in charts where name.hasPrefix("statsd_") {
            for (dimension, content) in chart.dimensions {
                values["\(name.dropFirst("statsd_".count)) \(dimension)"] = content.value
            }
        }
        return values
    }

    /// Blocks until each value has been shown at some time, whenever that is.
    package func waitToShow(_ expected: [String: Double]) throws {
        var missing = expected
        var seen: [String: Double] = [:]
        do {
            try ReceiverProcess.wait(for: "a value in netdata") {
                let values = try self.values()
                seen.merge(values) { max($0, $1) }
                missing = missing.filter { values[$0.key] != $0.value }
                return missing.isEmpty
            }
        } catch {
            throw ReceiverProcess.Failure(what: "netdata shows \(seen), but not \(missing)")
        }
    }

    private static func get(_ url: String) throws -> [UInt8] {
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
        return (try? end?.get())?.body ?? []
    }
}
