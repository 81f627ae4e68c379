/// What a connector wrote that was to be its result and is none: it tells people why there is no result.
public enum ResultFlaw: Hashable, Sendable, CustomStringConvertible {
    /// A line that is no message names the type.
    case malformedLine(MessageType)
    /// A message of the type lacks a member, such as the list of a catalog.
    case incomplete(IncompleteMessage)

    /// A clause for people that can follow a colon: `a CATALOG was seen in a malformed line`.
    public var description: String {
        switch self {
        case .malformedLine(let type): "a \(type.rawValue) was seen in a malformed line"
        case .incomplete(let message): "a \(message.description) was seen"
        }
    }
}

/// The last flaw of each kind of result.
struct ResultFlaws: Hashable, Sendable {
    private var flaws: [MessageType: ResultFlaw] = [:]
    /// The types that have a flaw, the one that was seen last at the end.
    private var order: [MessageType] = []

    /// The flaw that was seen last among those of some types.
    func last(of types: [MessageType]) -> ResultFlaw? {
        order.last(where: types.contains).flatMap { flaws[$0] }
    }

    mutating func note(_ message: IncompleteMessage) {
        guard let type = message.type, Self.resultTypes.contains(type) else { return }
        note(.incomplete(message), type)
    }

    mutating func note(malformed named: NamedTypes) {
        if named.isEmpty { return }
        for type in Self.resultTypes where named.contains(NamedTypes(type)) {
            note(.malformedLine(type), type)
        }
    }

    private mutating func note(_ flaw: ResultFlaw, _ type: MessageType) {
        flaws[type] = flaw
        order.removeAll { $0 == type }
        order.append(type)
    }

    private static let resultTypes = Operation.allCases.flatMap(\.resultTypes)
}
