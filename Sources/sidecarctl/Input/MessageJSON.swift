import AirbyteProtocol
import Workload

/// A line of an output as members of a JSON object.
enum MessageJSON {
    static func write(
        _ position: LinePosition,
        _ line: DecodedLine,
        _ mask: SecretMask,
        to writer: inout JSONWriter
    ) {
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
}
