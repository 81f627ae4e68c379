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
    /// The first error trace; one behind text on its line only where there is no other. A connector that tells of one
    /// failure twice, as the Python CDK does, has one error trace all the same.
    public var errorTrace: ErrorTrace? { firstErrorTrace ?? salvagedErrorTrace }
    private var firstErrorTrace: ErrorTrace?
    /// The configuration that the connector asks the platform to store.
    public private(set) var lastConnectorConfig: JSONValue?

    /// How many messages have been taken that bear on the job output: results, and configurations to store.
    public private(set) var decisions = 0

    /// The last `LOG` message of level FATAL or ERROR, see `lastFatalOrErrorLine`.
    private var lastFatalOrErrorMessage: String?

    /// The last result of each type that was found behind text.
    private var salvaged: [MessageType: SalvagedResult] = [:]
    /// An error trace that was found behind text.
    private var salvagedErrorTrace: ErrorTrace?
    private var flaws = ResultFlaws()

    /// The last log lines, including lines that are not messages; never records.
    public private(set) var lastLines = LastLines()

    /// Lines that look like a record but are not valid messages. (Metric `line_skipped_with_record`.)
    public private(set) var linesSkippedWithRecord = LineCounts()
    public var lineSkippedWithRecord: Int { linesSkippedWithRecord.total }
    /// Other lines that are not valid messages. (Metric `non_airbyte_message_log_line`.)
    public private(set) var nonAirbyteMessageLogLines = LineCounts()
    public var nonAirbyteMessageLogLine: Int { nonAirbyteMessageLogLines.total }
    /// Lengths in UTF-16 units of lines that are too long, whatever they are, in order. Their number is the
    /// metric `line_skipped_too_long`, they themselves are `too_long_lines_distribution`.
    public private(set) var tooLongLines: [Int] = []
    public var lineSkippedTooLong: Int { tooLongLines.count }

    public init() {}

    /// Takes the next line.
    public mutating func consume(_ decoded: DecodedLine) {
        switch decoded {
        case .message(let message): consume(message)
        case .dropped(let message): flaws.note(message)
        case .notAMessage(let looksLikeRecord, let text, let named):
            flaws.note(malformed: named)
            if looksLikeRecord {
                linesSkippedWithRecord.add(length: text.utf8.count)
            } else {
                nonAirbyteMessageLogLines.add(length: text.utf8.count)
                lastLines.append(text)
            }
        case .salvaged(let message, let textBefore): salvage(message, behind: textBefore)
        }
    }

    /// Takes the next line, a `LOG` message without a stack trace. Valid UTF-8.
    mutating func consume(_ level: LogLevel, _ message: RawSpan) {
        lastLines.append(message)
        guard level == .fatal || level == .error else { return }
        note(unsafe message.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) })
    }

    /// Takes the next line, one for people that names no type of a message. Valid UTF-8.
    mutating func consumePlainLine(_ line: RawSpan) {
        nonAirbyteMessageLogLines.add(length: line.byteCount)
        lastLines.append(line)
    }

    private mutating func salvage(_ message: ProtocolMessage, behind textBefore: String) {
        if case .errorTrace(let trace) = message { salvagedErrorTrace = salvagedErrorTrace ?? trace }
        guard let (type, result) = message.result else { return }
        salvaged[type] = SalvagedResult(result: result, textBefore: textBefore)
    }

    /// Takes note of a line of at least `tooLongLine` UTF-16 units.
    public mutating func noteTooLongLine(length: Int) {
        tooLongLines.append(length)
    }

    private mutating func consume(_ message: ProtocolMessage) {
        if message.bearsOnJobOutput { decisions += 1 }
        switch message {
        case .spec(let value): spec = spec ?? value
        case .connectionStatus(let value): connectionStatus = connectionStatus ?? value
        case .catalog(let value): catalog = catalog ?? value
        case .destinationCatalog(let value): destinationCatalog = destinationCatalog ?? value
        case .errorTrace(let value): firstErrorTrace = firstErrorTrace ?? value
        case .control(let connectorConfig): lastConnectorConfig = connectorConfig ?? lastConnectorConfig
        case .log(let log):
            lastLines.append(log)
            if log.level == .fatal || log.level == .error { note(log.message) }
        case .otherTrace, .record, .state: break
        }
    }

    /// Keeps the last that has anything to say, unless it is too long to be kept.
    private mutating func note(_ fatalOrErrorMessage: String) {
        guard fatalOrErrorMessage.utf8.count <= MessageDecoder.maximumQuotedBytes,
            !fatalOrErrorMessage.isBlank
        else { return }
        lastFatalOrErrorMessage = fatalOrErrorMessage
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

    /// The operation's result where it stands behind text on its line: the last such line counts. Nil where the
    /// connector brought a proper result.
    ///
    /// For the end of the output only: before that, a proper result can still come.
    public func salvagedResult(for operation: Operation) -> SalvagedResult? {
        guard result(for: operation) == nil else { return nil }
        return operation.resultTypes.lazy.compactMap { salvaged[$0] }.first
    }

    /// What the connector wrote in place of the operation's result, the last of it; nil where there is a result, or
    /// nothing that looks like one.
    public func resultFlaw(for operation: Operation) -> ResultFlaw? {
        result(for: operation) == nil ? flaws.last(of: operation.resultTypes) : nil
    }

    /// The first line of the last `LOG` message of level FATAL or ERROR: the reason of a failure whose trace cannot be
    /// read.
    ///
    /// - Parameter masked: hides the secrets of a text. It gets the whole message, since a secret can go beyond a line.
    public func lastFatalOrErrorLine(masked: (String) -> String) -> String? {
        lastFatalOrErrorMessage.flatMap { masked($0).firstLineWithText }
    }
}

extension ProtocolMessage {
    fileprivate var bearsOnJobOutput: Bool {
        switch self {
        case .spec, .connectionStatus, .catalog, .destinationCatalog, .control: true
        case .log, .errorTrace, .otherTrace, .record, .state: false
        }
    }

    /// The result that the message brings, if any.
    fileprivate var result: (MessageType, OperationResult)? {
        switch self {
        case .spec(let value): (.spec, .spec(value))
        case .connectionStatus(let value): (.connectionStatus, .connectionStatus(value))
        case .catalog(let value): (.catalog, .catalog(value))
        case .destinationCatalog(let value): (.destinationCatalog, .destinationCatalog(value))
        case .log, .errorTrace, .otherTrace, .control, .record, .state: nil
        }
    }
}

extension String {
    /// The first line that is not blank, white space around it left out.
    var firstLineWithText: String? {
        let line = unicodeScalars.drop(while: \.properties.isWhitespace).prefix { $0 != "\n" && $0 != "\r" }
        guard let end = line.lastIndex(where: { !$0.properties.isWhitespace }) else { return nil }
        return String(line[...end])
    }

    fileprivate var isBlank: Bool { unicodeScalars.allSatisfy(\.properties.isWhitespace) }
}
