import Text

/// A trace for people: a line an event, with the time since the first and since the one before.
struct TraceText {
    let screen: Screen
    private var style: Style { screen.style }

    func show(_ entry: TraceFile.Entry, after gap: Int) throws(Failure) {
        let times = "\(Self.seconds(entry.time).paddedLeft(to: 12)) \(Self.gap(gap).paddedLeft(to: 12))"
        try screen.line("\(style.paint(times, .faint))  \(description(entry.event, gap))")
    }

    private func description(_ event: TraceLine.Event, _ gap: Int) -> String {
        switch event {
        case .entered(let call, true, let count):
            let bar = style.paint("── waited \(Self.seconds(gap)) s", .accent)
            return
                "\(bar), \(call == "epoll_wait" ? counted(count, "event") : "\(count) submitted") (\(call))"
        case .entered(let call, false, let count): return style.paint("── \(call) = \(count)", .faint)
        case .submitted(let operation, let detail):
            return "  \(title(operation))  \(operation.name == "read" ? "read" : "wait for") \(shown(detail))"
        case .completed(let operation, let result): return "  \(title(operation))  \(outcome(result))"
        case .readAtOnce(let source, _, let detail, let result):
            return "  \(shown(source).padded(to: 24))  read \(shown(detail)) \(outcome(result))"
        case .cancelled(let operation): return "  \(title(operation))  cancelled"
        case .timer(let detail): return "  \("alarm".padded(to: 24))  in \(shown(detail))"
        case .note(let text): return style.paint(shown(text), .warning)
        }
    }

    private func outcome(_ result: String) -> String {
        style.paint("→ \(shown(result))", result.hasPrefix("-") ? .bad : .good)
    }

    private func title(_ operation: TraceLine.Operation) -> String {
        "\(shown(operation.source)) #\(operation.serial)".padded(to: 24)
    }

    func show(_ summary: TraceSummary, skipped: Int) throws(Failure) {
        try screen.line()
        try screen.line(
            """
            \(counted(summary.lines, "line")) in \(Self.seconds(summary.duration)) s: \
            \(counted(summary.waits, "wait")) of \(Self.seconds(summary.waited)) s in all, at most \
            \(Self.milliseconds(summary.longestWork)) ms of work at a time
            """
        )
        if skipped > 0 {
            try screen.line(
                style.paint("\(counted(skipped, "line")) skipped, since they are none of a trace", .warning)
            )
        }
        try screen.line()
        try screen.line(style.heading(row("source", ["started", "ended", "cancelled", "errors", "bytes"])))
        for name in summary.order {
            guard let source = summary.sources[name] else { continue }
            let numbers = [
                source.submissions, source.completions, source.cancellations, source.errors, source.bytes,
            ]
            try screen.line(row(shown(name), numbers.map { "\($0)" }))
        }
    }

    private func row(_ name: String, _ cells: [String]) -> String {
        name.padded(to: 20) + cells.map { $0.paddedLeft(to: 11) }.joined()
    }

    private func shown(_ text: String) -> String { text.escapingControlCharacters() }

    /// `2.012698`.
    static func seconds(_ microseconds: Int) -> String {
        let whole = abs(microseconds)
        let fraction = String(whole % 1_000_000)
        let zeros = String(repeating: "0", count: 6 - fraction.count)
        return "\(microseconds < 0 ? "-" : "")\(whole / 1_000_000).\(zeros)\(fraction)"
    }

    /// `0.341`.
    static func milliseconds(_ microseconds: Int) -> String {
        let fraction = String(microseconds % 1_000)
        return "\(microseconds / 1_000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }

    private static func gap(_ microseconds: Int) -> String { "+" + seconds(max(0, microseconds)) }
}
