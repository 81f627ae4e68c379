import Foundation

/// A folder for the files of one test, and commands that run to their end.
struct ScratchFolder {
    let url: URL

    /// Makes a folder, hands it to the test, and removes it.
    static func with<Value>(_ body: (ScratchFolder) async throws -> Value) async throws -> Value {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent(
            "scratch-\(UUID().uuidString)"
        )
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: url) }
        return try await body(ScratchFolder(url: url))
    }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }

    /// Runs a command; its output is that of both descriptors.
    func run(_ command: [String], environment: [String: String] = [:]) async throws -> (
        exitCode: Int32, output: String
    ) {
        let child = try ChildProcess(
            command[0],
            Array(command.dropFirst()),
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 },
            log: url.appendingPathComponent("\(UUID().uuidString).log")
        )
        let exitCode = await child.exitCode
        return (exitCode, child.output)
    }

    /// The output of a command that has to succeed.
    @discardableResult
    func output(_ command: [String], environment: [String: String] = [:]) async throws -> String {
        let result = try await run(command, environment: environment)
        guard result.exitCode == 0 else {
            throw Trouble("\(command) ended with \(result.exitCode): \(result.output)")
        }
        return result.output
    }

    /// The Python that has the published schemas, from PyPI.
    func checker() async throws -> String {
        let lines = try await output([
            Project.path("scripts/python-environment"), Project.path(".build/deploy-checks"),
            Project.path("Tests/EndToEndTests/Fixtures/deploy/requirements.txt"),
        ])
        return lines.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
