/// The messages of opentelemetry-proto 1.9: `common`, `resource`, `trace`, `logs` and `metrics`, version 1.
extension OTLPWriter {
    /// The body of a request.
    ///
    /// - Parameter items: spans or log records, or metrics.
    static func request(_ signal: OTLPSignal, resource: [Attribute], items: OTLPWriter) -> [UInt8] {
        message(items.encoding) { writer in
            let (resources, scopes, list) =
                switch signal {
                case .metrics: ("resourceMetrics", "scopeMetrics", "metrics")
                case .traces: ("resourceSpans", "scopeSpans", "spans")
                case .logs: ("resourceLogs", "scopeLogs", "logRecords")
                }
            writer.single(1, resources) { writer in
                writer.message(1, "resource") { $0.attributes(1, resource) }
                writer.single(2, scopes) { writer in
                    writer.message(1, "scope") { $0.string(1, "name", "airbyte-connector-sidecar") }
                    writer.elements(list, items)
                }
            }
        }
    }

    /// The number that spans, records and metrics have in their lists.
    static let itemField = 2

    /// An item of a request's list.
    mutating func span(_ span: TraceSpan) {
        element(Self.itemField) { writer in
            writer.id(1, "traceId", high: span.context.traceID.high, span.context.traceID.low)
            writer.id(2, "spanId", span.context.spanID)
            if let parent = span.parentID { writer.id(4, "parentSpanId", parent) }
            writer.string(5, "name", span.name)
            writer.enumeration(6, "kind", span.kind == .client ? 3 : 1)
            writer.fixed64(7, "startTimeUnixNano", UInt64(max(0, span.start)))
            writer.fixed64(8, "endTimeUnixNano", UInt64(max(0, span.end)))
            writer.attributes(9, span.attributes)
            if case .error(let text) = span.status {
                writer.message(15, "status") { writer in
                    writer.string(2, "message", text)
                    writer.enumeration(3, "code", 2)
                }
            }
        }
    }

    /// An item of a request's list.
    ///
    /// - Parameters:
    ///   - body: its text, in UTF-8.
    ///   - observed: when it was recorded, in milliseconds since 1970.
    mutating func logRecord(_ record: LogRecord, _ body: Span<UInt8>, observed: Int64) {
        // Not with `element`: a span of bytes cannot go into its closure.
        let element = beginElement(Self.itemField)
        fixed64(1, "timeUnixNano", Self.nanoseconds(record.timestamp))
        enumeration(2, "severityNumber", record.severity.rawValue)
        string(3, "severityText", record.severity.name)
        let value = beginMessage(5, "body")
        string(1, "stringValue", body)
        endMessage(value)
        single(6, "attributes") { $0.members(of: Attribute("airbyte.log_source", record.source)) }
        if let context = record.context {
            id(9, "traceId", high: context.traceID.high, context.traceID.low)
            id(10, "spanId", context.spanID)
        }
        fixed64(11, "observedTimeUnixNano", Self.nanoseconds(observed))
        endMessage(element)
    }

    /// An item of a request's list.
    ///
    /// - Parameters:
    ///   - commonTags: carried by all points.
    ///   - start: when counting began, in milliseconds since 1970.
    ///   - now: the points' time, in milliseconds since 1970.
    mutating func metric(
        _ group: MetricAggregator.Group,
        commonTags: [Tag],
        temporality: OTLPSettings.Temporality,
        start: Int64,
        now: Int64
    ) {
        let metric = group.metric
        let temporality = temporality == .delta ? 1 : 2
        // Dates of a clock that was set back make no sense to a receiver.
        let times = (start: Self.nanoseconds(min(start, now)), now: Self.nanoseconds(now))
        element(Self.itemField) { writer in
            writer.string(1, "name", metric.name)
            writer.string(2, "description", metric.summary)
            writer.string(3, "unit", metric.unit.rawValue)
            switch metric.kind {
            case .gauge:
                writer.message(5, "gauge") { writer in
                    writer.messages(1, "dataPoints", group.series) { writer, series in
                        writer.fixed64(3, "timeUnixNano", times.now)
                        writer.double(4, "asDouble", series.value)
                        writer.pointAttributes(7, metric, series.tags, commonTags)
                    }
                }
            case .counter:
                writer.message(7, "sum") { writer in
                    writer.messages(1, "dataPoints", group.series) { writer, series in
                        writer.fixed64(2, "startTimeUnixNano", times.start)
                        writer.fixed64(3, "timeUnixNano", times.now)
                        writer.double(4, "asDouble", series.value)
                        writer.pointAttributes(7, metric, series.tags, commonTags)
                    }
                    writer.enumeration(2, "aggregationTemporality", temporality)
                    writer.bool(3, "isMonotonic", true)
                }
            case .timer, .distribution:
                writer.message(9, "histogram") { writer in
                    writer.messages(1, "dataPoints", group.series) { writer, series in
                        writer.fixed64(2, "startTimeUnixNano", times.start)
                        writer.fixed64(3, "timeUnixNano", times.now)
                        writer.fixed64(4, "count", series.buckets.reduce(0, +))
                        writer.double(5, "sum", series.value)
                        writer.fixed64s(6, "bucketCounts", series.buckets)
                        writer.doubles(7, "explicitBounds", MetricAggregator.bounds(of: metric.kind))
                        writer.pointAttributes(9, metric, series.tags, commonTags)
                        writer.double(11, "min", series.extremes.min)
                        writer.double(12, "max", series.extremes.max)
                    }
                    writer.enumeration(2, "aggregationTemporality", temporality)
                }
            }
        }
    }

    /// The platform's counters tell the service a second time, by the names that its own OTLP registry gives them.
    private mutating func pointAttributes(_ field: Int, _ metric: Metric, _ tags: [Tag], _ common: [Tag]) {
        var attributes: [Attribute] = []
        attributes.reserveCapacity(tags.count + 2 * common.count)
        for tag in tags { attributes.append(Attribute(tag.name.rawValue, tag.value)) }
        for tag in common { attributes.append(Attribute(tag.name.rawValue, tag.value)) }
        if metric.isPlatforms, metric.kind == .counter {
            for tag in common where tag.name == .service || tag.name == .version {
                attributes.append(
                    Attribute(tag.name == .service ? "service.name" : "service.version", tag.value)
                )
            }
        }
        self.attributes(field, attributes)
    }

    private mutating func attributes(_ field: Int, _ attributes: [Attribute]) {
        messages(field, "attributes", attributes) { $0.members(of: $1) }
    }

    /// The fields of a `KeyValue`.
    private mutating func members(of attribute: Attribute) {
        string(1, "key", attribute.key)
        message(2, "value") { writer in
            switch attribute.value {
            case .string(let value): writer.string(1, "stringValue", value)
            case .bool(let value): writer.bool(2, "boolValue", value)
            case .int(let value): writer.int64(3, "intValue", value)
            case .double(let value): writer.double(4, "doubleValue", value.isFinite ? value : 0)
            }
        }
    }

    private static func nanoseconds(_ milliseconds: Int64) -> UInt64 {
        UInt64(max(0, milliseconds)) &* 1_000_000
    }
}
