/// The protocol's schema in a form that can be followed token by token: nodes with numbers.
struct MessageGrammar: Sendable {
    /// What is known of one place in a message.
    struct Node: Sendable {
        var rule: Rule
        var role: Role
        /// Whether a message that was held in memory is looked up there later.
        var isNeeded: Bool
    }

    enum Rule: Sendable {
        case any
        case string
        case number
        case bool
        case oneOf([[UInt8]])
        /// The elements' node.
        case list(Int)
        /// The members' names and nodes; members of other names may be anything.
        case object([(name: [UInt8], node: Int)])
    }

    /// What a place is good for.
    enum Role: Sendable {
        case plain
        /// The specification, which is passed on as it is.
        case spec
        case catalog
        /// The list of a source's streams.
        case streams
        case stream
        case destinationCatalog
        /// The list of a destination's operations.
        case operations
        case operation
        /// The name of a stream or an operation's object.
        case elementName
        case elementMode
        case elementSchema
        /// A new configuration, needed whole.
        case configuration
    }

    private(set) var nodes: [Node] = []

    /// The message itself.
    static let root = 0

    /// The whole message; of its lists nothing is looked up later.
    static let message = MessageGrammar(.message, path: [], needsLists: false)
    /// One stream of a source's catalog.
    static let stream = MessageGrammar(.stream, path: ["catalog", "streams", "*"], needsLists: true)
    /// One operation of a destination's catalog.
    static let operation = MessageGrammar(
        .operation,
        path: ["destination_catalog", "operations", "*"],
        needsLists: true
    )

    private let needsLists: Bool

    private init(_ schema: ProtocolSchema, path: [String], needsLists: Bool) {
        self.needsLists = needsLists
        _ = add(schema, path: path, isNeeded: true)
    }

    private mutating func add(_ schema: ProtocolSchema, path: [String], isNeeded: Bool) -> Int {
        let number = nodes.count
        nodes.append(Node(rule: .any, role: Self.role(of: path), isNeeded: isNeeded))
        switch schema {
        case .any: break
        case .string: nodes[number].rule = .string
        case .number: nodes[number].rule = .number
        case .bool: nodes[number].rule = .bool
        case .oneOf(let names): nodes[number].rule = .oneOf(names.map { Array($0.utf8) })
        case .list(let element):
            let isNeeded = isNeeded && needsLists
            nodes[number].rule = .list(add(element, path: path + ["*"], isNeeded: isNeeded))
        case .object(let known):
            var members: [(name: [UInt8], node: Int)] = []
            for (name, schema) in known {
                let node = add(schema, path: path + [name], isNeeded: isNeeded)
                members.append((Array(name.utf8), node))
            }
            nodes[number].rule = .object(members)
        }
        return number
    }

    private static func role(of path: [String]) -> Role {
        switch path {
        case ["spec"]: .spec
        case ["catalog"]: .catalog
        case ["catalog", "streams"]: .streams
        case ["catalog", "streams", "*"]: .stream
        case ["destination_catalog"]: .destinationCatalog
        case ["destination_catalog", "operations"]: .operations
        case ["destination_catalog", "operations", "*"]: .operation
        case ["catalog", "streams", "*", "name"], ["destination_catalog", "operations", "*", "object_name"]:
            .elementName
        case ["destination_catalog", "operations", "*", "sync_mode"]: .elementMode
        case ["catalog", "streams", "*", "json_schema"],
            ["destination_catalog", "operations", "*", "json_schema"]:
            .elementSchema
        case ["control", "connectorConfig", "config"]: .configuration
        default: .plain
        }
    }
}
