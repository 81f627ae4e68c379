import Foundation
import Settings
import TestSupport
import Testing
import Workload

/// The program's own messages go through the mask that hides secrets by the names before them. None of their words may
/// look like such a secret: "no access token: the connection was closed" would lose its reason.
@Suite struct OwnWordsTests {
    /// What stands in place of each interpolated value, and behind each literal: a word that would be hidden behind a
    /// secret's name.
    private static let value = "VALUE"

    /// Literals that are no messages, but syntax that others read.
    private static func isSyntax(_ literal: String) -> Bool {
        literal.hasPrefix("urn:ietf:params:oauth:")
    }

    private static let sources: [(file: String, text: String)] = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources")
        let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
        // The simulator makes up what others say.
        return (files?.compactMap { $0 as? URL } ?? [])
            .filter { $0.pathExtension == "swift" && !$0.path.contains("/Sources/Simulation/") }
            .sorted { $0.path < $1.path }
            .map { ($0.lastPathComponent, (try? String(contentsOf: $0, encoding: .utf8)) ?? "") }
    }()

    @Test func noLiteralIsHiddenInPart() {
        #expect(Self.sources.count > 100, "the sources are there")
        var seen = 0
        for (file, text) in Self.sources {
            for literal in SwiftLiterals.all(in: text, value: Self.value) where !Self.isSyntax(literal) {
                seen += 1
                let message = "\(literal) \(Self.value)"
                #expect(SecretMask().masked(message) == message, "\(file)")
            }
        }
        #expect(seen > 1_000, "the literals are found")
    }

    /// A setting's name can be a secret's, and the advice follows it.
    @Test func noAdviceAboutASettingIsHidden() {
        var names: Set<String> = []
        for (_, text) in Self.sources {
            for literal in SwiftLiterals.all(in: text, value: Self.value) where literal.isVariableName {
                names.insert(literal)
            }
        }
        #expect(names.contains("AWS_SECRET_ACCESS_KEY") && names.contains("DATAPLANE_CLIENT_SECRET"))
        for name in names {
            let problem = ConfigurationProblem(variable: name, value: nil, advice: "not set; give it")
            #expect(SecretMask().masked(problem.description) == problem.description)
        }
    }

    @Test func literalsAreFound() {
        let source = ##"""
            // "in a comment"
            let a = "plain", b = "with \(name) and \(f("inner", x)) in it"
            let c = #"raw "quoted" \#(d) \n"# + "\"escaped\"\n\u{22}"
            let e = """
                two \
                lines
                  and \(g)
                """
            """##
        #expect(
            SwiftLiterals.all(in: source, value: "V") == [
                "plain", "inner", "with V and V in it", "raw \"quoted\" V \\n", "\"escaped\"\n\"",
                "two lines\n  and V",
            ]
        )
    }
}

extension String {
    fileprivate var isVariableName: Bool {
        contains("_") && allSatisfy { $0 == "_" || $0.isUppercase || $0.isNumber }
    }
}

/// Finds the string literals of Swift source.
private struct SwiftLiterals {
    private let text: [UInt8]
    private var position = 0
    private let value: String
    private var found: [String] = []

    /// All literals in the order of their ends, escapes resolved, the value in place of what is interpolated.
    static func all(in source: String, value: String) -> [String] {
        var literals = SwiftLiterals(text: Array(source.utf8), value: value)
        literals.scanCode(untilParenthesis: false)
        return literals.found
    }

    private init(text: [UInt8], value: String) {
        self.text = text
        self.value = value
    }

    private func stands(_ words: String, at offset: Int = 0) -> Bool {
        let start = position + offset
        return start + words.utf8.count <= text.count
            && text[start..<start + words.utf8.count].elementsEqual(words.utf8)
    }

    private func isAt(_ character: Unicode.Scalar) -> Bool { text[position] == UInt8(ascii: character) }

    private mutating func skip(to character: Unicode.Scalar) {
        while position < text.count, !isAt(character) { position += 1 }
    }

    /// Goes on to the end, or behind the parenthesis that closes an interpolation.
    private mutating func scanCode(untilParenthesis: Bool) {
        var depth = 0
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "/") where stands("//"): skip(to: "\n")
            case UInt8(ascii: "("):
                depth += 1
                position += 1
            case UInt8(ascii: ")"):
                position += 1
                if untilParenthesis, depth == 0 { return }
                depth -= 1
            case UInt8(ascii: "\""), UInt8(ascii: "#"): scanLiteral()
            default: position += 1
            }
        }
    }

    private mutating func scanLiteral() {
        var hashes = ""
        while stands("#", at: hashes.utf8.count) { hashes += "#" }
        position += hashes.utf8.count
        guard position < text.count, isAt("\"") else { return }
        let isLong = stands("\"\"\"")
        let end = (isLong ? "\"\"\"" : "\"") + hashes
        let escape = "\\" + hashes
        position += isLong ? 3 : 1
        var literal: [UInt8] = []
        while position < text.count, !stands(end) {
            if isAt("\\"), stands(escape) {
                position += escape.utf8.count
                literal += scanEscape()
            } else {
                literal.append(text[position])
                position += 1
            }
        }
        position += end.utf8.count
        let content = String(decoding: literal, as: UTF8.self)
        found.append(isLong ? content.withoutIndentation : content)
    }

    /// What an escape stands for, its backslash behind the position.
    private mutating func scanEscape() -> [UInt8] {
        let kind = text[position]
        position += 1
        switch kind {
        case UInt8(ascii: "("):
            scanCode(untilParenthesis: true)
            return Array(value.utf8)
        case UInt8(ascii: "n"): return [UInt8(ascii: "\n")]
        case UInt8(ascii: "\n"):
            // The line goes on; its indentation is that of the literal.
            while isAt(" ") { position += 1 }
            return []
        case UInt8(ascii: "u"):
            let start = position + 1
            skip(to: "}")
            let digits = String(decoding: text[start..<position], as: UTF8.self)
            position += 1
            let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init)
            return scalar.map { Array(String($0).utf8) } ?? []
        default: return [kind]
        }
    }
}

extension String {
    /// The content of a literal of several lines.
    fileprivate var withoutIndentation: String {
        let lines = split(separator: "\n", omittingEmptySubsequences: false).dropFirst()
        let indentation = lines.last?.count ?? 0
        return lines.dropLast().map { String($0.dropFirst(indentation)) }.joined(separator: "\n")
    }
}
