import TestSupport

/// navdoon 0.3, a StatsD server that takes all before the colon for a name, tags and all. It knows counters and timers.
package final class Navdoon {
    package let port: UInt16
    private let process: ReceiverProcess

    package init() throws {
        port = try ReceiverProcess.freePort()
        process = try ReceiverProcess(
            [
                TelemetryPeers.python.get(), "-u", "-c", "from navdoon.app import main; main()",
                "--flush-interval", "1", "--flush-stdout", "--collect-udp", "127.0.0.1:\(port)",
            ],
            in: TemporaryDirectory()
        )
        try process.waitUntilItListens(on: port)
    }

    /// Blocks until the names have been flushed with these values in all, for example `t.max` of a timer and `c` of a
    /// counter.
    package func wait(for totals: [String: Double]) throws {
        try ReceiverProcess.wait(for: "\(totals) in navdoon") {
            var seen: [String: Double] = [:]
            // `NAME VALUE TIME`; the last line may not be whole yet.
            for line in process.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
                let parts = line.split(separator: " ")
                guard parts.count == 3, let value = Double(parts[1]) else { continue }
                seen[String(parts[0]), default: 0] += value
            }
            return totals.allSatisfy { seen[$0.key] == $0.value }
        }
    }
}
