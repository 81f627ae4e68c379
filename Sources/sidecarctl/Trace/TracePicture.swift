import Text

/// A trace as an SVG: a lane for the loop's work, and one for each source of events.
struct TracePicture {
    /// The most marks that are drawn: viewers get slow, and a picture of more shows nothing.
    private static let maxMarks = 20_000
    private static let maxLanes = 40

    private static let labelWidth = 180.0
    private static let plotWidth = 1_000.0
    /// For half of the last time.
    private static let right = 60.0
    private static let laneHeight = 26.0
    private static let top = 56.0

    /// From one time to another, in microseconds.
    private struct Mark {
        var lane: Int
        var start: Int
        var end: Int
        var color: String
        var title: String
    }

    private var marks: [Mark] = []
    /// The first lane is the loop's.
    private var lanes = ["loop"]
    private var laneNumbers: [String: Int] = [:]
    /// When operations that are under way began. A lost completion leaves one behind, so they are bounded too.
    private var open: [Int: (start: Int, detail: String)] = [:]
    private var isCut = false
    /// When the loop's present work began.
    private var workStart = 0
    private var last = 0

    mutating func note(_ entry: TraceFile.Entry) {
        switch entry.event {
        case .entered(_, true, _):
            add(Mark(lane: 0, start: workStart, end: last, color: "#4878a8", title: "work"))
            workStart = entry.time
        case .submitted(let operation, let detail):
            if open.count < Self.maxMarks { open[operation.serial] = (entry.time, detail) }
        case .completed(let operation, let result): end(operation, entry.time, result)
        case .cancelled(let operation): end(operation, entry.time, "cancelled")
        case .readAtOnce(let source, _, let detail, let result):
            add(source, from: entry.time, to: entry.time, "pread \(detail)", result)
        case .entered, .timer, .note: break
        }
        last = entry.time
    }

    private mutating func end(_ operation: TraceLine.Operation, _ time: Int, _ result: String) {
        // A multishot poll goes on: what follows begins with the event before.
        let begin = open[operation.serial]
        open[operation.serial] = (time, begin?.detail ?? "")
        let title = "\(operation.name) #\(operation.serial) \(begin?.detail ?? "")"
        add(operation.source, from: begin?.start ?? time, to: time, title, result)
        if result == "cancelled" { open[operation.serial] = nil }
    }

    private mutating func add(
        _ source: String,
        from start: Int,
        to end: Int,
        _ title: String,
        _ result: String
    ) {
        guard let lane = lane(source) else { return }
        let color = result.hasPrefix("-") ? "#c0392b" : result == "cancelled" ? "#999999" : "#3a9a5c"
        add(Mark(lane: lane, start: start, end: end, color: color, title: "\(title) → \(result)"))
    }

    private mutating func lane(_ source: String) -> Int? {
        if let number = laneNumbers[source] { return number }
        guard lanes.count < Self.maxLanes else {
            isCut = true
            return nil
        }
        lanes.append(source)
        laneNumbers[source] = lanes.count - 1
        return lanes.count - 1
    }

    private mutating func add(_ mark: Mark) {
        guard marks.count < Self.maxMarks else {
            isCut = true
            return
        }
        marks.append(mark)
    }

    /// The picture.
    func svg(_ summary: TraceSummary) -> String {
        let height = Self.top + Double(lanes.count) * Self.laneHeight + 40
        let width = Self.labelWidth + Self.plotWidth + Self.right
        let end = max(1, marks.reduce(summary.duration) { isCut ? max($0, $1.end) : $0 })
        var lines = [
            """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Self.text(width))" height="\(Self.text(height))" \
            viewBox="0 0 \(Self.text(width)) \(Self.text(height))" font-family="sans-serif" font-size="12">
            """,
            "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
            "<text x=\"10\" y=\"22\" font-size=\"15\">\(Self.escaped(heading(summary)))</text>",
        ]
        lines += ticks(end, bottom: height - 40)
        for (number, name) in lanes.enumerated() {
            let y = Self.top + Double(number) * Self.laneHeight
            lines.append(
                "<text x=\"10\" y=\"\(Self.text(y + 16))\">\(Self.escaped(name.shortened(to: 24)))</text>"
            )
            lines.append(
                """
                <line x1="\(Self.text(Self.labelWidth))" x2="\(Self.text(Self.labelWidth + Self.plotWidth))" \
                y1="\(Self.text(y + 24))" y2="\(Self.text(y + 24))" stroke="#eeeeee"/>
                """
            )
        }
        lines += marks.map { rectangle($0, end) }
        return (lines + ["</svg>"]).joined(separator: "\n") + "\n"
    }

    private func heading(_ summary: TraceSummary) -> String {
        let cut = isCut ? "; the picture shows the first \(marks.count) intervals" : ""
        return """
            \(TraceText.seconds(summary.duration)) s, \(counted(summary.waits, "wait")), at most \
            \(TraceText.milliseconds(summary.longestWork)) ms of work at a time\(cut)
            """
    }

    /// Ten marks of time.
    private func ticks(_ end: Int, bottom: Double) -> [String] {
        (0...10).map { tick in
            let time = end * tick / 10
            let x = Self.text(Self.x(time, end))
            return """
                <line x1="\(x)" x2="\(x)" y1="\(Self.text(Self.top - 8))" y2="\(Self.text(bottom))" stroke="#dddddd"/>\
                <text x="\(x)" y="\(Self.text(bottom + 16))" text-anchor="middle" fill="#666666">\
                \(TraceText.seconds(time))</text>
                """
        }
    }

    private func rectangle(_ mark: Mark, _ end: Int) -> String {
        let start = Self.x(mark.start, end)
        // An event of no length is still to be seen.
        let width = max(1.2, Self.x(mark.end, end) - start)
        let y = Self.top + Double(mark.lane) * Self.laneHeight
        // Of an operation, its end is what matters: a poll waits nearly all the time.
        let isWork = mark.lane == 0
        let end = isWork ? "" : Self.tick(start + width, y, mark.color)
        let times = "\(TraceText.seconds(mark.start)) to \(TraceText.seconds(mark.end)) s"
        return """
            <rect x="\(Self.text(start))" y="\(Self.text(y + 3))" width="\(Self.text(width))" height="18" \
            fill="\(mark.color)" fill-opacity="\(isWork ? "0.9" : "0.2")"><title>\(Self.escaped(mark.title)): \(times)</title></rect>\
            \(end)
            """
    }

    private static func tick(_ x: Double, _ y: Double, _ color: String) -> String {
        """
        <rect x="\(text(x - 1.2))" y="\(text(y + 3))" width="1.2" height="18" fill="\(color)"/>
        """
    }

    private static func x(_ time: Int, _ end: Int) -> Double {
        labelWidth + plotWidth * Double(min(time, end)) / Double(end)
    }

    /// A number with one decimal at most.
    private static func text(_ number: Double) -> String {
        let tenths = Int((number * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.escapingControlCharacters() {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
