import FoundationEssentials

/// `JSONDecoder` over each line.
struct FoundationParser<Message: Decodable & DecodedMessage>: ParseSubject {
    private struct LineDecoder {
        let decoder = JSONDecoder()
        var messages = 0
        var others = 0
        var hasCatalog = false

        mutating func read(_ line: RawSpan) {
            let data = line.withUnsafeBytes { Data($0) }
            if let type = (try? decoder.decode(Message.self, from: data))?.messageType {
                messages += 1
                if type == "CATALOG" { hasCatalog = true }
            } else {
                others += 1
            }
        }
    }

    private var splitter = LineSplitter()
    private var lines = LineDecoder()

    init() {}

    mutating func read(_ chunk: RawSpan) {
        splitter.append(chunk) { lines.read($0) }
    }

    mutating func finish() -> ParseOutcome {
        splitter.finish { lines.read($0) }
        return ParseOutcome(messages: lines.messages, others: lines.others, hasCatalog: lines.hasCatalog)
    }
}

/// Something that a line was decoded into.
protocol DecodedMessage {
    var messageType: String? { get }
}

/// The protocol's messages as structs, as far as an operation needs them; schemas are left out.
struct WireMessage: Decodable, DecodedMessage {
    struct Log: Decodable {
        var level: String
        var message: String
        var stackTrace: String?

        enum CodingKeys: String, CodingKey {
            case level, message
            case stackTrace = "stack_trace"
        }
    }

    struct ConnectionStatus: Decodable {
        var status: String
        var message: String?
    }

    struct Stream: Decodable {
        var name: String
        var supportedSyncModes: [String]?
        var sourceDefinedCursor: Bool?
        var defaultCursorField: [String]?
        var sourceDefinedPrimaryKey: [[String]]?
        var namespace: String?
        var isResumable: Bool?
        var isFileBased: Bool?

        enum CodingKeys: String, CodingKey {
            case name, namespace
            case supportedSyncModes = "supported_sync_modes"
            case sourceDefinedCursor = "source_defined_cursor"
            case defaultCursorField = "default_cursor_field"
            case sourceDefinedPrimaryKey = "source_defined_primary_key"
            case isResumable = "is_resumable"
            case isFileBased = "is_file_based"
        }
    }

    struct Catalog: Decodable {
        var streams: [Stream]
    }

    var type: String?
    var log: Log?
    var connectionStatus: ConnectionStatus?
    var catalog: Catalog?

    var messageType: String? { type }
}

/// Any JSON value.
indirect enum GenericJSON: Decodable, DecodedMessage {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([GenericJSON])
    case object([String: GenericJSON])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([String: GenericJSON].self) {
            self = .object(value)
        } else if let value = try? container.decode([GenericJSON].self) {
            self = .array(value)
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else {
            self = .number(try container.decode(Double.self))
        }
    }

    var messageType: String? {
        if case .object(let members) = self, case .string(let type)? = members["type"] { type } else { nil }
    }
}
