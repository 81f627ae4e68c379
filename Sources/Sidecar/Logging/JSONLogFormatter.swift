import AirbyteProtocol

/// For machines: one JSON object a line, the event in the shape of the platform's log store, and the members
/// that tell which job it belongs to.
struct JSONLogFormatter: LogFormatter {
    /// Names and values that every event carries.
    var context: [(name: String, value: String)]

    func format(_ event: JobLogEvent, into output: inout [UInt8]) {
        output.append(
            contentsOf: JSONWriter.object { writer in
                writer.member("timestamp", event.timestamp)
                writer.member("message", event.message)
                writer.member("level", event.level.platformName)
                writer.member("logSource", event.source.rawValue)
                if let caller = event.caller {
                    writer.key("caller")
                    writer.beginObject()
                    writer.member("className", caller.typeName)
                    writer.member("methodName", caller.methodName)
                    writer.member("lineNumber", Int64(caller.line))
                    writer.member("threadName", "main")
                    writer.endObject()
                }
                for (name, value) in context { writer.member(name, value) }
            }
        )
        output.append(UInt8(ascii: "\n"))
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
