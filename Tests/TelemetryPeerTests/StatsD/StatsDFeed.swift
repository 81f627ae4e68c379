import CurlTransport
import Reactor
import Telemetry
import TestSupport

@testable import Sidecar

/// Sends measurements over UDP to this machine, as a sidecar does.
struct StatsDFeed {
    struct Trouble: Error { var text: String }

    let flavor: StatsDSettings.Flavor
    let port: UInt16

    /// Sends all of them at once, and waits for the end.
    func send(_ measurements: [Measurement]) throws {
        let reactor = try Reactor(backend: .epoll)
        let transport = try CurlTransport(reactor: reactor, options: .init(userAgent: "Test"))
        let settings = StatsDSettings(destination: .udp(host: "127.0.0.1", port: port), flavor: flavor)
        var trouble: String?
        let exporter = StatsDExporter(
            settings,
            commonTags: [Tag(.service, "airbyte-connector-sidecar"), Tag(.version, "1.7.0")],
            scheduler: reactor,
            sender: DatagramSocket(settings.destination, reactor: reactor, resolver: transport),
            onTrouble: { trouble = $0 }
        )
        for measurement in measurements { exporter.record(measurement) }
        var isFinished = false
        exporter.finish { isFinished = true }
        while !isFinished { try reactor.tick() }
        if let trouble { throw Trouble(text: trouble) }
    }
}

/// What tells one job from another, and what else a metric tells of it.
func jobTags(image: String, version: String, between: [(TagName, String)]) -> [Tag] {
    [Tag(.operation, "check"), Tag(.outcome, "failed")] + between.map { Tag($0, $1) } + [
        Tag(.connectorImage, image), Tag(.connectorVersion, version),
    ]
}
