import Foundation

/// The commands that the project's documents show in blocks of code.
enum DocumentedCommands {
    /// What a line of a block begins with, after variables, if it is a command.
    private static var beginning: Regex<Substring> {
        #/(?:[A-Z_]+=(?:\$\([^)]*\)|\S+) )*(?:(?:scripts|findings|\.build|demo)\/|(?:/tmp/run-pod|control_plane\.py)|(?:swift|sidecarctl|skopeo|oras|kubectl|helm|curl|podman|strace|export|cd|dpkg|apt-get|man|promtool|docker|kyverno) ).*/#
    }

    static func documents() throws -> [String] {
        let folders = ["docs", "deploy", "demo", "bench", "findings"]
        let within = try folders.flatMap { folder in
            try FileManager.default.subpathsOfDirectory(atPath: Project.path(folder))
                .filter { $0.hasSuffix(".md") && !$0.contains(".build") }.map { "\(folder)/\($0)" }
        }
        return ["README.md", "CONTRIBUTING.md"] + within.sorted()
    }

    /// Each command with the documents that show it.
    static func all() throws -> [String: Set<String>] {
        var found: [String: Set<String>] = [:]
        for document in try documents() {
            let text = try String(contentsOfFile: Project.path(document), encoding: .utf8)
            for command in commands(in: text) { found[command, default: []].insert(document) }
        }
        return found
    }

    /// In order; of a command of several lines one, and no comments.
    static func commands(in text: String) -> [String] {
        var commands: [String] = []
        var fence: Substring?
        var begun = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.trimmingPrefix(while: \.isWhitespace).hasPrefix("```") {
                fence = fence == nil ? line.trimmingPrefix(while: \.isWhitespace).dropFirst(3) : nil
                continue
            }
            // Other languages are no commands.
            guard fence.map({ ["", "sh", "bash"].contains($0) }) ?? line.hasPrefix("    ") else {
                begun = ""
                continue
            }
            let trimmed = String(line.trimmingPrefix(while: \.isWhitespace))
            // Two blanks separate a command from what is said of it.
            let code =
                begun + (trimmed.firstRange(of: "  ").map { String(trimmed[..<$0.lowerBound]) } ?? trimmed)
            guard begun != "" || code.wholeMatch(of: beginning) != nil else { continue }
            guard !code.hasSuffix("\\") else {
                begun = String(code.dropLast())
                continue
            }
            begun = ""
            commands.append(code)
        }
        return commands
    }

    /// The commands that suites run: the literals of `documented(…)`.
    static func run() throws -> Set<String> {
        let call = #/documented\(\s*(#*)"(.*?)"\1[,)]/#
        let folder = Project.path("Tests/EndToEndTests")
        var commands: Set<String> = []
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder) where path.hasSuffix(".swift")
        {
            let text = try String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8)
            for match in text.matches(of: call) {
                let isRaw = !match.output.1.isEmpty
                let literal = String(match.output.2)
                commands.insert(isRaw ? literal : literal.replacing("\\\"", with: "\""))
            }
        }
        return commands
    }
}

/// A command that a document shows, with the places of the reader's machine replaced by the test's.
func documented(_ command: String, _ replacements: [String: String] = [:]) throws -> String {
    guard try DocumentedCommands.all()[command] != nil else { throw Trouble("no document has: \(command)") }
    for place in replacements.keys where !command.contains(place) {
        throw Trouble("\(command) has no \(place)")
    }
    var text = ""
    var rest = command[...]
    while let first = rest.first {
        // The longest: one place may begin another.
        let place = replacements.keys.filter { rest.hasPrefix($0) }.max { $0.count < $1.count }
        text += place.flatMap { replacements[$0] } ?? String(first)
        rest = rest.dropFirst(place?.count ?? 1)
    }
    return text
}
