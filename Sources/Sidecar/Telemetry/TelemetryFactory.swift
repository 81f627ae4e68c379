import HTTP
import Scheduling
import Telemetry

/// Makes what sends telemetry about one workload, as the settings have it.
struct TelemetryFactory {
    let settings: TelemetrySettings
    let scheduler: any Scheduler
    let transport: any HTTPTransport
    let wallClock: WallClock

    func make(_ subject: Dependencies.TelemetrySubject) -> Telemetry {
        var random = SystemRandomNumberGenerator()
        return Telemetry(
            Telemetry.Exporters(metrics: []),
            scheduler: scheduler,
            wallClock: wallClock,
            seed: random.next()
        )
    }
}
