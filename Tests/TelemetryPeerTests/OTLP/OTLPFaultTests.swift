import HTTP
import Telemetry
import TelemetryPeers
import TestSupport
import Testing

/// Receivers that do not take what they get, over the real transport.
@Suite struct OTLPFaultTests {
    private func feed(_ receiver: OTLPReceiver, _ change: @escaping (inout OTLPSettings) -> Void = { _ in })
        throws
        -> OTLPFeed
    {
        try OTLPFeed(receiver.origin, change)
    }

    /// Sends two log records in two requests, to the end.
    private func sendTwice(_ feed: OTLPFeed) throws {
        let exporter = feed.logs()
        exporter.record("first")
        for _ in 0..<600 { exporter.record("more") }
        try feed.run(exporter.finish)
    }

    @Test func refusalsAreFinalAndGiveOneWarning() throws {
        let words: [OTLPReceiver.Fault: String] = [
            .error: "500: broken", .bad: "400: not understood", .unauthorized: "401", .page: "200: Welcome",
        ]
        for (fault, words) in words {
            let receiver = try OTLPReceiver([fault])
            let feed = try feed(receiver) {
                $0.headers = [HTTPHeader("Authorization", "Bearer secret-token")]
            }
            try sendTwice(feed)
            #expect(
                feed.warnings == [
                    "Some of the logs did not reach the OTLP receiver: "
                        + "POST \(receiver.origin)/v1/logs was answered with \(words)"
                ]
            )
            #expect(feed.drops == ["logs": 601])
            #expect(try receiver.requests().map(\.fault) == [fault.rawValue, fault.rawValue])
            #expect(
                try receiver.requests().map { $0.headers["authorization"] }.first == "Bearer secret-token"
            )
        }
    }

    @Test(arguments: [OTLPSettings.Encoding.protobuf, .json])
    func aPartialSuccessIsToldAndNotSentAgain(_ encoding: OTLPSettings.Encoding) throws {
        let receiver = try OTLPReceiver([.partial])
        let feed = try feed(receiver) { $0.encoding = encoding }
        let exporters = (feed.metrics(), feed.traces(), feed.logs())
        exporters.0.record(Measurement(.outputLines, 3))
        exporters.1.record(.sample)
        exporters.2.record("first")
        try feed.run(exporters.0.finish)
        try feed.run(exporters.1.finish)
        try feed.run(exporters.2.finish)
        #expect(
            feed.warnings
                == [("metrics", "points"), ("traces", "spans"), ("logs", "records")].map { signal, items in
                    "Some of the \(signal) did not reach the OTLP receiver: POST \(receiver.origin)/v1/\(signal) "
                        + "was answered with 1 \(items) rejected: one is too old"
                }
        )
        #expect(feed.drops == ["metrics": 1, "traces": 1, "logs": 1])
        #expect(try receiver.requests().count == 3)
    }

    @Test(arguments: [OTLPReceiver.Fault.partialNull, .empty])
    func answersThatSayNothingAreSuccesses(_ fault: OTLPReceiver.Fault) throws {
        let receiver = try OTLPReceiver([fault])
        let feed = try feed(receiver) { $0.encoding = .json }
        try sendTwice(feed)
        #expect(feed.warnings.isEmpty && feed.drops.isEmpty)
    }

    /// While the job goes on, whatever passes is waited for: here also what the receiver's own clock says.
    @Test(arguments: [OTLPReceiver.Fault.retryDate, .retrySeconds, .unavailable, .close])
    func whatPassesIsSentAgain(_ fault: OTLPReceiver.Fault) throws {
        let receiver = try OTLPReceiver([fault, .ok])
        let feed = try feed(receiver)
        let exporter = feed.logs()
        for _ in 0..<512 { exporter.record("first") }
        try feed.run(until: { try receiver.requests().count > 1 })
        try feed.run(exporter.finish)
        #expect(feed.warnings.isEmpty && feed.drops.isEmpty)
        let requests = try receiver.requests()
        #expect(requests.map(\.fault).prefix(2) == [fault.rawValue, "ok"])
        #expect(requests[0].items?.count == requests[1].items?.count)
        #expect(requests.filter { $0.fault == "ok" }.compactMap { $0.items?.count }.reduce(0, +) == 512)
    }

    @Test func aReceiverThatAsksForAnHourIsNotWaitedForAtTheEnd() throws {
        let receiver = try OTLPReceiver([.later])
        let feed = try feed(receiver)
        try sendTwice(feed)
        #expect(feed.warnings.count == 1)
        #expect(feed.drops == ["logs": 601])
        #expect(try receiver.requests().count == 1)
    }

    @Test func aReceiverThatHangsIsGivenUpByCancelling() throws {
        let receiver = try OTLPReceiver([.hang])
        let feed = try feed(receiver)
        let exporter = feed.logs()
        exporter.record("first")
        var isFinished = false
        exporter.finish { isFinished = true }
        try feed.run(until: { try !receiver.requests().isEmpty })
        exporter.cancel()
        #expect(feed.warnings.count == 1)
        #expect(
            feed.warnings.first?.hasSuffix("POST \(receiver.origin)/v1/logs was not answered in time") == true
        )
        #expect(feed.drops == ["logs": 1])
        #expect(!isFinished)
    }

    @Test func aReceiverThatHangsRunsIntoTheTimeout() throws {
        let receiver = try OTLPReceiver([.hang])
        let feed = try feed(receiver) { $0.timeout = .milliseconds(300) }
        let exporter = feed.logs()
        exporter.record("first")
        try feed.run(exporter.finish)
        #expect(feed.warnings.count == 1)
        #expect(feed.drops == ["logs": 1])
        #expect(try receiver.requests().count <= 1)
    }

    @Test func aReceiverThatRefusesIsGivenUpByCancelling() throws {
        let receiver = try OTLPReceiver([.refuse])
        let feed = try feed(receiver)
        let exporter = feed.logs()
        exporter.record("first")
        exporter.finish {}
        try feed.run(for: .milliseconds(200))
        exporter.cancel()
        #expect(feed.warnings.count == 1)
        #expect(feed.drops == ["logs": 1])
    }

    /// The kept connection is closed as well.
    @Test func aReceiverThatIsGoneLosesOnlyWhatComesLater() throws {
        var receiver: OTLPReceiver? = try OTLPReceiver()
        let feed = try feed(receiver!)
        let exporter = feed.logs()
        for _ in 0..<512 { exporter.record("first") }
        try feed.run(until: { try receiver!.requests().count > 0 })
        try feed.run(for: .milliseconds(200))
        receiver = nil
        exporter.record("second")
        exporter.finish {}
        try feed.run(for: .milliseconds(200))
        exporter.cancel()
        #expect(feed.warnings.count == 1)
    }
}

extension TraceSpan {
    fileprivate static var sample: TraceSpan {
        var random = SystemRandomNumberGenerator()
        return TraceSpan(
            context: TraceContext(using: &random),
            parentID: nil,
            name: "workload",
            kind: .internal,
            start: 1,
            end: 2,
            attributes: []
        )
    }
}
