import Scheduling

/// What happens in a run, told a line at a time. Costs nothing where nobody listens.
package final class Story {
    /// In order: since the start, who, what.
    package private(set) var lines: [String] = []
    private let timeline: Timeline
    private let isTold: Bool

    init(_ timeline: Timeline, isTold: Bool) {
        self.timeline = timeline
        self.isTold = isTold
    }

    func tell(_ who: String, _ what: @autoclosure () -> String) {
        guard isTold else { return }
        let milliseconds = timeline.elapsed.nanoseconds / 1_000_000
        let fraction = String(milliseconds % 1_000 + 1_000).dropFirst()
        let time = "\(milliseconds / 1_000).\(fraction)"
        let indent = String(repeating: " ", count: max(0, 9 - time.count))
        lines.append("\(indent)\(time) s  \(who.padded(to: 9))  \(what())")
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
