import AirbyteProtocol
import Text

/// A trace for programs: a JSON object a line, the last of which sums up.
enum TraceJSON {
    static func line(_ entry: TraceFile.Entry) -> [UInt8] {
        line { writer in
            writer.member("microseconds", Int64(entry.time))
            switch entry.event {
            case .entered(let call, let waited, let count):
                writer.member("event", "entered")
                writer.member("call", call)
                writer.member("waited", waited)
                writer.member("result", Int64(count))
            case .submitted(let operation, let detail):
                writer.member("event", "submitted")
                members(of: operation, to: &writer)
                writer.member("detail", detail)
            case .completed(let operation, let result):
                writer.member("event", "completed")
                members(of: operation, to: &writer)
                writer.member("result", result)
            case .cancelled(let operation):
                writer.member("event", "cancelled")
                members(of: operation, to: &writer)
            case .readAtOnce(let source, let descriptor, let detail, let result):
                writer.member("event", "readAtOnce")
                writer.member("source", source)
                writer.member("descriptor", Int64(descriptor))
                writer.member("detail", detail)
                writer.member("result", result)
            case .timer(let detail):
                writer.member("event", "alarm")
                writer.member("detail", detail)
            case .note(let text):
                writer.member("event", "note")
                writer.member("detail", text)
            }
        }
    }

    static func line(_ summary: TraceSummary, skipped: Int) -> [UInt8] {
        line { writer in
            writer.member("event", "summary")
            writer.member("microseconds", Int64(summary.duration))
            writer.member("lines", Int64(summary.lines))
            writer.member("skippedLines", Int64(skipped))
            writer.member("waits", Int64(summary.waits))
            writer.member("waitedMicroseconds", Int64(summary.waited))
            writer.member("longestWorkMicroseconds", Int64(summary.longestWork))
            writer.key("sources")
            writer.beginArray()
            for name in summary.order {
                guard let source = summary.sources[name] else { continue }
                writer.beginObject()
                writer.member("source", name)
                writer.member("started", Int64(source.submissions))
                writer.member("ended", Int64(source.completions))
                writer.member("cancelled", Int64(source.cancellations))
                writer.member("errors", Int64(source.errors))
                writer.member("bytes", Int64(source.bytes))
                writer.endObject()
            }
            writer.endArray()
        }
    }

    private static func members(of operation: TraceLine.Operation, to writer: inout JSONWriter) {
        if !operation.name.isEmpty { writer.member("operation", operation.name) }
        writer.member("source", operation.source)
        writer.member("descriptor", Int64(operation.descriptor))
        writer.member("serial", Int64(operation.serial))
    }

    private static func line(_ members: (inout JSONWriter) -> Void) -> [UInt8] {
        JSONWriter.object(members).escapingDisturbancesInJSON + [UInt8(ascii: "\n")]
    }
}
