import Telemetry
import TelemetryPeers
import Testing

/// The flavours whose tags stand before the value, with names as a whole.
@Suite struct NavdoonTests {
    @Test(
        arguments: [
            (
                .telegraf,
                "airbyte_job_output_write,statistic=count,service=airbyte-connector-sidecar,status=success,version=1.7.0",
                "airbyte_sidecar_heartbeat_round_trip,operation=check,service=airbyte-connector-sidecar,version=1.7.0"
            ),
            (
                .sysdig,
                "airbyte.job_output_write#statistic=count,service=airbyte_connector_sidecar,status=success,version=1.7.0",
                "airbyte.sidecar.heartbeat_round_trip#operation=check,service=airbyte_connector_sidecar,version=1.7.0"
            ),
            (
                .etsy,
                "airbyteJob_output_write.service.airbyte-connector-sidecar.statistic.count.status.success.version.1.7.0",
                "airbyteSidecarHeartbeat_round_trip.operation.check.service.airbyte-connector-sidecar.version.1.7.0"
            ),
        ] as [(StatsDSettings.Flavor, String, String)]
    )
    func namesArriveWhole(_ flavor: StatsDSettings.Flavor, _ counter: String, _ timer: String) throws {
        let navdoon = try Navdoon()
        let success = Measurement(.jobOutputWrite, 1, [Tag(.status, "success")])
        try StatsDFeed(flavor: flavor, port: navdoon.port).send([
            success, success, Measurement(.heartbeatRoundTrip, 0.0125, [Tag(.operation, "check")]),
        ])
        try navdoon.wait(for: [counter: 2, "\(timer).count": 1, "\(timer).max": 12.5])
    }
}
