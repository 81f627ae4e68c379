import Telemetry
import TelemetryPeers
import TestSupport
import Testing

/// Everything that is sent, as rotel reads it and passes it on to a decoder of OpenTelemetry's own messages.
@Suite struct RotelTests {
    /// How a request is written.
    enum Form: CaseIterable {
        case protobuf, json, compressedProtobuf, compressedJSON

        func apply(to settings: inout OTLPSettings) {
            settings.encoding = self == .json || self == .compressedJSON ? .json : .protobuf
            settings.usesGzip = self == .compressedProtobuf || self == .compressedJSON
        }
    }

    /// What has arrived of what the exporters of a feed have sent, once it is so much.
    private func receive(
        _ form: Form,
        _ count: Int,
        throughRotel goesThroughRotel: Bool = true,
        _ change: @escaping (inout OTLPSettings) -> Void = { _ in },
        _ body: (OTLPFeed, OTLPReceiver) throws -> Void
    ) throws -> [OTLPReceiver.Item] {
        let receiver = try OTLPReceiver()
        let rotel = goesThroughRotel ? try Rotel(before: receiver) : nil
        let feed = try OTLPFeed(rotel?.origin ?? receiver.origin) {
            form.apply(to: &$0)
            change(&$0)
        }
        try body(feed, receiver)
        #expect(feed.warnings.isEmpty && feed.drops.isEmpty, "\(feed.warnings)")
        return try withExtendedLifetime(rotel) { try receiver.items(count) }
    }

    private static let common: [String: OTLPReceiver.Value] = [
        "service": .string("S"), "version": .string("1.7.0"),
    ]
    private static let tags = [Tag(.operation, "check"), Tag(.outcome, "succeeded")]

    @Test(arguments: Form.allCases) func sumsAndGaugesHaveTheirValuesUnitsAndTags(_ form: Form) throws {
        let common = Self.common
        let items = try receive(form, 2) { feed, _ in
            let exporter = feed.metrics()
            exporter.record(Measurement(.jobOutputWrite, 1, [Tag(.status, "success")]))
            exporter.record(Measurement(.jobOutputWrite, 2, [Tag(.status, "success")]))
            exporter.record(Measurement(.peakMemory, 7_340_032, Self.tags))
            try feed.run(exporter.finish)
        }
        #expect(items.count == 2)
        for item in items {
            #expect(item.resource["service.name"] == .string("airbyte-connector-sidecar"))
            #expect(item.resource["service.instance.id"] == .string("pod-1"))
            #expect(item.attributes.merging(common) { $1 } == item.attributes)
        }

        let sum = try #require(items.first { $0.name == "airbyte.job_output_write" })
        #expect(sum.kind == .string("sum") && sum.monotonic == true && sum.temporality == "cumulative")
        #expect(sum.value == 3 && sum.unit == "1" && sum.description == Metric.jobOutputWrite.summary)
        #expect(
            sum.attributes
                == common.merging([
                    "status": .string("success"), "service.name": .string("S"),
                    "service.version": .string("1.7.0"),
                ]) { $1 }
        )
        let times = try #require(sum.start.flatMap { start in sum.time.map { (start, $0) } })
        #expect(times.0 > 1_700_000_000_000_000_000 && times.0 <= times.1)

        let gauge = try #require(items.first { $0.name == "airbyte.sidecar.peak_memory" })
        #expect(gauge.kind == .string("gauge") && gauge.value == 7_340_032 && gauge.unit == "By")
        #expect(gauge.attributes["outcome"] == .string("succeeded"))
    }

    /// rotel 0.0.1a15 answers a histogram in JSON with a success and loses it: it wants its counts as numbers, where OTLP
    /// has strings. So JSON goes past it.
    @Test(arguments: Form.allCases) func histogramsHaveTheirBuckets(_ form: Form) throws {
        let isJSON = form == .json || form == .compressedJSON
        let items = try receive(form, 2, throughRotel: !isJSON) { feed, _ in
            let exporter = feed.metrics()
            for value in [0.0125, 0.03, 2_000] {
                exporter.record(Measurement(.heartbeatRoundTrip, value, Self.tags))
            }
            exporter.record(Measurement(.tooLongLines, 20_000_001))
            try feed.run(exporter.finish)
        }
        let timer = try #require(items.first { $0.name == "airbyte.sidecar.heartbeat_round_trip" })
        #expect(timer.kind == .string("histogram") && timer.temporality == "cumulative" && timer.unit == "s")
        #expect(timer.count == 3 && timer.value == 2_000.0425 && timer.min == 0.0125 && timer.max == 2_000)
        let buckets = try #require(timer.buckets)
        let bounds = try #require(timer.bounds)
        #expect(buckets.indices.filter { buckets[$0] == 1 } == [4, 5, bounds.count])
        #expect(bounds.first == 0.001 && bounds.last == 1_800)

        let distribution = try #require(items.first { $0.name == "airbyte.too_long_lines_distribution" })
        #expect(
            distribution.count == 1 && distribution.value == 20_000_001 && distribution.unit == "{character}"
        )
    }

    @Test(arguments: [Form.protobuf, .json]) func deltasBeginAnew(_ form: Form) throws {
        let items = try receive(form, 2, { $0.temporality = .delta }) { feed, receiver in
            let exporter = feed.metrics(step: .milliseconds(50))
            exporter.record(Measurement(.outputLines, 3))
            try feed.run(until: { try !receiver.requests().isEmpty })
            exporter.record(Measurement(.outputLines, 4))
            try feed.run(exporter.finish)
        }
        #expect(items.compactMap(\.value) == [3, 4])
        #expect(items.allSatisfy { $0.temporality == "delta" && $0.monotonic == true })
        #expect(zip(items, items.dropFirst()).allSatisfy { $0.time == $1.start })
    }

    @Test(arguments: Form.allCases) func spansHaveTheirIDsAndTimes(_ form: Form) throws {
        var random = SystemRandomNumberGenerator()
        let workload = TraceContext(using: &random)
        let call = workload.child(using: &random)
        let items = try receive(form, 2) { feed, _ in
            let exporter = feed.traces()
            exporter.record(
                TraceSpan(
                    context: call,
                    parentID: workload.spanID,
                    name: "POST",
                    kind: .client,
                    start: 1_700_000_000_000_000_001,
                    end: 1_700_000_000_250_000_002,
                    attributes: [
                        Attribute("http.request.method", "POST"),
                        Attribute("http.response.status_code", .int(503)),
                        Attribute("share", .double(0.25)), Attribute("retried", .bool(true)),
                    ],
                    status: .error("answered with 503: “busy”")
                )
            )
            exporter.record(
                TraceSpan(
                    context: workload,
                    parentID: nil,
                    name: "workload",
                    kind: .internal,
                    start: 1_700_000_000_000_000_000,
                    end: 1_700_000_001_000_000_000,
                    attributes: []
                )
            )
            try feed.run(exporter.finish)
        }
        try #require(items.count == 2)
        #expect(items.map(\.trace) == [workload.traceIDText, workload.traceIDText])
        #expect(items.map(\.span) == [call.spanIDText, workload.spanIDText])
        #expect(items.map(\.parent) == [workload.spanIDText, ""])
        #expect(items.map(\.name) == ["POST", "workload"])
        #expect(items.map(\.kind) == [.int(3), .int(1)])
        #expect(items.map(\.start) == [1_700_000_000_000_000_001, 1_700_000_000_000_000_000])
        #expect(items.map(\.end) == [1_700_000_000_250_000_002, 1_700_000_001_000_000_000])
        #expect(items.map(\.status) == [2, 0])
        #expect(items[0].message == "answered with 503: “busy”")
        #expect(
            items[0].attributes == [
                "http.request.method": .string("POST"), "http.response.status_code": .int(503),
                "share": .double(0.25), "retried": .bool(true),
            ]
        )
    }

    @Test(arguments: Form.allCases) func logRecordsHaveTheirTextsAndIDs(_ form: Form) throws {
        var random = SystemRandomNumberGenerator()
        let context = TraceContext(using: &random)
        let texts = [
            "first", "Zoë says \"no\"\n\tat 3 < 5 \\ 😀", "", String(repeating: "long ", count: 4_000),
        ]
        let items = try receive(form, 1_004) { feed, _ in
            let exporter = feed.logs()
            for text in texts { exporter.record(text, .warn, context) }
            for number in 0..<1_000 { exporter.record("line \(number)") }
            try feed.run(exporter.finish)
        }
        // rotel passes several requests on at once, in any order.
        let expected = texts + (0..<1_000).map { "line \($0)" }
        #expect(items.compactMap(\.body).sorted() == expected.sorted())
        let first = try #require(items.first { $0.body == "first" })
        #expect(first.severity == 13 && first.level == "WARN")
        #expect(first.trace == context.traceIDText && first.span == context.spanIDText)
        #expect(first.time == 1_700_000_000_123_000_000)
        #expect(first.observed.map { $0 > 1_700_000_000_123_000_000 } == true)
        #expect(first.attributes == ["airbyte.log_source": .string("source")])
        let line = try #require(items.first { $0.body == "line 0" })
        #expect(line.severity == 9 && line.trace == "" && line.span == "")
    }
}
