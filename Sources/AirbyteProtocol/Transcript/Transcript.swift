/// What an operation was to bring.
public enum OperationResult: Hashable, Sendable {
    case connectionStatus(ConnectionStatus)
    /// A source's catalog, as the protocol has it.
    case catalog(DiscoveredCatalog)
    /// A destination's catalog, as the protocol has it.
    case destinationCatalog(DiscoveredCatalog)
    /// A specification, to be passed on verbatim.
    case spec(Specification)
}

/// What a connector said in all: the messages that count, and figures about the lines that do not.
///
/// The first result of each kind and the first error trace win; of configurations, the last.
public struct Transcript: Hashable, Sendable {
    /// A line of this many UTF-16 units counts as too long; it is read nevertheless.
    public static let tooLongLine = 20_000_000

    public private(set) var spec: Specification?
    public private(set) var connectionStatus: ConnectionStatus?
    public private(set) var catalog: DiscoveredCatalog?
    public private(set) var destinationCatalog: DiscoveredCatalog?
    public private(set) var errorTrace: ErrorTrace?
    /// The configuration that the connector asks the platform to store.
    public private(set) var lastConnectorConfig: JSONValue?

    /// The last of what was logged, lines that are no message included; of records nothing.
    public private(set) var lastLines = LastLines()

    /// Lines that look like a record, but are no message. (Metric `line_skipped_with_record`.)
    public private(set) var lineSkippedWithRecord = 0
    /// Other lines that are no message. (Metric `non_airbyte_message_log_line`.)
    public private(set) var nonAirbyteMessageLogLine = 0
    /// Lengths in UTF-16 units of lines that are too long, whatever they are, in order. Their number is the
    /// metric `line_skipped_too_long`, they themselves are `too_long_lines_distribution`.
    public private(set) var tooLongLines: [Int] = []
    public var lineSkippedTooLong: Int { tooLongLines.count }

    public init() {}

    /// Takes the next line.
    public mutating func consume(_ decoded: DecodedLine) {
        switch decoded {
        case .message(let message): consume(message)
        case .dropped: break
        case .notAMessage(looksLikeRecord: true, _):
            lineSkippedWithRecord += 1
        case .notAMessage(looksLikeRecord: false, let text):
            nonAirbyteMessageLogLine += 1
            lastLines.append(text)
        }
    }

    /// Takes note of a line of at least `tooLongLine` UTF-16 units.
    public mutating func noteTooLongLine(length: Int) {
        tooLongLines.append(length)
    }

    private mutating func consume(_ message: ProtocolMessage) {
        switch message {
        case .spec(let value): spec = spec ?? value
        case .connectionStatus(let value): connectionStatus = connectionStatus ?? value
        case .catalog(let value): catalog = catalog ?? value
        case .destinationCatalog(let value): destinationCatalog = destinationCatalog ?? value
        case .errorTrace(let value): errorTrace = errorTrace ?? value
        case .control(let connectorConfig): lastConnectorConfig = connectorConfig ?? lastConnectorConfig
        case .log(let log): lastLines.append(log.textWithStackTrace)
        case .otherTrace, .record, .state: break
        }
    }

    /// What the operation was to bring, if the connector brought it. Of two catalogs, a source's comes first.
    public func result(for operation: Operation) -> OperationResult? {
        switch operation {
        case .check: connectionStatus.map(OperationResult.connectionStatus)
        case .discover:
            catalog.map(OperationResult.catalog) ?? destinationCatalog.map(OperationResult.destinationCatalog)
        case .spec: spec.map(OperationResult.spec)
        }
    }
}
