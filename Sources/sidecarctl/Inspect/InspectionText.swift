import AirbyteProtocol
import Text
import Workload

/// An inspection for people.
struct InspectionText {
    let screen: Screen
    let showsBodies: Bool
    private var style: Style { screen.style }

    func show(_ inspection: Inspection) throws(Failure) {
        let input = inspection.input
        let image = input.launcher.dockerImage.map { " of \($0)" } ?? " of a \(input.connectorKind.rawValue)"
        let workload = input.workloadID.isEmpty ? "" : ", workload \(input.workloadID)"
        try screen.line(style.heading(shown("\(input.operation.rawValue.uppercased())\(image)\(workload)")))
        try screen.line()
        try screen.field("Output", output(inspection))
        try screen.field("Ending", ending(inspection))
        let look: Style.Look = inspection.isResult ? .good : .bad
        try screen.field("Verdict", style.paint(shown(inspection.plan.summary?.text ?? ""), look))
        if let type = inspection.plan.failureType { try screen.field("Failure", type.rawValue) }
        try screen.field("Exit code", "\(inspection.plan.exitStatus)")
        try show(inspection.explanations, inspection.lines)
        try showWarnings(inspection.catalogFindings)
        if let output = inspection.jobOutput {
            try screen.section("Job output")
            try screen.show(output.content)
        }
        try screen.section("Calls, in order, heartbeats left out")
        try show(inspection.calls)
    }

    func show(_ rejected: RejectedInput) throws(Failure) {
        try screen.field("Verdict", style.paint(shown(rejected.problem), .bad))
        try screen.field("Exit code", "\(ExitStatus.failure)")
        try screen.section("Calls, in order")
        try show([rejected.call])
    }

    private func shown(_ text: String) -> String { text.escapingControlCharacters() }

    private func output(_ inspection: Inspection) -> String {
        var kinds = MessageType.allCases.compactMap { type in
            inspection.lines.messages[type].map { "\($0) \(type.rawValue)" }
        }
        if inspection.lines.textLines > 0 { kinds.append("\(inspection.lines.textLines) text") }
        if inspection.lines.total > 0 { kinds.append("\(inspection.lines.total) malformed") }
        let size = "\(inspection.byteCount) bytes in \(counted(inspection.lineCount, "line"))"
        return
            "\(inspection.subject.outputName): \(size)\(kinds.isEmpty ? "" : ": ")\(kinds.joined(separator: ", "))"
    }

    private func ending(_ inspection: Inspection) -> String {
        if inspection.hasEnded { return shown(inspection.ending.description) }
        let note =
            "There is no exit code yet: the sidecar waits. Shown is what it does if the connector is lost"
        return style.paint(note, .warning)
    }

    private func show(_ explanations: [LineExplanation], _ lines: LineFindings) throws(Failure) {
        guard !explanations.isEmpty else { return }
        let more =
            lines.total > explanations.count ? ", the first \(explanations.count) of \(lines.total)" : ""
        try screen.section("Lines that do not count as messages\(more)")
        for explanation in explanations {
            let place = style.paint("line \(explanation.line), byte \(explanation.offset)", .warning)
            try screen.line("  \(place): \(shown(explanation.problem))")
            if let excerpt = explanation.excerpt { try screen.line("    \(style.paint(excerpt, .faint))") }
        }
    }

    private func showWarnings(_ findings: CatalogInspection?) throws(Failure) {
        guard let findings, findings.total > 0 else { return }
        try screen.section("Warnings about the catalog (\(findings.total))")
        for finding in findings.findings { try screen.line("  \(shown(finding.text))") }
    }

    private func show(_ calls: [PlannedCall]) throws(Failure) {
        for (index, call) in calls.enumerated() {
            let size = call.byteCount.map { "\($0) bytes" } ?? "parts come from an answer"
            let number = "\(index + 1)".paddedLeft(to: 3)
            try screen.line(
                "\(number) \(call.method.padded(to: 4)) \(style.paint(call.path, .accent))  \(style.paint(size, .faint))"
            )
            if showsBodies { try screen.show(call.body) }
        }
    }
}
