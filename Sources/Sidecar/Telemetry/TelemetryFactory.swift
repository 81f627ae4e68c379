import HTTP
import Reactor
import Scheduling
import Telemetry

/// Makes what sends telemetry about one workload, as the settings have it.
struct TelemetryFactory {
    let settings: TelemetrySettings
    let reactor: Reactor
    let transport: any HTTPTransport
    /// Nil where names cannot be looked up; StatsD is off then.
    let resolver: (any HostResolver)?

    func make(_ subject: Dependencies.TelemetrySubject) -> Telemetry {
        var random = SystemRandomNumberGenerator()
        return Telemetry(
            Telemetry.Exporters(metrics: statsD(subject)),
            scheduler: reactor,
            wallClock: .system,
            seed: random.next()
        )
    }

    private func statsD(_ subject: Dependencies.TelemetrySubject) -> [any MetricExporter] {
        guard let statsD = settings.statsD, let resolver else { return [] }
        return [
            StatsDExporter(
                statsD,
                commonTags: settings.commonTags,
                scheduler: reactor,
                sender: DatagramSocket(statsD.destination, reactor: reactor, resolver: resolver),
                onTrouble: { subject.onTrouble("Metrics could not be sent over StatsD: \($0)") }
            )
        ]
    }
}
