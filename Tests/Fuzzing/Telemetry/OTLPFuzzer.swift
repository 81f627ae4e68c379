import Scheduling

@testable import Telemetry

/// Whatever names, attributes and numbers are: a request is a message of its kind in protobuf, and JSON, with every item.
enum OTLPFuzzer {
    static func check(
        _ input: [UInt8],
        request: (OTLPSignal, [Attribute], OTLPWriter) -> [UInt8] = {
            OTLPWriter.request($0, resource: $1, items: $2)
        }
    ) throws {
        var input = FuzzInput(input)
        let signal: OTLPSignal = input.choice(of: [.metrics, .traces, .logs])
        let resource = attributes(&input)
        var writers = (OTLPWriter(.protobuf), OTLPWriter(.json))
        let count: Int
        let (shape, names): (ProtobufShape, [String])
        switch signal {
        case .metrics:
            count = try addMetrics(&input, to: &writers)
            (shape, names) = (.metric, ["resourceMetrics", "scopeMetrics", "metrics"])
        case .traces:
            count = addSpans(&input, to: &writers)
            (shape, names) = (.span, ["resourceSpans", "scopeSpans", "spans"])
        case .logs:
            count = addRecords(&input, to: &writers)
            (shape, names) = (.logRecord, ["resourceLogs", "scopeLogs", "logRecords"])
        }
        guard count > 0 else { return }
        let binary = request(signal, resource, writers.0)
        let found = try ProtobufShape.check(binary[...], .request(shape), counting: [1, 2, 2])
        try require(found == count, "\(found) of \(count) items in protobuf")
        let document = try JSONPeer.document(request(signal, resource, writers.1), "a request")
        guard !document.isEmpty else { return }
        let scopes = (document[names[0]] as? [[String: Any]])?.first?[names[1]] as? [[String: Any]]
        let items = scopes?.first?[names[2]] as? [[String: Any]]
        try require(items?.count == count, "\(items?.count ?? 0) of \(count) items in JSON")
    }

    private static func attributes(_ input: inout FuzzInput) -> [Attribute] {
        (0..<input.choice() % 4).map { _ in
            let key = input.text(upTo: 0)
            return switch input.choice() % 4 {
            case 0: Attribute(key, input.text(upTo: 0))
            case 1: Attribute(key, .int(Int64(bitPattern: input.word())))
            case 2: Attribute(key, .double(Double(bitPattern: input.word())))
            default: Attribute(key, .bool(input.choice() % 2 == 1))
            }
        }
    }

    private static func addMetrics(
        _ input: inout FuzzInput,
        to writers: inout (OTLPWriter, OTLPWriter)
    ) throws -> Int {
        let common = input.tags()
        let start = Int64(bitPattern: input.word())
        let now = Int64(bitPattern: input.word())
        var aggregator = MetricAggregator()
        for measurement in input.measurements(1 + input.choice() % 8) {
            try require(aggregator.record(measurement), "a measurement has no room")
        }
        for group in aggregator.groups {
            let temporality: OTLPSettings.Temporality = input.choice() % 2 == 0 ? .delta : .cumulative
            writers.0.metric(group, commonTags: common, temporality: temporality, start: start, now: now)
            writers.1.metric(group, commonTags: common, temporality: temporality, start: start, now: now)
        }
        return aggregator.groups.count
    }

    private static func addSpans(_ input: inout FuzzInput, to writers: inout (OTLPWriter, OTLPWriter)) -> Int
    {
        var random = SplitMix64(seed: input.word())
        let count = 1 + input.choice() % 4
        for _ in 0..<count {
            let span = TraceSpan(
                context: TraceContext(using: &random),
                parentID: input.choice() % 2 == 0 ? nil : input.word(),
                name: input.text(upTo: 0),
                kind: input.choice() % 2 == 0 ? .internal : .client,
                start: Int64(bitPattern: input.word()),
                end: Int64(bitPattern: input.word()),
                attributes: attributes(&input),
                status: input.choice() % 2 == 0 ? .unset : .error(input.text(upTo: 0))
            )
            writers.0.span(span)
            writers.1.span(span)
        }
        return count
    }

    private static func addRecords(_ input: inout FuzzInput, to writers: inout (OTLPWriter, OTLPWriter))
        -> Int
    {
        var random = SplitMix64(seed: input.word())
        let count = 1 + input.choice() % 4
        for _ in 0..<count {
            let record = LogRecord(
                timestamp: Int64(bitPattern: input.word()),
                severity: input.choice(of: [.trace, .debug, .info, .warn, .error]),
                source: input.text(upTo: 0),
                context: input.choice() % 2 == 0 ? nil : TraceContext(using: &random)
            )
            let observed = Int64(bitPattern: input.word())
            let body = Array(input.text(upTo: 0).utf8)
            writers.0.logRecord(record, body.span, observed: observed)
            writers.1.logRecord(record, body.span, observed: observed)
        }
        return count
    }
}
