import CurlTransport
import HTTP
import Reactor
import Scheduling
import Telemetry
import TestSupport

@testable import Sidecar

/// The three exporters of OTLP on a loop and a transport of their own, as a sidecar has them.
final class OTLPFeed {
    let reactor: Reactor
    private let transport: CurlTransport
    private let origin: String
    private let change: (inout OTLPSettings) -> Void
    private(set) var warnings: [String] = []
    private(set) var drops: [String: Int] = [:]

    static let resource = [
        Attribute("service.name", "airbyte-connector-sidecar"), Attribute("service.instance.id", "pod-1"),
    ]

    init(_ origin: String, _ change: @escaping (inout OTLPSettings) -> Void = { _ in }) throws {
        self.origin = origin
        self.change = change
        reactor = try Reactor(backend: .epoll)
        transport = try CurlTransport(reactor: reactor, options: .init(userAgent: "Test"))
    }

    private func settings(_ signal: String) -> OTLPSettings {
        // Time for a machine that is busy.
        var settings = OTLPSettings(endpoint: "\(origin)/v1/\(signal)", timeout: .seconds(60))
        change(&settings)
        return settings
    }

    private var context: OTLPContext {
        OTLPContext(
            scheduler: reactor,
            transport: transport,
            wallClock: .system,
            seed: 7,
            onTrouble: { [unowned self] in warnings.append($0) },
            onDrop: { [unowned self] in drops[$0, default: 0] += $1 }
        )
    }

    func metrics(step: Duration = .seconds(3_600)) -> OTLPMetricExporter {
        OTLPMetricExporter(
            settings("metrics"),
            resource: Self.resource,
            commonTags: [Tag(.service, "S"), Tag(.version, "1.7.0")],
            step: step,
            context
        )
    }

    func traces() -> OTLPTraceExporter {
        OTLPTraceExporter(settings("traces"), resource: Self.resource, context)
    }
    func logs() -> OTLPLogExporter { OTLPLogExporter(settings("logs"), resource: Self.resource, context) }

    /// Runs the loop until that has called back.
    func run(_ body: (@escaping () -> Void) -> Void) throws {
        var isDone = false
        body { isDone = true }
        while !isDone { try reactor.tick() }
    }

    /// Runs the loop for that long.
    func run(for time: Duration) throws {
        var isOver = false
        reactor.schedule(after: time) { isOver = true }
        while !isOver { try reactor.tick() }
    }

    /// Runs the loop until the condition holds.
    func run(until condition: () throws -> Bool) throws {
        while try !condition() {
            // So that a tick ends even where nothing happens.
            reactor.schedule(after: .milliseconds(20)) {}
            try reactor.tick()
        }
    }
}

extension LogExporter {
    func record(_ text: String, _ severity: LogRecord.Severity = .info, _ context: TraceContext? = nil) {
        let bytes = Array(text.utf8)
        record(
            LogRecord(timestamp: 1_700_000_000_123, severity: severity, source: "source", context: context),
            bytes.span
        )
    }
}
