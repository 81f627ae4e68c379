import Telemetry
import TelemetryPeers
import Testing

/// Two flavours as netdata reads them. It writes names in lower case, and makes a dot of their first underscore.
@Suite struct NetdataTests {
    @Test func datadogsValuesArrive() throws {
        let netdata = try Netdata()
        try StatsDFeed(flavor: .datadog, port: netdata.port).send(Self.measurements)
        try netdata.wait(forCount: 3, of: "airbyte.job_output_write")
        try netdata.wait(forCount: 123_456, of: "airbyte.sidecar.output_bytes")
        try netdata.wait(for: 7_340_032, of: "airbyte.sidecar.peak_memory_gauge", "gauge")
        try netdata.wait(for: 12.5, of: "airbyte.sidecar.heartbeat_round_trip_timer", "min")
        try netdata.wait(for: 30, of: "airbyte.sidecar.heartbeat_round_trip_timer", "max")
        try netdata.wait(for: 2_000, of: "airbyte.too_long_lines_distribution_histogram", "average")
    }

    @Test func etsysValuesArrive() throws {
        let netdata = try Netdata()
        try StatsDFeed(flavor: .etsy, port: netdata.port).send(Self.measurements)
        let common = "service.airbyte-connector-sidecar"
        let job = "operation.check.\(common).version.1.7.0"
        let success = "\(common).statistic.count.status.success.version.1.7.0"
        try netdata.wait(forCount: 3, of: "airbytejob.output_write.\(success)")
        try netdata.wait(forCount: 123_456, of: "airbytesidecaroutput.bytes.\(job).statistic.count")
        let memory = "airbytesidecarpeak.memory.\(job).statistic.value_gauge"
        try netdata.wait(for: 7_340_032, of: memory, "gauge")
        try netdata.wait(for: 12.5, of: "airbytesidecarheartbeat.round_trip.\(job)_timer", "min")
        try netdata.wait(for: 30, of: "airbytesidecarheartbeat.round_trip.\(job)_timer", "max")
        let lines = "airbytetoo.long_lines_distribution.\(common).version.1.7.0_timer"
        try netdata.wait(for: 2_000, of: lines, "average")
    }

    private static let measurements = [
        Measurement(.jobOutputWrite, 1, [Tag(.status, "success")]),
        Measurement(.jobOutputWrite, 2, [Tag(.status, "success")]),
        Measurement(.outputBytes, 123_456, [Tag(.operation, "check")]),
        Measurement(.peakMemory, 7_340_032, [Tag(.operation, "check")]),
        Measurement(.heartbeatRoundTrip, 0.0125, [Tag(.operation, "check")]),
        Measurement(.heartbeatRoundTrip, 0.03, [Tag(.operation, "check")]),
        Measurement(.tooLongLines, 2_000),
    ]
}
