/// A log event, but for its text.
package struct LogRecord: Hashable, Sendable {
    /// OpenTelemetry's numbers of the levels: TRACE 1, DEBUG 5, INFO 9, WARN 13, ERROR 17.
    package enum Severity: Int, Hashable, Sendable {
        case trace = 1
        case debug = 5
        case info = 9
        case warn = 13
        case error = 17

        /// `severity_text`.
        package var name: String {
            switch self {
            case .trace: "TRACE"
            case .debug: "DEBUG"
            case .info: "INFO"
            case .warn: "WARN"
            case .error: "ERROR"
            }
        }
    }

    /// Milliseconds since 1970.
    package var timestamp: Int64
    package var severity: Severity
    /// Who said it: `platform`, `source` or `destination`.
    package var source: String
    /// The span that it belongs to.
    package var context: TraceContext?

    package init(timestamp: Int64, severity: Severity, source: String, context: TraceContext?) {
        self.timestamp = timestamp
        self.severity = severity
        self.source = source
        self.context = context
    }
}

/// Sends log events somewhere.
package protocol LogExporter: TelemetryExporter {
    /// Takes an event; it is sent later.
    ///
    /// - Parameter body: UTF-8, without secrets.
    func record(_ record: LogRecord, _ body: Span<UInt8>)
}
