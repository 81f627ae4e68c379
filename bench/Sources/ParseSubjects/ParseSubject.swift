/// A program that reads a connector's output, for comparison.
public protocol ParseSubject {
    init()

    /// Takes the output's next bytes, cut anywhere. `ParseSubjects.padding` bytes behind them are readable.
    mutating func read(_ chunk: RawSpan)

    /// Ends the output.
    mutating func finish() -> ParseOutcome
}

/// What a subject found: enough to see that all of them have read the same.
public struct ParseOutcome: Hashable, Sendable, Codable {
    /// Lines that are messages; nil where the subject does not tell.
    public var messages: Int?
    /// Other lines; nil where the subject does not tell.
    public var others: Int?
    /// Whether the result of a discover was among the messages; nil where the subject does not tell.
    public var hasCatalog: Bool?

    public init(messages: Int? = nil, others: Int? = nil, hasCatalog: Bool? = nil) {
        self.messages = messages
        self.others = others
        self.hasCatalog = hasCatalog
    }
}

/// All of them, by name.
public enum ParseSubjects: String, CaseIterable, Hashable, Sendable, Codable {
    /// The sidecar's own reader: repair, validation, schema, transcript and events to log.
    case ours
    /// FoundationEssentials' `JSONDecoder`, each line into structs that have no place for schemas: what it does fastest.
    case foundationCodable = "foundation-codable"
    /// The same into a generic JSON value: what it takes to pass schemas on.
    case foundationValue = "foundation-value"
    /// simdjson's DOM, in C++.
    case simdjsonDOM = "simdjson-dom"
    /// Only the newlines are found: what reading and cutting cost by themselves.
    case linesOnly = "lines-only"

    /// What simdjson reads beyond a text.
    public static let padding = 64

    public var type: any ParseSubject.Type {
        switch self {
        case .ours: OurParser.self
        case .foundationCodable: FoundationParser<WireMessage>.self
        case .foundationValue: FoundationParser<GenericJSON>.self
        case .simdjsonDOM: SimdjsonDOMParser.self
        case .linesOnly: LineCounter.self
        }
    }
}
