import Foundation
import TestSupport
import Testing
import Workload

/// docs/OPERATIONS.md and the code say the same, in both directions.
@Suite struct OperationsDocumentTests {
    private let tables: [MarkdownTable]

    init() throws {
        tables = MarkdownTable.all(in: try Project.text("docs/OPERATIONS.md"))
    }

    private func rows(_ columns: [String]) throws -> [[String]] {
        let found = tables.filter { $0.columns == columns }
        try #require(!found.isEmpty, "no table has the columns \(columns)")
        return found.flatMap(\.rows)
    }

    @Test func everyExitCodeIsDescribed() throws {
        let rows = try rows(["exit code", "meaning", "the platform has", "what to do"])
        let described = rows.flatMap { $0[0].split(separator: ", ").compactMap { Int32($0) } }
        let fixed = [
            ExitStatus.success, ExitStatus.failure, ExitStatus.fileTimeout, ExitStatus.configuration,
        ]
        #expect(described == fixed + [SIGHUP, SIGINT, SIGQUIT, SIGTERM].map(ExitStatus.signal))
        #expect(rows.allSatisfy { row in row.allSatisfy { !$0.isEmpty } })
    }

    // MARK: Log messages

    @Test func everyWarningAndErrorIsDescribedAndEveryDescribedOneIsThere() throws {
        let rows = try rows(["message", "meaning", "what to do"])
        #expect(rows.allSatisfy { row in row.count == 3 && row.allSatisfy { !$0.isEmpty } })
        let described = rows.map { $0[0].codeSpans.joined() }
        #expect(described.count == Set(described).count)
        let logged = try LoggedTexts.logged()
        #expect(logged.count > 40)
        for literal in logged {
            #expect(described.contains(where: literal.canBe), "docs/OPERATIONS.md lacks: \(literal)")
        }
        let worded = try LoggedTexts.worded()
        for message in described where !logged.contains(where: { $0.canBe(message) }) {
            #expect(worded.contains { $0.occurs(in: message) }, "nothing logs: \(message)")
        }
        for ending in Self.unexpectedEndings {
            let text = ending.description
            #expect(described.contains { Self.matches($0, text) }, "docs/OPERATIONS.md lacks: \(text)")
        }
    }

    private static let unexpectedEndings: [Ending] = [
        .connectorExited(.unusable("is empty")), .connectorLost(grace: .seconds(10)),
        .fileTimeout(limit: .seconds(540)), .startTimeout(limit: .seconds(1_800)),
        .terminated(signal: SIGTERM),
    ]

    /// Whether a documented message stands for a text.
    private static func matches(_ message: String, _ text: String) -> Bool {
        LoggedTexts.Literal(pieces: message.components(separatedBy: "…")).canBe(text)
    }

    @Test func literalsAreFoundAndCompared() throws {
        let source = #"""
            log.warning("No answer \(what(because: "it (is)")) came")
            return [.log(
                .error,
                """
                One line, \
                and \(more)
                """
            )]
            log.info("not this")
            log.error("\(text)")
            """#
        let literals = LoggedTexts.literals(behind: LoggedTexts.calls, in: source)
        try #require(literals.map(\.description) == ["No answer … came", "One line, and …"])
        #expect(literals[0].canBe("No answer of it came"))
        #expect(!literals[0].canBe("No answer of it comes"))
        #expect(!literals[1].canBe("One line, or none"))
    }

    // MARK: Variables

    @Test func variablesAreThoseOfTheSettings() throws {
        let name = #/[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+/#
        func names(_ text: String) -> Set<String> {
            Set(text.codeSpans.filter { $0.wholeMatch(of: name) != nil })
        }
        let rows = try rows(["variables", "from", "change it when"])
        #expect(rows.allSatisfy { row in row.allSatisfy { !$0.isEmpty } })
        let listed = rows.flatMap { $0[0].codeSpans }
        #expect(listed.count == Set(listed).count)
        let described = names(try Project.text("docs/SETTINGS.md")).subtracting(["F_NOTIFY"])
        #expect(described.subtracting(listed) == [], "docs/OPERATIONS.md lacks these")
        #expect(Set(listed).subtracting(described) == [], "docs/SETTINGS.md lacks these")
    }
}
