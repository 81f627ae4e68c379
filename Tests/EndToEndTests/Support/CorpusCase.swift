import Foundation

/// One case of `Tests/Corpus`: a connector's output, and what a sidecar has to make of it.
struct CorpusCase: Sendable {
    /// The path below `Tests/Corpus`, without extension.
    var name: String
    /// The bytes of jobOutput.json.
    var output: [UInt8]
    /// `spec`, `check` or `discover`.
    var operation: String
    var isDestination: Bool
    /// The connector's configuration.
    var config: ExactJSON
    /// Whether the source or destination is one that the platform knows.
    var hasActorID: Bool
    /// The bytes of exitCode.txt.
    var exitCodeFile: String
    var expected: Expected

    struct Expected: Sendable {
        var exitCode: String
        /// The names of the calls in order, heartbeats left out.
        var calls: [String]
        /// Of some of these calls, the members beside those that every such call has.
        var bodies: [String: ExactJSON]
        /// The job output; null where none is delivered.
        var output: ExactJSON
        /// All log events of the connector, `LEVEL text`; nil where the contract leaves them open.
        var connectorLog: ExactJSON?
        /// All of the sidecar's own warnings; nil where the contract leaves them open.
        var warnings: ExactJSON?
        /// Texts that are somewhere in the job output.
        var outputHas: [String]
        /// Texts that are nowhere in the console.
        var consoleLacks: [String]
    }

    private static let fileExtension = ".case.json"

    /// All cases of a folder of the corpus, sorted by name.
    static func all(in folder: String) throws -> [CorpusCase] {
        let root = Project.path("Tests/Corpus")
        let files =
            FileManager.default.enumerator(atPath: "\(root)/\(folder)")?.compactMap { $0 as? String } ?? []
        return try files.filter { $0.hasSuffix(fileExtension) }.sorted().map {
            try CorpusCase(name: "\(folder)/\($0.dropLast(fileExtension.count))", root: root)
        }
    }

    init(name: String, root: String) throws {
        self.name = name
        do {
            let file = try ExactJSON(parsing: Self.bytes(root + "/" + name + Self.fileExtension))
            try Self.checkMembers(
                file,
                known: ["about", "operation", "actor", "actorId", "config", "exitCode.txt", "expected"]
            )
            output = try Self.output("\(root)/\(name)")
            guard let operation = file["operation"].text else { throw Trouble("no operation") }
            self.operation = operation
            isDestination = file["actor"].text == "destination"
            hasActorID = file["actorId"].text != "unknown"
            config = file["config"] == .null ? .object([:]) : file["config"]
            exitCodeFile = file["exitCode.txt"].text ?? "0\n"
            expected = try Expected(file["expected"])
        } catch {
            throw Trouble("\(name): \(error)")
        }
    }

    /// The bytes beside the case, or what its recipe makes.
    private static func output(_ path: String) throws -> [UInt8] {
        if FileManager.default.fileExists(atPath: path + ".output") { return try bytes(path + ".output") }
        return try ExactJSON(parsing: bytes(path + ".recipe.json")).elements.flatMap {
            piece throws -> [UInt8] in
            if let text = piece.text { return Array(text.utf8) }
            guard let unit = piece["repeat"].text, case .number(let digits) = piece["times"],
                let times = Int(digits)
            else { throw Trouble("a recipe's piece is a text or {repeat, times}") }
            return Array(repeatElement(Array(unit.utf8), count: times).joined())
        }
    }

    private static func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// A misspelt member would be an expectation that nobody checks.
    fileprivate static func checkMembers(_ object: ExactJSON, known: Set<String>) throws {
        let unknown = object.members.keys.map(\.description).filter { !known.contains($0) }
        guard unknown.isEmpty else { throw Trouble("unknown members: \(unknown)") }
    }
}

extension CorpusCase.Expected {
    fileprivate init(_ json: ExactJSON) throws {
        try CorpusCase.checkMembers(
            json,
            known: [
                "exitCode", "calls", "bodies", "output", "connectorLog", "warnings", "outputHas",
                "consoleLacks",
            ]
        )
        guard case .number(let exitCode) = json["exitCode"] else { throw Trouble("no expected exit code") }
        self.exitCode = exitCode
        calls = json["calls"].elements.compactMap(\.text)
        guard !calls.isEmpty else { throw Trouble("no expected calls") }
        bodies = json["bodies"].members.reduce(into: [:]) { $0[$1.key.description] = $1.value }
        guard bodies.keys.allSatisfy(calls.contains) else { throw Trouble("a body without a call") }
        output = json["output"]
        connectorLog = json.members["connectorLog"]
        warnings = json.members["warnings"]
        outputHas = json["outputHas"].elements.compactMap(\.text)
        consoleLacks = json["consoleLacks"].elements.compactMap(\.text)
    }
}
