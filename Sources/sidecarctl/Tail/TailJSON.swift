import AirbyteProtocol
import Text
import Workload

/// Messages for programs: a JSON object a line.
final class TailJSON: TailView {
    private let screen: Screen

    init(screen: Screen) {
        self.screen = screen
    }

    func show(_ position: LinePosition, _ line: DecodedLine, _ mask: SecretMask) throws(Failure) {
        try write { writer in
            writer.member("line", Int64(position.number))
            writer.member("byte", Int64(clamping: position.offset))
            switch line {
            case .message(let message):
                writer.member("type", message.type.rawValue)
                Self.members(of: message, mask, to: &writer)
            case .dropped(let message): writer.member("skipped", message.description)
            case .notAMessage(looksLikeRecord: true, _, _): writer.member("skipped", "looks like a record")
            case .notAMessage(_, let text, _):
                writer.member(line.isMeantAsMessage ? "broken" : "text", mask.shown(text))
            case .salvaged(let message, _): writer.member("behindText", message.type.rawValue)
            }
        }
    }

    private static func members(of message: ProtocolMessage, _ mask: SecretMask, to writer: inout JSONWriter)
    {
        switch message {
        case .log(let log):
            writer.member("level", log.level.rawValue)
            writer.member("message", mask.shown(log.message))
            writer.member("stackTrace", log.stackTrace.map(mask.shown))
        case .errorTrace(let trace):
            writer.member("failureType", trace.failureType?.rawValue)
            writer.member("message", trace.message.map(mask.shown))
            writer.member("internalMessage", trace.internalMessage.map(mask.shown))
            writer.member("stackTrace", trace.stackTrace.map(mask.shown))
        case .connectionStatus(let status):
            writer.member("status", status.status.rawValue)
            writer.member("message", status.message.map(mask.shown))
        case .catalog, .destinationCatalog, .spec, .control, .otherTrace, .record, .state: break
        }
    }

    func note(_ text: String) throws(Failure) { try write { $0.member("note", text) } }

    func end(_ exit: ConnectorExit?) throws(Failure) {
        try write { writer in
            switch exit {
            case .code(let code): writer.member("exitCode", Int64(code))
            case .unusable(let problem): writer.member("exitCodeProblem", problem)
            case nil: break
            }
        }
    }

    func flush() throws(Failure) { try screen.flush() }

    private func write(_ members: (inout JSONWriter) -> Void) throws(Failure) {
        try screen.write(JSONWriter.object(members).escapingDisturbancesInJSON + [UInt8(ascii: "\n")])
    }
}
