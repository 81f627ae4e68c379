import AirbyteProtocol
import Text

/// For machines: one JSON object per line, the event in the shape of the platform's log store, and the members
/// that tell which job it belongs to. Characters that disturb a terminal are escaped.
struct JSONLogFormatter: LogFormatter {
    /// What stands behind each event's own members, up to the object's end and the line's.
    private let rest: [UInt8]
    /// The time of the last event, and what stands before its message: of many lines, most have the same.
    private var time: Int64?
    private var head: [UInt8] = []
    /// What stands behind the messages of events without a caller.
    private var tails = EventTexts()

    /// - Parameter context: names and values that every event carries.
    init(context: [(name: String, value: String)]) {
        let members = JSONWriter.object { writer in
            for (name, value) in context { writer.member(name, value) }
        }.escapingDisturbancesInJSON
        rest = (context.isEmpty ? [] : [UInt8(ascii: ",")]) + members.dropFirst() + [UInt8(ascii: "\n")]
    }

    mutating func format(_ event: JobLogEvent, _ message: Span<UInt8>, into output: inout [UInt8]) {
        if event.timestamp != time {
            time = event.timestamp
            head = event.jsonHead
        }
        output += head
        output.append(escapedForConsole: message)
        let rest = rest
        if event.caller == nil {
            output += tails.text(of: event) { Self.tail(of: event, rest) }
        } else {
            output += Self.tail(of: event, rest)
        }
    }

    mutating func format(_ event: JobLogEvent, _ summary: WorkloadSummary, into output: inout [UInt8]) {
        format(event, summary.text.utf8.span, into: &output)
        // The object's end and the line's.
        output.removeLast(2)
        output += Array(",\"summary\":".utf8) + summary.json + Array("}\n".utf8)
    }

    private static func tail(of event: JobLogEvent, _ rest: [UInt8]) -> [UInt8] {
        event.jsonTail.escapingDisturbancesInJSON.dropLast() + rest
    }
}

extension JobLogEvent {
    /// The event as an object in the shape of the platform's log store.
    func json(_ message: Span<UInt8>) -> [UInt8] {
        var json = jsonHead
        json.append(escapedForJSON: message)
        return json + jsonTail
    }

    /// The object's beginning, as far as to the opening quote of the message.
    fileprivate var jsonHead: [UInt8] { Array("{\"timestamp\":\(timestamp),\"message\":\"".utf8) }

    /// The object's end, from the closing quote of the message on.
    fileprivate var jsonTail: [UInt8] {
        let members = JSONWriter.object { writer in
            writer.member("level", level.platformName)
            writer.member("logSource", source.rawValue)
            guard let caller else { return }
            writer.key("caller")
            writer.beginObject()
            writer.member("className", caller.typeName)
            writer.member("methodName", caller.methodName)
            writer.member("lineNumber", Int64(caller.line))
            writer.member("threadName", "main")
            writer.endObject()
        }
        return Array("\",".utf8) + members.dropFirst()
    }
}

extension JobLogEvent.Caller {
    /// A file is named after its main type.
    fileprivate var typeName: String {
        let name = file.split(separator: "/").last ?? ""
        return String(name.split(separator: ".").first ?? "")
    }

    fileprivate var methodName: String {
        String(function.split(separator: "(", maxSplits: 1).first ?? "")
    }
}
