/// What a connector's output gives to log, in the output's order. All texts lie in one buffer: most outputs are a flood of
/// log lines, and none of them is to take memory of its own.
public struct TranscriptEvents {
    public enum Kind: Hashable, Sendable {
        /// A `LOG` message, its stack trace below it.
        case connectorLog(LogLevel)
        /// See `TranscriptEvent`.
        case plainLine
        case suspectedRecord
        case dropped
    }

    private struct Entry {
        var kind: Kind
        /// How many bytes of the text are the stack trace; nil where there is none.
        var stackTrace: Int?
        /// Where the text ends in `text`.
        var end: Int
    }

    private var text: [UInt8] = []
    private var entries: [Entry] = []

    /// The configurations that the connector asks the platform to store. There is nothing to log: what they hold is secret.
    public private(set) var configurations: [JSONValue] = []

    /// Is told what each line is, and where it stands, in the output's order. For tools: the sidecar has none.
    public var observer: ((LinePosition, DecodedLine) -> Void)?

    /// A buffer up to this size is kept for the next events; a chunk's lines hardly need more.
    private static let keptCapacity = 256 * 1_024

    public init() {}

    /// Whether there is nothing to log.
    public var isEmpty: Bool { entries.isEmpty }

    /// Calls `body` for each event with its text, a span for that call only: a message with its stack trace below it, a
    /// line, the reason why one was dropped.
    public func forEach(_ body: (Kind, Span<UInt8>) -> Void) {
        var start = 0
        for entry in entries {
            body(entry.kind, text.span.extracting(start..<entry.end))
            start = entry.end
        }
    }

    /// The events one by one.
    public var list: [TranscriptEvent] {
        var start = 0
        return entries.map { entry in
            defer { start = entry.end }
            let text = text[start..<entry.end]
            switch entry.kind {
            case .connectorLog(let level):
                return .connectorLog(ConnectorLog(level, text, stackTraceLength: entry.stackTrace))
            case .plainLine: return .plainLine(String(decoding: text, as: UTF8.self))
            case .suspectedRecord: return .suspectedRecord
            case .dropped: return .dropped(reason: String(decoding: text, as: UTF8.self))
            }
        }
    }

    mutating func append(_ kind: Kind, _ text: RawSpan) {
        unsafe text.withUnsafeBytes { unsafe self.text.append(contentsOf: $0) }
        entries.append(Entry(kind: kind, end: self.text.count))
    }

    mutating func append(_ kind: Kind, _ text: String = "") {
        self.text.append(contentsOf: text.utf8)
        entries.append(Entry(kind: kind, end: self.text.count))
    }

    mutating func append(_ log: ConnectorLog) {
        text.append(contentsOf: log.textWithStackTrace.utf8)
        entries.append(
            Entry(kind: .connectorLog(log.level), stackTrace: log.stackTrace?.utf8.count, end: text.count)
        )
    }

    mutating func append(configuration: JSONValue) {
        configurations.append(configuration)
    }

    public mutating func removeAll() {
        configurations.removeAll()
        entries.removeAll(keepingCapacity: true)
        text.removeAll(keepingCapacity: text.capacity <= Self.keptCapacity)
    }
}

/// Where a line of the output stands.
public struct LinePosition: Hashable, Sendable {
    /// From 1 on.
    public var number: Int
    /// Of its first byte.
    public var offset: UInt64
}

extension ConnectorLog {
    /// - Parameter text: the message, and below it the stack trace if it has any bytes.
    fileprivate init(_ level: LogLevel, _ text: ArraySlice<UInt8>, stackTraceLength: Int?) {
        let below = stackTraceLength.map { $0 > 0 ? $0 + 1 : 0 } ?? 0
        self.init(
            level: level,
            message: String(decoding: text.dropLast(below), as: UTF8.self),
            stackTrace: stackTraceLength.map { String(decoding: text.suffix($0), as: UTF8.self) }
        )
    }
}
