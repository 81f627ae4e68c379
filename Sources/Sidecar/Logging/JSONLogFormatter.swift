import AirbyteProtocol
import Text

/// For machines: one JSON object per line, the event in the shape of the platform's log store, and the members
/// that tell which job it belongs to. Characters that disturb a terminal are escaped.
struct JSONLogFormatter: LogFormatter {
    /// What stands behind each event's own members, up to the object's end.
    private let rest: [UInt8]

    /// - Parameter context: names and values that every event carries.
    init(context: [(name: String, value: String)]) {
        let members = JSONWriter.object { writer in
            for (name, value) in context { writer.member(name, value) }
        }.escapingDisturbancesInJSON
        rest = (context.isEmpty ? [] : [UInt8(ascii: ",")]) + members.dropFirst()
    }

    func format(_ event: JobLogEvent, into output: inout [UInt8]) {
        output.append(contentsOf: JSONWriter.object(event.write).escapingDisturbancesInJSON.dropLast())
        output.append(contentsOf: rest)
        output.append(UInt8(ascii: "\n"))
    }
}

extension JobLogEvent {
    /// Writes the members of the event's object, in the shape of the platform's log store.
    func write(to writer: inout JSONWriter) {
        writer.member("timestamp", timestamp)
        writer.member("message", message)
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
