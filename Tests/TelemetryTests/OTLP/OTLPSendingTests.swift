import HTTP
import Scheduling
import TestSupport
import Testing

@testable import Telemetry

/// How requests are made and when they are repeated, seen with spans: each exporter sends in the same way.
@Suite struct OTLPSendingTests {
    private let world = OTLPWorld()

    /// Records a span, and lets it be sent.
    private func exporter(_ settings: OTLPSettings) -> OTLPTraceExporter {
        let exporter = OTLPTraceExporter(settings, resource: [], world.context)
        exporter.record(.named("first"))
        world.scheduler.advance(by: OTLPTraceExporter.period)
        return exporter
    }

    // MARK: - Requests

    @Test func requestsArePostedToTheEndpointAsItIs() throws {
        _ = exporter(
            .json {
                $0.endpoint = "https://receiver:4318/a//b/v1/traces?x=1"
                $0.headers = [HTTPHeader("api-key", "secret")]
                $0.timeout = .seconds(3)
            }
        )
        let request = try #require(world.transport.requests.first)
        #expect(request.method == "POST")
        #expect(request.url == "https://receiver:4318/a//b/v1/traces?x=1")
        #expect(
            request.headers == [
                HTTPHeader("Content-Type", "application/json"), HTTPHeader("api-key", "secret"),
            ]
        )
        #expect(request.connectTimeout == .seconds(3) && request.totalTimeout == .seconds(3))
    }

    @Test func protobufHasItsOwnContentType() throws {
        _ = exporter(OTLPSettings(endpoint: "http://receiver:4318"))
        let request = try #require(world.transport.requests.first)
        #expect(request.headers == [HTTPHeader("Content-Type", "application/x-protobuf")])
        #expect(request.bodyBytes?.first == 0x0A)
    }

    @Test func bodiesAreCompressedOnRequest() throws {
        _ = exporter(.json { $0.usesGzip = true })
        let request = try #require(world.transport.requests.first)
        #expect(request.header("Content-Encoding") == "gzip")
        #expect(request.bodyBytes?.starts(with: [0x1F, 0x8B, 8]) == true)
    }

    /// The tests against rotel read what is compressed; here, what grows instead.
    @Test(arguments: [0, 1, 1_000, 100_000]) func randomBytesCanBeCompressed(_ count: Int) throws {
        var random = SplitMix64(seed: 7)
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        let compressed = try #require(Gzip.compressed(bytes))
        #expect(compressed.starts(with: [0x1F, 0x8B, 8]))
        #expect(compressed.count > count)
    }

    @Test func nothingIsSentWhereNothingIsRecorded() {
        let exporters = [
            OTLPTraceExporter(.json(), resource: [], world.context),
            OTLPTraceExporter(.json(), resource: [], world.context),
        ]
        world.scheduler.advance(by: .seconds(100))
        exporters[0].finish { [world] in world.finished() }
        #expect(!world.isFinished)
        world.scheduler.advance(by: .zero)
        #expect(world.isFinished)
        #expect(world.transport.requests.isEmpty)
        exporters[1].cancel()
        #expect(world.scheduler.delays.isEmpty)
    }

    // MARK: - Retries

    @Test(arguments: [429, 502, 503, 504]) func statusesThatPassAreRetried(_ status: Int) {
        _ = exporter(.json())
        world.transport.answer(status)
        #expect(world.transport.unanswered == 0)
        world.scheduler.advance(by: .milliseconds(500))
        #expect(world.transport.requests.count == 2)
        world.transport.answer(200)
        #expect(world.warnings.isEmpty && world.drops.isEmpty)
        #expect(world.scheduler.delays.isEmpty)
    }

    @Test(arguments: [HTTPTransportError.Kind.nameResolution, .connect, .interrupted])
    func connectionFailuresAreRetried(_ kind: HTTPTransportError.Kind) {
        _ = exporter(.json())
        world.transport.fail(kind)
        world.scheduler.advance(by: .milliseconds(500))
        #expect(world.transport.requests.count == 2)
    }

    @Test(arguments: [300, 400, 401, 403, 404, 408, 413, 415, 500, 501])
    func allOtherStatusesAreFinal(_ status: Int) throws {
        let exporter = exporter(.json())
        world.transport.answer(status, "reason")
        world.scheduler.advance(by: .seconds(1_000))
        #expect(world.transport.requests.count == 1)
        #expect(
            world.warnings == [
                "Some of the traces did not reach the OTLP receiver: "
                    + "POST http://receiver:4318/v1/signal was answered with \(status): reason"
                    + (status == 413 ? "; a gateway or proxy limits the size of request bodies" : "")
            ]
        )
        #expect(world.drops == ["traces": 1])
        // The next ones are tried all the same, without a further warning.
        exporter.record(.named("second"))
        world.scheduler.advance(by: OTLPTraceExporter.period)
        #expect(world.transport.requests.count == 2)
        world.transport.answer(status)
        #expect(world.warnings.count == 1)
        #expect(world.drops == ["traces": 2])
    }

    /// The receiver may have taken what it did not answer in time.
    @Test(arguments: [
        HTTPTransportError.Kind.timeout, .tls, .protocolViolation, .invalidRequest, .refusedByProxy,
    ])
    func otherFailuresAreFinal(_ kind: HTTPTransportError.Kind) {
        _ = exporter(.json())
        world.transport.fail(kind, "receiver: no luck")
        world.scheduler.advance(by: .seconds(1_000))
        #expect(world.transport.requests.count == 1)
        #expect(world.warnings.count == 1)
        #expect(world.warnings[0].hasSuffix("POST http://receiver:4318/v1/signal: receiver: no luck"))
    }

    @Test func aSuccessWithAPageIsNone() {
        _ = exporter(.json())
        world.transport.answer(
            200,
            "<html><title>Sign in</title></html>",
            headers: [HTTPHeader("Content-Type", "text/html")]
        )
        #expect(world.warnings.count == 1)
        #expect(world.warnings[0].contains("Sign in"))
    }

    @Test func retriesEndWithOneWarning() {
        _ = exporter(.json())
        for _ in 0...OTLPSender.retries.maxRetries {
            world.transport.fail(.connect)
            world.scheduler.advanceToNext()
        }
        #expect(world.transport.requests.count == OTLPSender.retries.maxRetries + 1)
        #expect(world.warnings.count == 1)
        #expect(world.drops == ["traces": 1])
        #expect(world.scheduler.delays.isEmpty)
    }

    @Test(arguments: [
        ("7", 7), ("Sun, 06 Nov 1994 08:49:37 GMT", 30),
    ])
    func theReceiverSaysWhenToRetry(_ value: String, _ seconds: Int) {
        _ = exporter(.json())
        world.transport.answer(
            429,
            headers: [HTTPHeader("Retry-After", value), HTTPHeader("Date", "Sun, 06 Nov 1994 08:49:07 GMT")]
        )
        #expect(world.scheduler.delays == [.seconds(seconds)])
        world.scheduler.advance(by: .seconds(seconds))
        #expect(world.transport.requests.count == 2)
    }

    // MARK: - What the receiver says

    @Test(arguments: [
        "", "{}", #"{"partialSuccess":null}"#, #"{"partialSuccess":{}}"#, "OK", "[]", "\u{0A}\u{00}",
    ])
    func successesAreQuiet(_ body: String) {
        _ = exporter(.json())
        world.transport.answer(200, body)
        #expect(world.warnings.isEmpty && world.drops.isEmpty)
    }

    private static let partialSuccesses: [[UInt8]] = [
        Array(#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}"#.utf8),
        Array(#"{"partialSuccess":{"rejectedSpans":3,"errorMessage":"too old"}}"#.utf8),
        [0x0A, 0x0B, 0x08, 0x03, 0x12, 0x07] + Array("too old".utf8),
    ]

    @Test(arguments: partialSuccesses) func aPartialSuccessGivesOneWarningAndNoRetry(_ body: [UInt8]) {
        let exporter = exporter(.json())
        for count in 1...2 {
            world.transport.answer(HTTPResponse(status: 200, body: body))
            world.scheduler.advance(by: .seconds(100))
            #expect(world.transport.requests.count == count)
            #expect(
                world.warnings == [
                    "Some of the traces did not reach the OTLP receiver: "
                        + "POST http://receiver:4318/v1/signal was answered with 3 spans rejected: too old"
                ]
            )
            #expect(world.drops == ["traces": 3 * count])
            exporter.record(.named("another"))
            world.scheduler.advance(by: OTLPTraceExporter.period)
        }
    }

    @Test func refusalsInProtobufAreTold() {
        _ = exporter(.json())
        let body = [0x08, 0x03, 0x12, 0x07] + Array("too old".utf8)
        let type = HTTPHeader("Content-Type", "application/x-protobuf")
        world.transport.answer(HTTPResponse(status: 400, headers: [type], body: body))
        #expect(world.warnings.first?.hasSuffix("was answered with 400: too old") == true)
    }

    @Test func aRefusalOfGzipGetsAHint() {
        _ = exporter(.json { $0.usesGzip = true })
        world.transport.answer(400, "bad wire type")
        #expect(world.warnings.count == 1)
        #expect(world.warnings[0].contains("OTEL_EXPORTER_OTLP_COMPRESSION=none"))
    }

    @Test func noMessageHoldsCredentials() {
        let exporter = exporter(
            .json {
                $0.endpoint = "http://user:endpointsecret@receiver:4318/v1/signal?token=querysecret"
                $0.headers = [HTTPHeader("Authorization", "Bearer headersecret")]
            }
        )
        world.transport.answer(401, "unknown token headersecret")
        exporter.cancel()
        #expect(world.warnings.count == 1)
        #expect(world.warnings[0].hasSuffix("POST http://receiver:4318/v1/signal was answered with 401"))
    }

    // MARK: - The end

    @Test func theEndWaitsForWhatIsUnderWayAndSendsTheRest() {
        let exporter = exporter(.json())
        exporter.record(.named("second"))
        exporter.finish { [world] in world.finished() }
        #expect(world.transport.requests.count == 1)
        world.transport.answer(200)
        #expect(world.transport.requests.count == 2)
        #expect(world.transport.requests[1].bodyText.contains(#""name":"second""#))
        #expect(!world.isFinished)
        world.transport.answer(200)
        #expect(world.isFinished)
        #expect(world.scheduler.delays.isEmpty)
    }

    @Test func theEndDoesNotWaitForABackoff() {
        let exporter = exporter(.json())
        for _ in 0..<3 {
            world.transport.fail(.connect)
            world.scheduler.advanceToNext()
        }
        world.transport.fail(.connect)
        #expect(world.transport.unanswered == 0)
        exporter.finish { [world] in world.finished() }
        #expect(world.transport.unanswered == 1)
        world.transport.answer(200)
        #expect(world.isFinished)
        #expect(world.warnings.isEmpty)
        #expect(world.scheduler.delays.isEmpty)
    }

    @Test func theEndRespectsWhatTheReceiverAsksFor() {
        let exporter = exporter(.json())
        world.transport.answer(429, headers: [HTTPHeader("Retry-After", "1")])
        exporter.finish { [world] in world.finished() }
        #expect(world.transport.unanswered == 0)
        world.scheduler.advance(by: .seconds(1))
        #expect(world.transport.unanswered == 1)
    }

    /// The process is gone before. The receiver gets nothing more either.
    @Test(arguments: [true, false]) func theEndGivesUpWhatWouldBeTooLate(_ isAskedBefore: Bool) {
        let exporter = exporter(.json())
        exporter.record(.named("second"))
        let finish = { exporter.finish { [world] in world.finished() } }
        if !isAskedBefore { finish() }
        world.transport.answer(503, "busy", headers: [HTTPHeader("Retry-After", "60")])
        if isAskedBefore { finish() }
        world.scheduler.advance(by: .zero)
        #expect(world.isFinished)
        #expect(world.transport.requests.count == 1)
        #expect(world.warnings.count == 1)
        #expect(world.drops == ["traces": 2])
        #expect(world.scheduler.delays.isEmpty)
    }

    /// Another series of retries would only hold the process up.
    @Test func aReceiverThatHasFailedIsTriedOnceAtTheEnd() {
        let exporter = exporter(.json())
        for _ in 0...OTLPSender.retries.maxRetries {
            world.transport.fail(.connect)
            world.scheduler.advanceToNext()
        }
        exporter.record(.named("second"))
        exporter.finish { [world] in world.finished() }
        world.transport.fail(.connect)
        #expect(world.isFinished)
        #expect(world.drops == ["traces": 2])
        #expect(world.warnings.count == 1)
    }

    @Test func cancellingEndsRequestsAndTimersAtOnce() {
        let exporter = exporter(.json())
        exporter.record(.named("second"))
        exporter.finish { [world] in world.finished() }
        exporter.cancel()
        #expect(world.transport.unanswered == 0)
        #expect(world.scheduler.delays.isEmpty)
        #expect(!world.isFinished)
        #expect(world.warnings.count == 1)
        #expect(world.warnings[0].hasSuffix("was not answered in time"))
        #expect(world.drops == ["traces": 2])
        exporter.record(.named("third"))
        #expect(world.scheduler.delays.isEmpty)
    }

    @Test func cancellingEndsAWaitForARetry() {
        let exporter = exporter(.json())
        world.transport.fail(.connect, "receiver: refused")
        exporter.cancel()
        #expect(world.scheduler.delays.isEmpty)
        #expect(world.warnings.count == 1)
        #expect(world.warnings[0].hasSuffix("receiver: refused"))
    }
}
