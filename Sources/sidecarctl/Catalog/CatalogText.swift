import AirbyteProtocol
import Text

/// A catalog, or the changes to one, for people.
struct CatalogText {
    let screen: Screen
    private var style: Style { screen.style }

    /// The widest column of names; a longer name pushes its type to the right.
    private static let maxNameWidth = 40

    func show(_ catalog: DiscoveredCatalogFile) throws(Failure) {
        var count = 0
        var columns = 0
        let findings = try catalog.forEach { (stream) throws(Failure) in
            count += 1
            columns += stream.columns.count
            try show(stream)
        }
        let unit = catalog.kind == .source ? "stream" : "operation"
        try screen.line("\(counted(count, unit)), \(counted(columns, "column"))")
        try show(findings)
    }

    private func show(_ stream: StreamSummary) throws(Failure) {
        let modes = stream.syncModes.isEmpty ? "" : "  \(stream.syncModes.joined(separator: ", "))"
        try screen.line(style.heading(shown(stream.title)) + style.paint(shown(modes), .faint))
        if let key = stream.primaryKey.joinedOrNil { try screen.line("  primary key  \(shown(key))") }
        if let cursor = stream.cursorText { try screen.line("  cursor       \(shown(cursor))") }
        if let reason = stream.missingColumns {
            try screen.line("  \(style.paint("columns not shown: \(reason)", .warning))")
        }
        let names = stream.columns.map { shown($0.name) }
        let width = min(Self.maxNameWidth, names.reduce(0) { max($0, $1.count) })
        for (name, column) in zip(names, stream.columns) {
            try screen.line("  \(name.padded(to: width))  \(style.paint(shown(column.type), .accent))")
        }
        try screen.line()
    }

    private func show(_ findings: CatalogInspection) throws(Failure) {
        guard findings.total > 0 else { return }
        try screen.line()
        let shownPart =
            findings.findings.count < findings.total ? ", the first \(findings.findings.count)" : ""
        try screen.line(style.heading("Warnings (\(findings.total)\(shownPart))"))
        for finding in findings.findings {
            try screen.line("  \(style.paint(shown(finding.text), .warning))")
        }
    }

    func show(_ changes: CatalogChanges) throws(Failure) {
        if changes.isEmpty { return try screen.line("The catalogs have the same streams and columns") }
        for stream in changes.removed { try screen.line(style.paint("- \(shown(stream.title))", .bad)) }
        for stream in changes.added {
            let columns = counted(stream.columns.count, "column")
            try screen.line(style.paint("+ \(shown(stream.title))  \(columns)", .good))
        }
        for stream in changes.changed {
            try screen.line("~ \(style.heading(shown(stream.title)))")
            for difference in stream.differences { try show(difference) }
        }
    }

    private func show(_ difference: CatalogChanges.Difference) throws(Failure) {
        let what = ([difference.what] + [difference.name].compactMap { $0 }).joined(separator: " ")
        let values = [difference.old, difference.new].compactMap { $0 }.joined(separator: " → ")
        let (sign, look): (String, Style.Look) =
            switch difference.kind {
            case .added: ("+", .good)
            case .removed: ("-", .bad)
            case .changed: ("~", .warning)
            }
        try screen.line("    \(style.paint("\(sign) \(shown(what)): \(shown(values))", look))")
    }

    private func shown(_ text: String) -> String { text.escapingControlCharacters() }
}
