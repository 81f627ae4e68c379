import Foundation
import TestSupport

/// collectd 5.12 with its statsd plugin, which takes etsy's flavour and nothing else.
package final class Collectd {
    package let port: UInt16
    private let process: ReceiverProcess

    package init() throws {
        let directory = TemporaryDirectory()
        port = try ReceiverProcess.freePort()
        directory.write(
            "collectd.conf",
            """
            Hostname "peer"
            FQDNLookup false
            BaseDir "\(directory.path)"
            PIDFile "\(directory.path("pid"))"
            PluginDir "/usr/lib/collectd"
            TypesDB "/usr/share/collectd/types.db"
            Interval 1
            LoadPlugin logfile
            <Plugin logfile>
              LogLevel "info"
              File "\(directory.path("log"))"
            </Plugin>
            LoadPlugin csv
            <Plugin csv>
              DataDir "stderr"
            </Plugin>
            LoadPlugin statsd
            <Plugin statsd>
              Host "127.0.0.1"
              Port "\(port)"
              TimerPercentile 99
              TimerLower true
              TimerUpper true
              TimerCount true
              TimerSum true
            </Plugin>

            """
        )
        process = try ReceiverProcess(
            ["/usr/sbin/collectd", "-f", "-C", directory.path("collectd.conf")],
            in: directory
        )
        try process.waitUntilItListens(on: port)
    }

    /// All values that it has printed: the metric's kind and name, and what came each second. Counters are totals; timers
    /// are in seconds, and not a number where none came.
    ///
    /// `PUTVAL peer/statsd/derive-NAME interval=1.000 1795906394.138:3`
    package var values: [String: [Double]] {
        var values: [String: [Double]] = [:]
        // The last line may not be whole yet.
        for line in process.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            let parts = line.split(separator: " ")
            guard parts.first == "PUTVAL", parts.count == 4, parts[1].hasPrefix("peer/statsd/"),
                let number = parts[3].split(separator: ":").last.flatMap({ Double($0) })
            else { continue }
            values[String(parts[1].dropFirst("peer/statsd/".count)), default: []].append(number)
        }
        return values
    }

    /// What it has complained about: a line that it cannot read, a value that it has twice.
    package var complaints: [String] {
        (process.directory.read("log") ?? "").split(separator: "\n").map(String.init)
            .filter { $0.contains("nable to parse") || $0.contains("too old") }
    }

    /// Blocks until the values have what the test waits for, and gives them.
    package func values(until condition: ([String: [Double]]) -> Bool) throws -> [String: [Double]] {
        var values: [String: [Double]] = [:]
        try ReceiverProcess.wait(for: "a value in collectd") {
            values = self.values
            return condition(values)
        }
        return values
    }
}
