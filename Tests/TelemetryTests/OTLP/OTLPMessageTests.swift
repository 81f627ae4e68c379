import Testing

@testable import Telemetry

/// One request of each signal, in both forms.
@Suite struct OTLPMessageTests {
    private let resource = [Attribute("service.name", "airbyte-connector-sidecar")]

    private func request(
        _ signal: OTLPSignal,
        _ encoding: OTLPSettings.Encoding,
        _ body: (inout OTLPWriter) -> Void
    ) -> [UInt8] {
        var items = OTLPWriter(encoding)
        body(&items)
        return OTLPWriter.request(signal, resource: resource, items: items)
    }

    private func json(_ signal: OTLPSignal, _ body: (inout OTLPWriter) -> Void) -> String {
        String(decoding: request(signal, .json, body), as: UTF8.self)
    }

    // MARK: - Traces

    private let span = TraceSpan(
        context: .given,
        parentID: 0xFF,
        name: "POST",
        kind: .client,
        start: 1_700_000_000_000_000_001,
        end: 1_700_000_000_250_000_000,
        attributes: [
            Attribute("http.request.method", "POST"),
            Attribute("http.response.status_code", .int(503)),
            Attribute("ratio", .double(0.5)),
            Attribute("ok", .bool(false)),
            Attribute("low", .int(-2)),
        ],
        status: .error("answered with 503")
    )

    @Test func spansInProtobuf() {
        #expect(hex(request(.traces, .protobuf) { $0.span(span) }) == SerializedRequests.traces)
    }

    @Test func spansInJSON() {
        #expect(
            json(.traces) { $0.span(span) }
                == #"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","#
                + #""value":{"stringValue":"airbyte-connector-sidecar"}}]},"#
                + #""scopeSpans":[{"scope":{"name":"airbyte-connector-sidecar"},"spans":[{"#
                + #""traceId":"01020304050607081112131415161718","spanId":"2122232425262728","#
                + #""parentSpanId":"00000000000000ff","name":"POST","kind":3,"#
                + #""startTimeUnixNano":"1700000000000000001","endTimeUnixNano":"1700000000250000000","attributes":["#
                + #"{"key":"http.request.method","value":{"stringValue":"POST"}},"#
                + #"{"key":"http.response.status_code","value":{"intValue":"503"}},"#
                + #"{"key":"ratio","value":{"doubleValue":0.5}},{"key":"ok","value":{"boolValue":false}},"#
                + #"{"key":"low","value":{"intValue":"-2"}}],"#
                + #""status":{"message":"answered with 503","code":2}}]}]}]}"#
        )
    }

    @Test func aTracesFirstSpanHasNoParentAndNoStatus() {
        let text = json(.traces) { $0.span(.named("workload")) }
        #expect(text.contains(#""name":"workload","kind":1,"startTimeUnixNano":"1","endTimeUnixNano":"2"}]"#))
        #expect(!text.contains("parentSpanId"))
    }

    // MARK: - Logs

    private func write(log items: inout OTLPWriter) {
        let body = Array("Zoë says \"no\"\n".utf8)
        let record = LogRecord(
            timestamp: 1_700_000_000_123,
            severity: .warn,
            source: "source",
            context: .given
        )
        items.logRecord(record, body.span, observed: 1_700_000_001_000)
    }

    @Test func logRecordsInProtobuf() {
        #expect(hex(request(.logs, .protobuf) { write(log: &$0) }) == SerializedRequests.logs)
    }

    @Test func logRecordsInJSON() {
        #expect(
            json(.logs) { write(log: &$0) }
                == #"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","#
                + #""value":{"stringValue":"airbyte-connector-sidecar"}}]},"#
                + #""scopeLogs":[{"scope":{"name":"airbyte-connector-sidecar"},"logRecords":[{"#
                + #""timeUnixNano":"1700000000123000000","severityNumber":13,"severityText":"WARN","#
                + #""body":{"stringValue":"Zoë says \"no\"\n"},"#
                + #""attributes":[{"key":"airbyte.log_source","value":{"stringValue":"source"}}],"#
                + #""traceId":"01020304050607081112131415161718","spanId":"2122232425262728","#
                + #""observedTimeUnixNano":"1700000001000000000"}]}]}]}"#
        )
    }

    // MARK: - Metrics

    private func write(metrics items: inout OTLPWriter, _ temporality: OTLPSettings.Temporality = .cumulative)
    {
        var aggregator = MetricAggregator()
        let measurements = [
            Measurement(.jobOutputWrite, 2, [Tag(.status, "success")]), Measurement(.peakMemory, 9_437_184),
            Measurement(.heartbeatRoundTrip, 0.001, [Tag(.operation, "check")]),
            Measurement(.heartbeatRoundTrip, 0.03, [Tag(.operation, "check")]),
            Measurement(.heartbeatRoundTrip, 2_000, [Tag(.operation, "check")]),
        ]
        for measurement in measurements { _ = aggregator.record(measurement) }
        for group in aggregator.groups {
            items.metric(
                group,
                commonTags: [Tag(.service, "S"), Tag(.version, "V")],
                temporality: temporality,
                start: 1_700_000_000_000,
                now: 1_700_000_010_000
            )
        }
    }

    @Test func metricsInProtobuf() {
        #expect(hex(request(.metrics, .protobuf) { write(metrics: &$0) }) == SerializedRequests.metrics)
    }

    @Test func metricsInJSON() {
        let times = #""startTimeUnixNano":"1700000000000000000","timeUnixNano":"1700000010000000000""#
        let common =
            #"{"key":"service","value":{"stringValue":"S"}},{"key":"version","value":{"stringValue":"V"}}"#
        #expect(
            json(.metrics) { write(metrics: &$0, .delta) }
                == #"{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","#
                + #""value":{"stringValue":"airbyte-connector-sidecar"}}]},"#
                + #""scopeMetrics":[{"scope":{"name":"airbyte-connector-sidecar"},"metrics":["#
                + #"{"name":"airbyte.job_output_write","#
                + #""description":"Job outputs that were delivered, or could not be","unit":"1","#
                + #""sum":{"dataPoints":[{\#(times),"asDouble":2.0,"attributes":["#
                + #"{"key":"status","value":{"stringValue":"success"}},\#(common),"#
                + #"{"key":"service.name","value":{"stringValue":"S"}},"#
                + #"{"key":"service.version","value":{"stringValue":"V"}}]}],"#
                + #""aggregationTemporality":1,"isMonotonic":true}},"#
                + #"{"name":"airbyte.sidecar.peak_memory","description":"Largest resident memory of the process","#
                + #""unit":"By","gauge":{"dataPoints":[{"timeUnixNano":"1700000010000000000","#
                + #""asDouble":9437184.0,"attributes":[\#(common)]}]}},"#
                + #"{"name":"airbyte.sidecar.heartbeat_round_trip","#
                + #""description":"Time from a heartbeat to its answer","unit":"s","#
                + #""histogram":{"dataPoints":[{\#(times),"count":"3","sum":2000.031,"#
                + #""bucketCounts":["1","0","0","0","0","1","0","0","0","0","0","0","0","0","0","0","0","0","0","1"],"#
                + #""explicitBounds":[0.001,0.002,0.005,0.01,0.02,0.05,0.1,0.2,0.5,"#
                + #"1.0,2.0,5.0,10.0,20.0,60.0,120.0,300.0,600.0,1800.0],"#
                + #""attributes":[{"key":"operation","value":{"stringValue":"check"}},\#(common)],"#
                + #""min":0.001,"max":2000.0}],"aggregationTemporality":1}}]}]}]}"#
        )
    }

    /// A clock that was set back between the start and now.
    @Test func noPointBeginsAfterItsEnd() {
        var aggregator = MetricAggregator()
        _ = aggregator.record(Measurement(.jobOutputWrite))
        let text = json(.metrics) {
            $0.metric(
                aggregator.groups[0],
                commonTags: [],
                temporality: .cumulative,
                start: 2_000,
                now: 1_000
            )
        }
        #expect(text.contains(#""startTimeUnixNano":"1000000000","timeUnixNano":"1000000000""#))
    }
}

@Suite struct MetricAggregatorTests {
    @Test func aValueOnABoundBelongsBelowIt() {
        var aggregator = MetricAggregator()
        for value in [0, 0.001, 0.0011, 1_800, 1_801] {
            _ = aggregator.record(Measurement(.phaseDuration, value))
        }
        let series = aggregator.groups[0].series[0]
        #expect(series.buckets == [2, 1] + [UInt64](repeating: 0, count: 16) + [1, 1])
        #expect(series.extremes == (0, 1_801))
    }

    @Test func gaugesKeepTheLastValueAndCountersTheSum() {
        var aggregator = MetricAggregator()
        for value in [5.0, 3] {
            _ = aggregator.record(Measurement(.peakMemory, value))
            _ = aggregator.record(Measurement(.outputLines, value))
        }
        #expect(aggregator.groups.map { $0.series[0].value } == [3, 8])
    }

    @Test func otherTagsAreAnotherSeries() {
        var aggregator = MetricAggregator()
        for status in ["success", "error", "success"] {
            _ = aggregator.record(Measurement(.jobOutputWrite, 1, [Tag(.status, status)]))
        }
        #expect(aggregator.groups[0].series.map(\.value) == [2, 1])
        #expect(aggregator.pointCount == 2)
    }

    @Test func seriesAreBounded() {
        var aggregator = MetricAggregator()
        for number in 0..<MetricAggregator.maxSeries {
            let hasRoom = aggregator.record(Measurement(.jobOutputWrite, 1, [Tag(.status, "\(number)")]))
            #expect(hasRoom)
        }
        let hasRoomForAnother = aggregator.record(Measurement(.outputLines))
        #expect(!hasRoomForAnother)
        let hasRoomForAKnownOne = aggregator.record(Measurement(.jobOutputWrite, 1, [Tag(.status, "7")]))
        #expect(hasRoomForAKnownOne)
        #expect(aggregator.pointCount == MetricAggregator.maxSeries)
    }

    @Test func valuesThatAreNotFiniteAreLeftOut() {
        var aggregator = MetricAggregator()
        for value in [Double.nan, .infinity] {
            let hasRoom = aggregator.record(Measurement(.peakMemory, value))
            #expect(hasRoom)
        }
        #expect(aggregator.isEmpty)
        for _ in 0..<2 { _ = aggregator.record(Measurement(.outputBytes, .greatestFiniteMagnitude)) }
        #expect(aggregator.groups[0].series[0].value == .greatestFiniteMagnitude)
    }
}
