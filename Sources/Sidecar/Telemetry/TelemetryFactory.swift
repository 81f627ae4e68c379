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
        let losses = Losses()
        let context = OTLPContext(
            scheduler: reactor,
            transport: transport,
            wallClock: .system,
            seed: random.next(),
            onTrouble: subject.onTrouble,
            onDrop: losses.add
        )
        // Without it, cumulative sums of several pods would replace each other.
        let instance = TraceContext(using: &random).traceIDText
        let resource = settings.resource + [Attribute("service.instance.id", instance)]
        let telemetry = Telemetry(
            Telemetry.Exporters(
                metrics: [statsD(subject), otlpMetrics(resource, context)].compactMap { $0 },
                spans: settings.otlpTraces.map {
                    OTLPTraceExporter($0, resource: resource + subject.attributes, context)
                },
                logs: settings.otlpLogs.map {
                    OTLPLogExporter($0, resource: resource + subject.attributes, context)
                }
            ),
            scheduler: reactor,
            wallClock: .system,
            seed: random.next()
        )
        losses.telemetry = telemetry
        return telemetry
    }

    /// Measures what finds no receiver.
    private final class Losses {
        weak var telemetry: Telemetry?

        func add(_ signal: String, _ count: Int) {
            telemetry?.record(Measurement(.telemetryDropped, Double(count), [Tag(.signal, signal)]))
        }
    }

    private func statsD(_ subject: Dependencies.TelemetrySubject) -> (any MetricExporter)? {
        guard let statsD = settings.statsD, let resolver else { return nil }
        return StatsDExporter(
            statsD,
            commonTags: settings.commonTags,
            scheduler: reactor,
            sender: DatagramSocket(statsD.destination, reactor: reactor, resolver: resolver),
            onTrouble: { subject.onTrouble("Some of the metrics could not be sent over StatsD: \($0)") }
        )
    }

    private func otlpMetrics(_ resource: [Attribute], _ context: OTLPContext) -> (any MetricExporter)? {
        settings.otlpMetrics.map {
            OTLPMetricExporter(
                $0,
                resource: resource,
                commonTags: settings.commonTags,
                step: settings.step,
                context
            )
        }
    }
}
