import Telemetry
import TelemetryPeers
import Testing

/// etsy's flavour as collectd reads it.
@Suite struct CollectdTests {
    private let collectd: Collectd
    private let feed: StatsDFeed

    init() throws {
        collectd = try Collectd()
        feed = StatsDFeed(flavor: .etsy, port: collectd.port)
    }

    /// The sum of a timer's seconds, in whichever intervals they came.
    private func total(_ seconds: [Double]?) -> Double? {
        seconds.map { ($0.filter { !$0.isNaN }.reduce(0, +) * 1_000_000).rounded() / 1_000_000 }
    }

    private static let common = ".service.airbyte-connector-sidecar"

    @Test func countersAddUp() throws {
        let success = Measurement(.jobOutputWrite, 1, [Tag(.status, "success")])
        try feed.send([success, success, success])
        try feed.send([success, Measurement(.jobOutputWrite, 1_000_000, [Tag(.status, "error")])])
        let start = "derive-airbyteJob_output_write\(Self.common).statistic.count.status"
        let successes = "\(start).success.version.1.7.0"
        let errors = "\(start).error.version.1.7.0"
        let values = try collectd.values {
            $0[successes]?.last == 4 && $0[errors]?.last == 1_000_000
        }
        #expect(values.count == 2, "\(values.keys)")
        #expect(collectd.complaints.isEmpty)
    }

    @Test func gaugeTimerAndDistributionHaveTheirValues() throws {
        try feed.send([
            Measurement(.peakMemory, 7_340_032, [Tag(.operation, "check")]),
            Measurement(.heartbeatRoundTrip, 0.012, [Tag(.operation, "check")]),
            Measurement(.heartbeatRoundTrip, 0.030, [Tag(.operation, "check")]),
            Measurement(.tooLongLines, 20_000_001),
        ])
        let gauge =
            "gauge-airbyteSidecarPeak_memory.operation.check\(Self.common).version.1.7.0.statistic.value"
        let timer = "airbyteSidecarHeartbeat_round_trip.operation.check\(Self.common).version.1.7.0"
        let distribution = "airbyteToo_long_lines_distribution\(Self.common).version.1.7.0"
        _ = try collectd.values { values in
            values[gauge]?.contains(7_340_032) == true
                && total(values["latency-\(timer)-sum"]) == 0.042
                && values["latency-\(timer)-lower"]?.contains(0.012) == true
                && values["latency-\(timer)-upper"]?.contains(0.030) == true
                && total(values["gauge-\(timer)-count"]) == 2
                && values["latency-\(distribution)-sum"]?.contains(20_000.001) == true
        }
        #expect(collectd.complaints.isEmpty)
    }

    /// However alike the names of two series begin, they stay apart, and everything that is appended to them does.
    @Test func longNamesStayApart() throws {
        let image = "registry.example/airbyte/source-postgres-strict"
        for version in ["3.6.12", "3.6.13"] {
            let workload = jobTags(
                image: image,
                version: version,
                between: [
                    (.failureType, "transient_error"), (.sink, "storage"), (.backend, "io_uring"),
                ]
            )
            let phase = jobTags(image: image, version: version, between: [(.phase, "connector")])
            try feed.send([Measurement(.workloads, 3, workload), Measurement(.phaseDuration, 0.25, phase)])
        }
        // A counter, and a timer's average, lower, upper, sum, percentile and count.
        let values = try collectd.values { $0.count >= 2 * (1 + 6) }
        for (name, totals) in values where name.hasPrefix("derive-") { #expect(totals.last == 3, "\(name)") }
        for (name, times) in values where name.hasSuffix("-sum") { #expect(times.contains(0.25), "\(name)") }
        #expect(values.count == 2 * (1 + 6), "\(values.keys.sorted())")
        #expect(collectd.complaints.isEmpty)
    }

    @Test func everyLineIsRead() throws {
        try feed.send(
            Metric.allCases.map { metric in
                Measurement(metric, 1, metric.tags.map { Tag($0, "a:b|c,d e\n/@f#=é") })
            }
        )
        let names = Metric.allCases.map { metric in
            metric.name.split(separator: ".").enumerated()
                .map { $0 == 0 ? String($1) : $1.prefix(1).uppercased() + $1.dropFirst() }.joined()
        }
        _ = try collectd.values { values in
            names.allSatisfy { name in values.keys.contains { $0.contains("-\(name).") } }
        }
        #expect(collectd.complaints.isEmpty)
    }

    /// What the tests above would not notice with another receiver.
    @Test func otherFlavoursAreRefused() throws {
        try StatsDFeed(flavor: .datadog, port: collectd.port).send([Measurement(.tooLongLines, 7)])
        try feed.send([Measurement(.wakeups, 1)])
        _ = try collectd.values { values in values.keys.contains { $0.contains("Wakeups") } }
        #expect(collectd.complaints.count == 1)
    }
}
