/// What a place in a message is good for.
enum MessageRole: Sendable {
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

    /// - Parameter path: the names of the members that lead to the place, `*` for a list's elements.
    init(of path: [String]) {
        switch path {
        case ["spec"]: self = .spec
        case ["catalog"]: self = .catalog
        case ["catalog", "streams"]: self = .streams
        case ["catalog", "streams", "*"]: self = .stream
        case ["destination_catalog"]: self = .destinationCatalog
        case ["destination_catalog", "operations"]: self = .operations
        case ["destination_catalog", "operations", "*"]: self = .operation
        case ["catalog", "streams", "*", "name"], ["destination_catalog", "operations", "*", "object_name"]:
            self = .elementName
        case ["destination_catalog", "operations", "*", "sync_mode"]: self = .elementMode
        case ["catalog", "streams", "*", "json_schema"],
            ["destination_catalog", "operations", "*", "json_schema"]:
            self = .elementSchema
        case ["control", "connectorConfig", "config"]: self = .configuration
        default: self = .plain
        }
    }
}
