import AirbyteProtocol
import Text
import Workload

/// An inspection for programs; docs/SIDECARCTL.md describes it.
enum InspectionJSON {
    static func text(_ inspection: Inspection) -> [UInt8] {
        laidOut { writer in
            let input = inspection.input
            writer.member("path", inspection.subject.path)
            writer.member("workloadId", input.workloadID)
            writer.member("operation", input.operation.rawValue)
            writer.member("connector", input.connectorKind.rawValue)
            writer.member("hasEnded", inspection.hasEnded)
            writer.member("ending", inspection.ending.description)
            write(inspection.lines, inspection, to: &writer)
            writer.key("verdict")
            writer.beginObject()
            writer.member("outcome", inspection.isResult ? "result" : "failure")
            writer.member("summary", inspection.plan.summary?.text)
            writer.member("failureType", inspection.plan.failureType?.rawValue)
            writer.member("exitCode", Int64(inspection.plan.exitStatus))
            writer.endObject()
            writer.key("jobOutput")
            write(inspection.jobOutput?.content ?? .omitted(""), to: &writer)
            write(inspection.calls, to: &writer)
            writer.key("catalogWarnings")
            writer.beginArray()
            for finding in inspection.catalogFindings?.findings ?? [] { writer.string(finding.text) }
            writer.endArray()
        }
    }

    static func text(_ rejected: RejectedInput) -> [UInt8] {
        laidOut { writer in
            writer.member("path", rejected.subject.path)
            writer.key("verdict")
            writer.beginObject()
            writer.member("outcome", "rejected")
            writer.member("summary", rejected.problem)
            writer.member("exitCode", Int64(ExitStatus.failure))
            writer.endObject()
            write([rejected.call], to: &writer)
        }
    }

    private static func laidOut(_ members: (inout JSONWriter) -> Void) -> [UInt8] {
        JSONLayout().text(JSONWriter.object(members).escapingDisturbancesInJSON) + [UInt8(ascii: "\n")]
    }

    private static func write(_ lines: LineFindings, _ inspection: Inspection, to writer: inout JSONWriter) {
        writer.key("output")
        writer.beginObject()
        writer.member("bytes", Int64(inspection.byteCount))
        writer.member("lines", Int64(inspection.lineCount))
        writer.member("textLines", Int64(lines.textLines))
        writer.key("messages")
        writer.beginObject()
        for type in MessageType.allCases {
            writer.member(type.rawValue, lines.messages[type].map(Int64.init))
        }
        writer.endObject()
        writer.member("malformed", Int64(lines.total))
        writer.key("malformedLines")
        writer.beginArray()
        for explanation in inspection.explanations {
            writer.beginObject()
            writer.member("line", Int64(explanation.line))
            writer.member("byte", Int64(clamping: explanation.offset))
            writer.member("lineStart", Int64(clamping: explanation.start))
            writer.member("problem", explanation.problem)
            writer.member("text", explanation.excerpt)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }

    private static func write(_ calls: [PlannedCall], to writer: inout JSONWriter) {
        writer.key("calls")
        writer.beginArray()
        for call in calls {
            writer.beginObject()
            writer.member("api", call.api)
            writer.member("method", call.method)
            writer.member("path", call.path)
            writer.member("bytes", call.byteCount.map(Int64.init))
            writer.key("body")
            write(call.body, to: &writer)
            if case .omitted(let reason) = call.body { writer.member("omitted", reason) }
            writer.endObject()
        }
        writer.endArray()
    }

    private static func write(_ content: PlannedCall.Content, to writer: inout JSONWriter) {
        switch content {
        case .json(let bytes): writer.raw(bytes)
        case .text(let text): writer.string(text)
        case .omitted: writer.null()
        }
    }
}
