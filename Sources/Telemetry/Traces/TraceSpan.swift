/// A piece of work with a beginning and an end, as OpenTelemetry's traces have it.
package struct TraceSpan: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case `internal`
        /// A request to another service.
        case client
    }

    package enum Status: Hashable, Sendable {
        case unset
        /// The text says what failed, without secrets.
        case error(String)
    }

    package var context: TraceContext
    /// The span of the same trace that it is a part of; nil for a trace's first.
    package var parentID: UInt64?
    package var name: String
    package var kind: Kind
    /// Nanoseconds since 1970.
    package var start: Int64
    /// Nanoseconds since 1970; not before the start.
    package var end: Int64
    package var attributes: [Attribute]
    package var status: Status

    package init(
        context: TraceContext,
        parentID: UInt64?,
        name: String,
        kind: Kind,
        start: Int64,
        end: Int64,
        attributes: [Attribute],
        status: Status = .unset
    ) {
        self.context = context
        self.parentID = parentID
        self.name = name
        self.kind = kind
        self.start = start
        self.end = end
        self.attributes = attributes
        self.status = status
    }
}

/// Sends spans somewhere.
package protocol SpanExporter: TelemetryExporter {
    /// Takes a span that is over; it is sent later.
    func record(_ span: TraceSpan)
}
