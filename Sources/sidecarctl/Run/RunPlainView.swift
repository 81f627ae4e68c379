import Scheduling
import Text

/// Lines: the sidecar's log, the connector's standard error, and the summary.
final class RunPlainView: RunView {
    private let screen: Screen

    init(screen: Screen) {
        self.screen = screen
    }

    func show(_ event: RunEvent, _ record: RunRecord, at moment: Instant) throws(Failure) {
        switch event {
        case .sidecarLine(let line): try screen.line(shown(line))
        case .connectorError(let line):
            try screen.line("\(screen.style.paint("stderr", .warning)) > \(shown(line))")
        case .note(let text): try screen.line("\(screen.style.paint("note", .warning)) > \(shown(text))")
        case .interrupted(let signal):
            try screen.line(screen.style.paint("Ending everything after \(signalName(signal))", .warning))
        case .message, .call, .connectorEnded, .sidecarEnded: break
        }
    }

    private func shown(_ text: String) -> String { text.escapingControlCharacters(keeping: ["\t"]) }

    func flush() throws(Failure) { try screen.flush() }

    func finish(_ summary: RunSummary) throws(Failure) {
        try screen.line()
        try RunSummaryText(screen: screen).show(summary)
    }
}
