import HTTP
import Scheduling
import TestSupport
import Testing

@testable import Telemetry

@Suite struct TelemetryTests {
    private final class Exporter: MetricExporter, SpanExporter, LogExporter {
        var measurements: [Measurement] = []
        var spans: [TraceSpan] = []
        var bodies: [String] = []
        var records: [LogRecord] = []
        var finishers: [() -> Void] = []
        var cancellations = 0

        func record(_ measurement: Measurement) { measurements.append(measurement) }
        func record(_ span: TraceSpan) { spans.append(span) }
        func record(_ record: LogRecord, _ body: Span<UInt8>) {
            records.append(record)
            bodies.append(String(decoding: body.indices.map { body[$0] }, as: UTF8.self))
        }
        func finish(_ completion: @escaping () -> Void) { finishers.append(completion) }
        func cancel() { cancellations += 1 }
    }

    private let scheduler = FakeScheduler()
    private let exporter = Exporter()

    private func telemetry(spans: Bool = true) -> Telemetry {
        Telemetry(
            Telemetry.Exporters(metrics: [exporter], spans: spans ? exporter : nil, logs: exporter),
            scheduler: scheduler,
            wallClock: WallClock { 1_000_000 },
            seed: 7
        )
    }

    private func send(
        _ telemetry: Telemetry,
        _ call: RequestPurpose.Call?,
        after delay: Duration = .milliseconds(5),
        _ answer: Result<HTTPResponse, HTTPTransportError> = .success(HTTPResponse(status: 204))
    ) -> HTTPRequest {
        var request = HTTPRequest(
            method: "PUT",
            url: "http://api/x",
            connectTimeout: .seconds(1),
            totalTimeout: .seconds(1)
        )
        request.purpose = call.map { RequestPurpose($0, maxRetries: 1) }
        let observe = telemetry.willSend(&request)
        scheduler.advance(by: delay)
        observe?(answer)
        return request
    }

    @Test func anAttemptIsASpanOfTheWorkload() throws {
        let telemetry = telemetry()
        scheduler.advance(by: .seconds(2))
        let request = send(telemetry, .running)
        let workload = try #require(telemetry.workloadSpan)
        let span = try #require(exporter.spans.first)
        #expect(span.parentID == workload.spanID)
        #expect(span.context.traceIDText == workload.traceIDText)
        #expect(span.kind == .client)
        #expect(span.start == 1_002_000_000_000)
        #expect(span.end == 1_002_005_000_000)
        let header = request.headers.first { $0.name == "traceparent" }
        #expect(header?.value == span.context.traceparent)
    }

    @Test func workloadSpanIsTheTracesFirst() throws {
        let telemetry = telemetry()
        let start = scheduler.now
        telemetry.recordPart("start", from: start, to: start)
        telemetry.recordWorkload("check", from: start, to: start, attributes: [], status: .unset)
        #expect(exporter.spans.map(\.parentID) == [telemetry.workloadSpan?.spanID, nil])
        #expect(exporter.spans[1].context == telemetry.workloadSpan)
        #expect(exporter.spans[0].context.spanID != exporter.spans[1].context.spanID)
    }

    /// A store checks the signature of what it gets; others than the platform have no use for our ids.
    @Test(
        arguments: [(.running, true), (.writeOutput, true), (.token, true), (.storage, false), (nil, false)]
            as [(RequestPurpose.Call?, Bool)]
    )
    func traceparentGoesToThePlatformOnly(_ call: RequestPurpose.Call?, _ isSent: Bool) {
        let request = send(telemetry(), call)
        #expect(request.headers.contains { $0.name == "traceparent" } == isSent)
        #expect(exporter.spans.count == 1)
    }

    @Test func withoutTracesThereAreOnlyMetrics() {
        let telemetry = telemetry(spans: false)
        let request = send(telemetry, .running)
        #expect(request.headers.isEmpty)
        #expect(exporter.spans.isEmpty)
        #expect(exporter.measurements.map(\.metric) == [.workloadAPISuccess])
        #expect(telemetry.workloadSpan == nil)
    }

    @Test func onlyAcceptedHeartbeatsHaveARoundTrip() {
        let telemetry = telemetry()
        _ = send(telemetry, .heartbeat, after: .milliseconds(20))
        _ = send(telemetry, .heartbeat, .success(HTTPResponse(status: 503)))
        _ = send(telemetry, .heartbeat, .failure(HTTPTransportError(kind: .timeout, message: "")))
        _ = send(telemetry, .running)
        #expect(telemetry.heartbeatRoundTrips == [0.02])
    }

    @Test func logEventsBelongToTheWorkloadsSpan() {
        let telemetry = telemetry()
        telemetry.log(timestamp: 5, .warn, source: "source", "text".utf8.span)
        #expect(exporter.bodies == ["text"])
        #expect(
            exporter.records == [
                LogRecord(timestamp: 5, severity: .warn, source: "source", context: telemetry.workloadSpan)
            ]
        )
    }

    @Test func theEndWaitsForAllExporters() {
        var ends = 0
        telemetry().finish { ends += 1 }
        for number in 1...3 {
            #expect(ends == 0, "\(number)")
            #expect(exporter.finishers.count == number, "one after the other")
            exporter.finishers[number - 1]()
        }
        #expect(ends == 1)
        scheduler.advance(by: .seconds(10))
        #expect(ends == 1)
        #expect(exporter.cancellations == 0)
        #expect(scheduler.delays.isEmpty)
    }

    @Test func oneThatHangsDoesNotHoldUpTheNext() {
        var ends = 0
        telemetry().finish { ends += 1 }
        scheduler.advance(by: .milliseconds(99))
        #expect(exporter.finishers.count == 1)
        scheduler.advance(by: .milliseconds(101))
        #expect(exporter.finishers.count == 3)
        exporter.finishers[1]()
        exporter.finishers[0]()
        #expect(ends == 0)
        exporter.finishers[2]()
        #expect(ends == 1)
        #expect(scheduler.delays.isEmpty)
    }

    @Test func theEndWaitsForOneSecondAtMost() {
        var ends = 0
        telemetry().finish { ends += 1 }
        scheduler.advance(by: .milliseconds(999))
        exporter.finishers[0]()
        #expect(ends == 0)
        scheduler.advance(by: .milliseconds(1))
        #expect(ends == 1)
        #expect(exporter.cancellations == 3)
        for finish in exporter.finishers { finish() }
        #expect(ends == 1)
    }

    @Test func withoutExportersTheEndComesInTheNextTick() {
        let telemetry = Telemetry(
            Telemetry.Exporters(metrics: []),
            scheduler: scheduler,
            wallClock: WallClock { 0 },
            seed: 1
        )
        var ends = 0
        telemetry.finish { ends += 1 }
        #expect(ends == 0)
        scheduler.advanceToNext()
        #expect(ends == 1)
    }

    @Test func anAnswerAfterTheEndIsNotRecorded() {
        let telemetry = telemetry()
        var request = HTTPRequest(
            method: "PUT",
            url: "http://api/x",
            connectTimeout: .seconds(1),
            totalTimeout: .seconds(1)
        )
        let observe = telemetry.willSend(&request)
        telemetry.finish {}
        observe?(.success(HTTPResponse(status: 200)))
        #expect(exporter.spans.isEmpty)
    }
}
