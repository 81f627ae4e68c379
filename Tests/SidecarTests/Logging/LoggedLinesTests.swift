import AirbyteProtocol
import Testing

@testable import Sidecar

/// What is logged of an output that is read more than once.
@Suite struct LoggedLinesTests {
    /// What is logged of the versions of an output, one after the other.
    private func logged(_ versions: [[String]]) -> [String] {
        var lines = LoggedLines()
        return versions.enumerated().flatMap { number, version in
            if number > 0 { lines.startOver() }
            return version.filter { lines.admit(.plainLine, $0.utf8.span) }
        }
    }

    @Test(arguments: [
        (versions: [["a", "b"]], logged: ["a", "b"]),
        ([["a", "a", "a"]], ["a", "a", "a"]),
        // Rewritten as it was, with more, with less, and in part.
        ([["a", "b"], ["a", "b"]], ["a", "b"]),
        ([["a", "b"], ["a", "b", "c"]], ["a", "b", "c"]),
        ([["a", "b"], ["a"]], ["a", "b"]),
        ([["a", "b", "c"], ["a", "x", "c"]], ["a", "b", "c", "x"]),
        ([["a", "b", "c"], ["x", "b", "c", "y"]], ["a", "b", "c", "x", "y"]),
        // Something else altogether.
        ([["a", "b"], ["x", "y"]], ["a", "b", "x", "y"]),
        // A line counts as often as it was there.
        ([["a", "a"], ["a", "a", "a"]], ["a", "a", "a"]),
        ([["a", "b"], ["b", "b"]], ["a", "b", "b"]),
        // Three times.
        ([["a"], ["a", "b"], ["b", "a", "c"]], ["a", "b", "c"]),
        ([["a", "b"], [], ["a", "b", "c"]], ["a", "b", "c"]),
    ])
    func versions(_ row: (versions: [[String]], logged: [String])) {
        #expect(logged(row.versions) == row.logged)
    }

    @Test func eventsOfAllKindsAreToldApart() {
        let events: [(TranscriptEvents.Kind, String)] = [
            (.plainLine, "x"), (.dropped, "x"), (.suspectedRecord, ""), (.plainLine, "é"),
            (.plainLine, "e\u{301}"), (.connectorLog(.info), "x"), (.connectorLog(.warn), "x"),
            (.connectorLog(.info), "x\ny"), (.connectorLog(.info), "xy"),
        ]
        var lines = LoggedLines()
        _ = lines.admit(events[0].0, events[0].1.utf8.span)
        lines.startOver()
        let others = events.dropFirst().map { lines.admit($0, $1.utf8.span) }
        #expect(others.allSatisfy { $0 })
        lines.startOver()
        let again = events.map { lines.admit($0, $1.utf8.span) }
        #expect(!again.contains(true))
    }

    /// A connector that logs without end costs no memory, and loses no line.
    @Test func beyondTheBoundLinesAreLoggedAgain() {
        let many = (0..<LoggedLines.maxLines + 10).map { "\($0)" }
        let all = logged([many, many])
        #expect(all.count == many.count + 10)
        #expect(Set(all).count == many.count)
    }
}
