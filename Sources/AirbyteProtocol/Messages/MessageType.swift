/// The protocol's message types, in its spelling; the most frequent ones come first.
public enum MessageType: String, Hashable, Sendable, CaseIterable {
    case log = "LOG"
    case record = "RECORD"
    case state = "STATE"
    case trace = "TRACE"
    case control = "CONTROL"
    case spec = "SPEC"
    case connectionStatus = "CONNECTION_STATUS"
    case catalog = "CATALOG"
    case destinationCatalog = "DESTINATION_CATALOG"
}

extension Operation {
    /// The types of message that bring this operation's result, the one that is used first at the beginning.
    public var resultTypes: [MessageType] {
        switch self {
        case .spec: [.spec]
        case .check: [.connectionStatus]
        case .discover: [.catalog, .destinationCatalog]
        }
    }
}

/// A message that lacks what its type requires.
public struct IncompleteMessage: Hashable, Sendable {
    /// Nil where the type itself is missing.
    public var type: MessageType?
    /// The members that it lacks, for people: `streams`, `level or message`.
    public var missing: String

    /// A message of which not even the type is known.
    static let withoutType = IncompleteMessage(type: nil, missing: "type")

    public init(type: MessageType?, missing: String) {
        self.type = type
        self.missing = missing
    }

    /// One line for people: `CATALOG without streams`.
    public var description: String {
        guard let type else { return "no message type" }
        return "\(type.rawValue) without \(missing)"
    }
}
