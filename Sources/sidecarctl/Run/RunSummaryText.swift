import AirbyteProtocol
import Scheduling
import Text

/// The end of a run for people.
struct RunSummaryText {
    /// A longer job output is cut, in lines.
    private static let maxOutputLines = 40

    let screen: Screen
    private var style: Style { screen.style }

    func show(_ summary: RunSummary) throws(Failure) {
        let record = summary.record
        try screen.line(style.heading(shown(record.job.title)))
        try screen.line()
        try screen.field("Verdict", style.paint(shown(summary.verdict), summary.isGood ? .good : .bad))
        try screen.field("Took", "\(summary.took.secondsText) s")
        try screen.field(
            "Output",
            "\(counted(record.lineCount, "line")), \(counted(record.byteCount, "byte"))"
        )
        try screen.field("Connector", ending(record.connectorExit))
        try screen.field("Sidecar", ending(record.sidecarExit))
        if let workspace = summary.keptWorkspace {
            try screen.field("Workspace", shown(workspace))
            try screen.field("", "look at it: sidecarctl inspect \(shown(workspace))")
        }
        try show(record.timeLine)
        try showOutput(summary)
        try showCatalog(summary)
        for problem in record.violations.texts {
            try screen.line()
            try screen.line(style.paint("Not served: \(shown(problem))", .warning))
        }
    }

    /// Lines under a heading; nothing where there are none.
    func show(_ title: String, _ lines: [String]) throws(Failure) {
        guard !lines.isEmpty else { return }
        try screen.line(style.heading(title))
        for line in lines { try screen.line("  \(shown(line))") }
        try screen.line()
    }

    private func ending(_ code: Int32?) -> String { code.map { "exit code \($0)" } ?? "was not started" }

    private func show(_ timeLine: TimeLine) throws(Failure) {
        try screen.section("Time line")
        for entry in timeLine.entries {
            let time = "\(entry.time.secondsText) s".paddedLeft(to: 13)
            let count = entry.count > 1 ? ", \(entry.count) times" : ""
            try screen.line("\(style.paint(time, .faint))  \(entry.text)\(count)")
        }
    }

    private func showOutput(_ summary: RunSummary) throws(Failure) {
        guard let output = summary.record.jobOutput else { return }
        try screen.section("Job output")
        guard let document = output.document else {
            return try screen.line("    not shown: a request of \(counted(output.byteCount, "byte"))")
        }
        let content = DocumentPreview.content(of: Array(document.root.rawJSON), summary.mask)
        try screen.show(content, maxLines: Self.maxOutputLines)
    }

    private func showCatalog(_ summary: RunSummary) throws(Failure) {
        guard summary.record.wroteCatalog else { return }
        try screen.section("Catalog")
        try screen.line("    \(shown(summary.record.catalog ?? "written"))")
        let hint =
            summary.keptWorkspace.map { "sidecarctl catalog \(shown($0))" }
            ?? "add --keep, then sidecarctl catalog DIR"
        try screen.line("    look at it: \(hint)")
    }

    private func shown(_ text: String) -> String { text.escapingControlCharacters() }
}
