@testable import AirbyteProtocol

/// What is taken for a message is one in the eyes of an independent reader, and the plainest messages are taken.
///
/// Two exceptions, on purpose: an error trace can be read although it is not JSON, and white space may be zero bytes.
enum DecoderFuzzer {
    static func check(
        _ line: [UInt8],
        decode: ([UInt8]) -> DecodedLine = { MessageDecoder().decode($0) }
    ) throws {
        let decoded = decode(line)
        let start = MessageSpace.leading(in: line.span.bytes)
        let first = try? JSONDocument(parsing: Array(line[start...]), trailing: .ignored).root
        switch decoded {
        case .message(.errorTrace) where first?.kind != .object: break
        case .message(let message):
            guard let first else { throw Violation(description: "a message is not JSON") }
            try check(message, Array(first.rawJSON))
        case .dropped: try require(first?.kind == .object, "a line without an object was dropped")
        case .notAMessage(_, let text, _):
            try require(text.utf8.count <= MessageDecoder.maximumQuotedBytes + 40, "a quotation is too long")
        case .salvaged: throw Violation(description: "a line's first value was salvaged")
        }
        if let expected = plainMessage(line) {
            try require(decoded == .message(expected), "a plain \(expected) was taken for \(decoded)")
        }
    }

    private static func check(_ message: ProtocolMessage, _ text: [UInt8]) throws {
        guard let peer = JSONPeer.value(text) else {
            return try require(JSONPeer.mayTakeLess(text), "Foundation refuses a message")
        }
        guard let object = peer as? [String: Any] else {
            throw Violation(description: "a message is not an object")
        }
        // Of two members of a name, Foundation may have the other one.
        let names = (try JSONDocument(parsing: text)).root.members.map { $0.key.string ?? "" }
        guard names.filter({ $0 == "type" }).count == 1 else { return }
        let type = object["type"] as? String
        try require(type == message.type.rawValue, "a message of type \(type ?? "none") is a \(message.type)")
    }

    /// A message that nobody could take for anything else.
    private static func plainMessage(_ line: [UInt8]) -> ProtocolMessage? {
        guard !line.contains(0), String(validating: line, as: UTF8.self) != nil, !JSONPeer.mayTakeMore(line),
            let object = JSONPeer.value(line) as? [String: Any], object.count == 2,
            let document = try? JSONDocument(parsing: line), hasUniqueNames(document.root)
        else { return nil }
        switch object["type"] as? String {
        case "LOG":
            guard let log = object["log"] as? [String: Any], log.count == 2,
                let level = (log["level"] as? String).flatMap(LogLevel.init(rawValue:)),
                let message = log["message"] as? String
            else { return nil }
            return .log(ConnectorLog(level: level, message: message))
        case "CONNECTION_STATUS":
            guard let status = object["connectionStatus"] as? [String: Any], status.count == 2,
                let word = status["status"] as? String, word == "SUCCEEDED" || word == "FAILED",
                let message = status["message"] as? String
            else { return nil }
            return .connectionStatus(
                ConnectionStatus(status: word == "FAILED" ? .failed : .succeeded, message: message)
            )
        default: return nil
        }
    }

    private static func hasUniqueNames(_ value: JSONValue) -> Bool {
        let names = value.members.map { $0.key.string ?? "" }
        return Set(names).count == names.count && value.members.allSatisfy { hasUniqueNames($0.value) }
    }
}

extension ProtocolMessage {
    fileprivate var type: MessageType {
        switch self {
        case .log: .log
        case .spec: .spec
        case .connectionStatus: .connectionStatus
        case .catalog: .catalog
        case .destinationCatalog: .destinationCatalog
        case .errorTrace, .otherTrace: .trace
        case .control: .control
        case .record: .record
        case .state: .state
        }
    }
}
