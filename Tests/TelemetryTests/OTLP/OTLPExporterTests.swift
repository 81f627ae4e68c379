import HTTP
import Scheduling
import TestSupport
import Testing

@testable import Telemetry

/// When items are sent, and what is lost where they are too many.
@Suite struct OTLPBatchTests {
    private let world = OTLPWorld()

    private func logs(_ change: (inout OTLPSettings) -> Void = { _ in }) -> OTLPLogExporter {
        OTLPLogExporter(.json(change), resource: [Attribute("service.name", "S")], world.context)
    }

    /// The texts of a request's log records, which have no quotes.
    private func texts(_ request: HTTPRequest) -> [Substring] {
        let key = #""body":{"stringValue":""#
        return request.bodyText.split(separator: key).dropFirst().map { $0.prefix { $0 != "\"" } }
    }

    @Test func recordsGoTogetherSomeTimeAfterTheFirst() {
        let exporter = logs()
        exporter.record("one")
        world.scheduler.advance(by: .milliseconds(999))
        exporter.record("two")
        #expect(world.transport.requests.isEmpty)
        world.scheduler.advance(by: .milliseconds(1))
        #expect(world.transport.requests.map(texts) == [["one", "two"]])
        world.transport.answer(200)
        #expect(world.scheduler.delays.isEmpty)
        exporter.record("three")
        world.scheduler.advance(by: .seconds(1))
        #expect(world.transport.requests.map(texts).last == ["three"])
    }

    @Test func aFullBatchGoesAtOnce() {
        let exporter = logs { $0.encoding = .json }
        for number in 0..<OTLPBatcher.maxBatchItems { exporter.record("\(number)") }
        // 512 records are longer than a batch may be.
        #expect(world.transport.requests.count == 1)
        let request = world.transport.requests[0]
        #expect(request.bodyBytes.map { $0.count < 64 * 1_024 } == true)
    }

    @Test func onlyOneRequestIsUnderWay() {
        let exporter = logs()
        for number in 0..<600 { exporter.record("\(number)") }
        world.scheduler.advance(by: .seconds(10))
        #expect(world.transport.requests.count == 1)
        while world.transport.unanswered > 0 {
            world.transport.answer(200)
            world.scheduler.advanceToNext()
        }
        #expect(world.transport.requests.flatMap(texts) == (0..<600).map { Substring("\($0)") })
        #expect(world.drops.isEmpty)
    }

    @Test func ofAFloodTheLastOnesArriveInOrder() {
        let exporter = logs()
        for number in 0..<100_000 { exporter.record("\(number)") }
        exporter.finish { [world] in world.finished() }
        while world.transport.unanswered > 0 { world.transport.answer(200) }
        #expect(world.isFinished)
        let numbers = world.transport.requests.flatMap(texts).compactMap { Int($0) }
        let first = numbers.prefix { $0 < 50_000 }
        #expect(Array(first) == Array(0..<first.count))
        let last = Array(numbers.dropFirst(first.count))
        #expect(last.count > 500)
        #expect(last == Array((100_000 - last.count)..<100_000))
        #expect(world.drops == ["logs": 100_000 - numbers.count])
        let bytes = world.transport.requests.reduce(0) { $0 + ($1.bodyBytes?.count ?? 0) }
        #expect(bytes < (OTLPBatcher.maxWaitingBatches + 2) * 64 * 1_024)
    }

    @Test func longTextsAreCutBetweenCharacters() {
        let exporter = logs()
        exporter.record("x" + String(repeating: "é", count: OTLPLogExporter.maxBodyBytes / 2))
        exporter.finish {}
        let text = texts(world.transport.requests[0])[0]
        #expect(text == "x" + String(repeating: "é", count: OTLPLogExporter.maxBodyBytes / 2 - 1) + " …")
    }

    @Test(arguments: [OTLPSettings.Encoding.protobuf, .json]) func allItemsAreInOneList(
        _ form: OTLPSettings.Encoding
    ) {
        let exporter = OTLPTraceExporter(.json { $0.encoding = form }, resource: [], world.context)
        for name in ["one", "two", "three"] { exporter.record(.named(name)) }
        exporter.finish {}
        var items = OTLPWriter(form)
        for name in ["one", "two", "three"] { items.span(.named(name)) }
        #expect(
            world.transport.requests[0].bodyBytes == OTLPWriter.request(.traces, resource: [], items: items)
        )
    }

    /// As a log does that is written to the exporter itself.
    @Test func aWarningCanBeARecord() {
        let world = world
        var exporter: OTLPLogExporter?
        var context = world.context
        context.onTrouble = { exporter?.record("warning: \($0.count)", .warn) }
        exporter = OTLPLogExporter(.json(), resource: [], context)
        exporter?.record("one")
        world.scheduler.advance(by: .seconds(1))
        world.transport.answer(500)
        world.scheduler.advance(by: .seconds(1))
        #expect(world.transport.requests.count == 2)
        exporter?.finish { world.finished() }
        world.transport.answer(500)
        #expect(world.isFinished)
        exporter = nil
    }
}

@Suite struct OTLPMetricExporterTests {
    private let world = OTLPWorld()

    private func exporter(_ change: (inout OTLPSettings) -> Void = { _ in }) -> OTLPMetricExporter {
        OTLPMetricExporter(
            .json(change),
            resource: [],
            commonTags: [Tag(.service, "S"), Tag(.version, "V")],
            step: .seconds(60),
            world.context
        )
    }

    /// The values of a request's sums and gauges.
    private func values(_ request: HTTPRequest) -> [Substring] {
        request.bodyText.split(separator: #""asDouble":"#).dropFirst().map { $0.prefix { $0 != "," } }
    }

    private func starts(_ request: HTTPRequest) -> [Substring] {
        request.bodyText.split(separator: #""startTimeUnixNano":""#).dropFirst().map {
            $0.prefix { $0 != "\"" }
        }
    }

    @Test func cumulativeSumsGrowFromOneStart() {
        let exporter = exporter()
        exporter.record(Measurement(.outputLines, 3))
        world.scheduler.advance(by: .seconds(60))
        world.transport.answer(200)
        exporter.record(Measurement(.outputLines, 4))
        exporter.record(Measurement(.peakMemory, 5))
        world.scheduler.advance(by: .seconds(60))
        #expect(world.transport.requests.map(values) == [["3.0"], ["7.0", "5.0"]])
        #expect(world.transport.requests.flatMap(starts) == ["1700000000000000000", "1700000000000000000"])
        #expect(world.transport.requests[0].bodyText.contains(#""aggregationTemporality":2"#))
    }

    @Test func deltaSumsBeginAnew() {
        let exporter = exporter { $0.temporality = .delta }
        exporter.record(Measurement(.outputLines, 3))
        exporter.record(Measurement(.outputBytes, 9))
        world.scheduler.advance(by: .seconds(60))
        world.transport.answer(200)
        // Nothing new is nothing to send.
        world.scheduler.advance(by: .seconds(600))
        #expect(world.scheduler.delays.isEmpty)
        exporter.record(Measurement(.outputLines, 4))
        exporter.finish { [world] in world.finished() }
        #expect(world.transport.requests.map(values) == [["3.0", "9.0"], ["4.0"]])
        #expect(
            world.transport.requests.flatMap(starts)
                == ["1700000000000000000", "1700000000000000000", "1700000060000000000"]
        )
        #expect(world.transport.requests[0].bodyText.contains(#""aggregationTemporality":1"#))
    }

    @Test func theEndPushesWhatIsNew() {
        let exporter = exporter()
        exporter.record(Measurement(.outputLines, 3))
        exporter.finish { [world] in world.finished() }
        #expect(world.transport.requests.map(values) == [["3.0"]])
        world.transport.answer(200)
        #expect(world.isFinished)
        #expect(world.scheduler.delays.isEmpty)
    }

    @Test func theEndPushesNothingTwice() {
        let exporter = exporter()
        exporter.record(Measurement(.outputLines, 3))
        world.scheduler.advance(by: .seconds(60))
        exporter.finish { [world] in world.finished() }
        world.transport.answer(200)
        #expect(world.isFinished)
        #expect(world.transport.requests.count == 1)
    }

    @Test func theEndPushesAgainWhatIsNewSinceThePushUnderWay() {
        let exporter = exporter()
        exporter.record(Measurement(.outputLines, 3))
        world.scheduler.advance(by: .seconds(60))
        exporter.record(Measurement(.outputLines, 4))
        exporter.finish { [world] in world.finished() }
        #expect(!world.isFinished)
        world.transport.answer(200)
        world.transport.answer(200)
        #expect(world.isFinished)
        #expect(world.transport.requests.map(values) == [["3.0"], ["7.0"]])
    }

    @Test func aPushUnderWayIsNotOvertaken() {
        let exporter = exporter()
        exporter.record(Measurement(.outputLines, 3))
        world.scheduler.advance(by: .seconds(60))
        exporter.record(Measurement(.outputLines, 4))
        world.scheduler.advance(by: .seconds(60))
        #expect(world.transport.requests.count == 1)
        world.transport.answer(200)
        world.scheduler.advance(by: .seconds(60))
        #expect(world.transport.requests.map(values) == [["3.0"], ["7.0"]])
    }

    /// The next push has the same points and more.
    @Test func aFailedPushLosesNothingOfCumulativeSums() {
        let exporter = exporter()
        exporter.record(Measurement(.outputLines, 3))
        world.scheduler.advance(by: .seconds(60))
        world.transport.answer(500)
        #expect(world.drops.isEmpty)
        exporter.finish { [world] in world.finished() }
        #expect(world.transport.requests.map(values) == [["3.0"], ["3.0"]])
        world.transport.answer(500)
        #expect(world.isFinished)
        #expect(world.drops == ["metrics": 1])
        #expect(world.warnings.count == 1)
    }

    @Test(arguments: [OTLPSettings.Temporality.cumulative, .delta])
    func theEndDoesNotPushWhereTheReceiverAsksForALongWait(_ temporality: OTLPSettings.Temporality) {
        let exporter = exporter { $0.temporality = temporality }
        exporter.record(Measurement(.outputLines, 3))
        world.scheduler.advance(by: .seconds(60))
        world.transport.answer(429, headers: [HTTPHeader("Retry-After", "60")])
        exporter.record(Measurement(.outputLines, 4))
        exporter.finish { [world] in world.finished() }
        #expect(!world.isFinished)
        world.scheduler.advance(by: .zero)
        #expect(world.isFinished)
        #expect(world.transport.requests.count == 1)
        #expect(world.drops == ["metrics": temporality == .delta ? 2 : 1])
        #expect(world.warnings.count == 1)
        #expect(world.scheduler.delays.isEmpty)
    }

    @Test func aFailedPushLosesTheDeltas() {
        let exporter = exporter { $0.temporality = .delta }
        exporter.record(Measurement(.outputLines, 3))
        exporter.record(Measurement(.outputBytes, 3))
        world.scheduler.advance(by: .seconds(60))
        world.transport.answer(500)
        exporter.cancel()
        #expect(world.drops == ["metrics": 2])
        #expect(world.scheduler.delays.isEmpty)
    }

    @Test func cancellingLosesWhatIsUnderWay() {
        let exporter = exporter()
        exporter.record(Measurement(.outputLines, 3))
        exporter.finish { [world] in world.finished() }
        exporter.cancel()
        #expect(!world.isFinished)
        #expect(world.transport.unanswered == 0)
        #expect(world.drops == ["metrics": 1])
        #expect(world.warnings.count == 1)
    }

    /// The lost ones are a metric as well, which finds no room itself.
    @Test func measurementsOfTooManySeriesAreCounted() {
        let world = world
        var exporter: OTLPMetricExporter?
        var context = world.context
        var lost = 0
        context.onDrop = { signal, count in
            lost += count
            exporter?.record(Measurement(.telemetryDropped, Double(count), [Tag(.signal, signal)]))
        }
        exporter = OTLPMetricExporter(.json(), resource: [], commonTags: [], step: .seconds(60), context)
        for number in 0..<MetricAggregator.maxSeries + 7 {
            exporter?.record(Measurement(.jobOutputWrite, 1, [Tag(.status, "\(number)")]))
        }
        exporter?.finish { world.finished() }
        #expect(lost == 7)
        #expect(world.transport.requests.count == 1)
        world.transport.answer(200)
        #expect(world.isFinished)
        exporter = nil
    }
}
