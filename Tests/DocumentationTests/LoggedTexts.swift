import Foundation
import TestSupport

/// The texts that the sources log as warnings and errors.
enum LoggedTexts {
    /// One string literal of the sources.
    struct Literal: CustomStringConvertible {
        /// What stands between its interpolations, which may be anything.
        var pieces: [String]

        var description: String { pieces.joined(separator: "…") }

        /// Whether all that is fixed occurs in the message, in order.
        func occurs(in message: String) -> Bool {
            var rest = message[...]
            for piece in pieces {
                if piece.isEmpty { continue }
                guard let found = rest.range(of: piece) else { return false }
                rest = rest[found.upperBound...]
            }
            return true
        }

        /// Whether a documented message, whose `…` may be anything, has this form.
        func canBe(_ message: String) -> Bool {
            guard let first = pieces.first, let last = pieces.last, pieces.count > 1 else {
                return pieces.first == message
            }
            guard message.count >= first.count + last.count, message.hasPrefix(first), message.hasSuffix(last)
            else { return false }
            var rest = message.dropFirst(first.count).dropLast(last.count)
            for piece in pieces.dropFirst().dropLast() {
                guard let found = rest.range(of: piece) else { return false }
                rest = rest[found.upperBound...]
            }
            return true
        }
    }

    /// Calls whose next argument is what they log. Where that is no literal, the text comes from one of the others.
    static var calls: Regex<Substring> {
        #/
        (?: log\.(?:warning|error)\( | \.log\(\s*\.(?:warning|error), | job\.log\(\.(?:warning|error),
          | write\(\s*\.(?:warning|error),\s*from:\s\.platform, | onTrouble\( | onTrouble:\s\{\ssubject\.onTrouble\(
          | end\(\s*\.[a-z]+,\s*[A-Za-z.]+,\s*\.(?:warning|error), | abandon\(because: )
        \s*
        /#
    }

    /// What the sources hand to a log as a literal.
    static func logged() throws -> [Literal] {
        let paths = try Project.files(under: "Sources", ofType: "swift").filter { path in
            !["Sources/sidecarctl/", "Sources/Simulation/", "Sources/sidecar-simulator/"].contains {
                path.hasPrefix($0)
            }
        }
        return try paths.flatMap { literals(behind: calls, in: try Project.text($0)) }
    }

    /// Where the words are that reach a log through a variable.
    private static let wordings = [
        "Settings/ConfigurationProblem.swift", "Sidecar/SidecarProcess.swift",
        "Sidecar/Workspace/OutputTail.swift",
        "Workload/Delivery/DeliveryPlan.swift",
        "Workload/Delivery/Report.swift", "Workload/Delivery/Verdict.swift", "Workload/Machine/Ending.swift",
    ]

    static func worded() throws -> [Literal] {
        try wordings.flatMap { literals(behind: #/[\s(](?=")/#, in: try Project.text("Sources/\($0)")) }
    }

    static func literals(behind start: some RegexComponent, in source: String) -> [Literal] {
        source.matches(of: start).compactMap { Literal(at: source[$0.range.upperBound...]) }
            // The others have no words of their own.
            .filter { $0.pieces.joined().count { $0.isLetter } >= 8 }
    }
}

extension LoggedTexts.Literal {
    /// Nil where no literal begins there.
    init?(at source: Substring) {
        let quote = source.hasPrefix("\"\"\"") ? "\"\"\"" : "\""
        guard source.hasPrefix(quote) else { return nil }
        var rest = source.dropFirst(quote.count)
        pieces = [""]
        while !rest.hasPrefix(quote) {
            guard let character = rest.popFirst() else { return nil }
            if character == "\n" {
                // Of several lines: without their indentation.
                rest = rest.drop { $0 == " " }
                if !pieces.joined().isEmpty || pieces.count > 1 { pieces[pieces.count - 1].append("\n") }
                continue
            }
            guard character == "\\" else {
                pieces[pieces.count - 1].append(character)
                continue
            }
            guard let escaped = rest.popFirst() else { return nil }
            switch escaped {
            case "(":
                var depth = 1
                while depth > 0, let next = rest.popFirst() {
                    if next == "(" { depth += 1 }
                    if next == ")" { depth -= 1 }
                }
                pieces.append("")
            // A line that goes on.
            case "\n": rest = rest.drop { $0 == " " }
            default: pieces[pieces.count - 1].append(escaped)
            }
        }
        pieces[pieces.count - 1] = pieces[pieces.count - 1].trimmingCharacters(in: .newlines)
        // What is added may be another literal, or anything.
        rest = rest.dropFirst(quote.count).drop(while: \.isWhitespace)
        guard rest.hasPrefix("+ ") else { return }
        let added = Self(at: rest.dropFirst(2))?.pieces ?? ["", ""]
        pieces = pieces.dropLast() + [pieces[pieces.count - 1] + added[0]] + added.dropFirst()
    }
}
