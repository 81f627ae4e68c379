import Telemetry
import TelemetryPeers
import Testing

/// Two flavours as netdata reads them. It writes names in lower case, and makes a dot of their first underscore.
@Suite struct NetdataTests {
    @Test func datadogsValuesArrive() throws {
        let netdata = try Netdata()
        try StatsDFeed(flavor: .datadog, port: netdata.port).send(Self.measurements)
        try netdata.waitToShow([
            "airbyte.job_output_write_counter counter": 3,
            "airbyte.sidecar.output_bytes_counter counter": 123_456,
            "airbyte.sidecar.peak_memory_gauge gauge": 7_340_032,
            "airbyte.sidecar.heartbeat_round_trip_timer min": 12.5,
            "airbyte.sidecar.heartbeat_round_trip_timer max": 30,
            "airbyte.too_long_lines_distribution_histogram average": 2_000,
        ])
    }

    @Test func etsysValuesArrive() throws {
        let netdata = try Netdata()
        try StatsDFeed(flavor: .etsy, port: netdata.port).send(Self.measurements)
        let common = "service.airbyte-connector-sidecar"
        let job = "operation.check.\(common).version.1.7.0"
        try netdata.waitToShow([
            "airbytejob.output_write.\(common).statistic.count.status.success.version.1.7.0_counter counter":
                3,
            "airbytesidecaroutput.bytes.\(job).statistic.count_counter counter": 123_456,
            "airbytesidecarpeak.memory.\(job).statistic.value_gauge gauge": 7_340_032,
            "airbytesidecarheartbeat.round_trip.\(job)_timer min": 12.5,
            "airbytesidecarheartbeat.round_trip.\(job)_timer max": 30,
            "airbytetoo.long_lines_distribution.\(common).version.1.7.0_timer average": 2_000,
        ])
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
