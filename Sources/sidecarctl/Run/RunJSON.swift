import AirbyteProtocol
import Scheduling
import Text

/// A run for programs: a JSON object a line.
final class RunJSON: RunView {
    private let screen: Screen

    init(screen: Screen) {
        self.screen = screen
    }

    func show(_ event: RunEvent, _ record: RunRecord, at moment: Instant) throws(Failure) {
        try write { writer in
            switch event {
            case .sidecarLine(let line): Self.begin("sidecar", moment - record.start, text: line, to: &writer)
            case .connectorError(let line):
                Self.begin("stderr", moment - record.start, text: line, to: &writer)
            case .message(let position, let line, let mask):
                Self.begin("message", moment - record.start, to: &writer)
                MessageJSON.write(position, line, mask, to: &writer)
            case .call(let call):
                Self.begin("call", call.arrival - record.start, to: &writer)
                writer.member("method", call.method)
                writer.member("path", call.target)
                writer.member("status", Int64(call.status))
                writer.member("bytes", Int64(call.byteCount))
                writer.member("problem", call.problem)
            case .connectorEnded(let code):
                Self.begin("connectorEnded", moment - record.start, to: &writer)
                writer.member("exitCode", Int64(code))
            case .sidecarEnded(let code):
                Self.begin("sidecarEnded", moment - record.start, to: &writer)
                writer.member("exitCode", Int64(code))
            case .interrupted(let signal):
                Self.begin("interrupted", moment - record.start, to: &writer)
                writer.member("signal", signalName(signal))
            case .note(let text): Self.begin("note", moment - record.start, text: text, to: &writer)
            }
        }
    }

    private static func begin(
        _ event: String,
        _ time: Duration,
        text: String? = nil,
        to writer: inout JSONWriter
    ) {
        writer.member("event", event)
        writer.key("seconds")
        writer.raw(Array(time.secondsText.utf8))
        writer.member("text", text)
    }

    func flush() throws(Failure) { try screen.flush() }

    func finish(_ summary: RunSummary) throws(Failure) {
        let record = summary.record
        try write { writer in
            Self.begin("summary", summary.took, to: &writer)
            writer.member("operation", record.job.operation.rawValue)
            writer.member("success", summary.isSuccess)
            writer.member("verdict", summary.verdict)
            writer.member("lines", Int64(record.lineCount))
            writer.member("bytes", Int64(record.byteCount))
            writer.member("heartbeats", Int64(record.heartbeats))
            writer.member("connectorExitCode", record.connectorExit.map(Int64.init))
            writer.member("sidecarExitCode", record.sidecarExit.map(Int64.init))
            writer.member("catalog", record.wroteCatalog ? record.catalog : nil)
            writer.member("workspace", summary.keptWorkspace)
            if let document = record.jobOutput?.document {
                switch DocumentPreview.content(of: Array(document.root.rawJSON), summary.mask) {
                case .json(let bytes):
                    writer.key("jobOutput")
                    writer.raw(bytes)
                case .text(let text): writer.member("jobOutput", text)
                case .omitted(let reason): writer.member("jobOutputOmitted", reason)
                }
            }
        }
    }

    private func write(_ members: (inout JSONWriter) -> Void) throws(Failure) {
        try screen.write(JSONWriter.object(members).escapingDisturbancesInJSON + [UInt8(ascii: "\n")])
    }
}
