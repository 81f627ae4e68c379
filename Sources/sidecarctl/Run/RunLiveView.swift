import Scheduling
import Text

/// A few lines on a terminal that are redrawn in place, and the summary.
final class RunLiveView: RunView {
    private static let interval: Duration = .milliseconds(100)

    private let screen: Screen
    private let live: LiveScreen

    init(screen: Screen) {
        self.screen = screen
        live = LiveScreen(screen: screen)
    }

    var refreshInterval: Duration? { Self.interval }

    /// What has happened is seen with the next redrawing.
    func show(_ event: RunEvent, _ record: RunRecord, at moment: Instant) throws(Failure) {}

    func refresh(_ record: RunRecord, at moment: Instant) throws(Failure) {
        try live.draw(lines(record, at: moment))
    }

    func suspend() throws(Failure) { try live.leave() }

    func flush() throws(Failure) { try screen.flush() }

    func finish(_ summary: RunSummary) throws(Failure) {
        try live.leave()
        let record = summary.record
        let text = RunSummaryText(screen: screen)
        if record.report == nil, record.interruption == nil {
            try text.show("The sidecar's last lines", record.sidecarLines.texts)
        }
        if !summary.isSuccess || record.connectorExit != 0 {
            try text.show("The connector's last lines on standard error", record.connectorErrors.texts)
        }
        try text.show(summary)
    }

    private func lines(_ record: RunRecord, at moment: Instant) -> [LiveScreen.Line] {
        var lines: [LiveScreen.Line] = [
            [(record.job.title, .strong), (", \((moment - record.start).clockText)", nil)],
            line("Phase", record.phase),
            line("Output", "\(counted(record.lineCount, "line")), \(counted(record.byteCount, "byte"))"),
        ]
        if let contact = record.lastContact {
            let count = record.heartbeats == 0 ? "announced" : counted(record.heartbeats, "heartbeat")
            lines.append(line("Platform", "\(count), last contact \((moment - contact).clockText) ago"))
        } else {
            lines.append(line("Platform", "not called yet"))
        }
        if let last = record.lastLine {
            var line = line("Last line", "")
            if let level = last.level { line.append((level.rawValue + " ", level.look)) }
            line.append((last.text, nil))
            lines.append(line)
        } else {
            lines.append(line("Last line", "none yet"))
        }
        if let error = record.connectorErrors.texts.last { lines.append(line("Stderr", error)) }
        return lines
    }

    private func line(_ label: String, _ text: String) -> LiveScreen.Line {
        [(label.padded(to: 11), .faint), (text, nil)]
    }
}
