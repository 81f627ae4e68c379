import Foundation
import TestSupport

/// Runs `sidecarctl` as a process, in a pipe or in a terminal.
struct Sidecarctl {
    /// What was built beside the tests.
    static let path = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("sidecarctl").path

    /// For the files of this run.
    let folder: URL

    struct Result {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Makes a folder, hands it to the test, and removes it.
    static func with<Value>(_ body: (Sidecarctl) async throws -> Value) async throws -> Value {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("sidecarctl-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await body(Sidecarctl(folder: folder))
    }

    /// Runs the command to its end; its output is no terminal.
    func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Result {
        let child = try start(arguments, environment: environment)
        let status = await child.exitCode
        return Result(status: status, output: child.output, errors: child.errorOutput)
    }

    /// - Parameter launcher: a command line that starts the command.
    func start(
        _ arguments: [String],
        launcher: [String] = [],
        environment: [String: String] = [:]
    ) throws -> ChildProcess {
        let name = UUID().uuidString
        let command = launcher + [Self.path] + arguments
        return try ChildProcess(
            command[0],
            Array(command.dropFirst()),
            environment: ["PATH": "/usr/bin:/bin"].merging(environment) { $1 },
            log: folder.appendingPathComponent("\(name).out"),
            errors: folder.appendingPathComponent("\(name).err")
        )
    }

    /// A path within the folder.
    func file(_ name: String) -> String { folder.appendingPathComponent(name).path }

    /// Writes a file, and the folders that lead to it.
    func write(_ text: String, to name: String) throws {
        let file = folder.appendingPathComponent(name)
        let parent = file.deletingLastPathComponent()
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }
}

/// A terminal of tmux, 100 columns wide, in which one shell command runs.
struct Terminal {
    private let folder: URL
    /// Of a server of its own.
    private let socket = UUID().uuidString

    /// Starts the command, and shows its exit code as `exit code N` once it has ended.
    init(_ command: String, in folder: URL, environment: [String: String] = [:]) async throws {
        self.folder = folder
        let variables = environment.map { "export \($0.key)='\($0.value)'; " }.joined()
        _ = try await tmux([
            "-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "60",
            "trap : INT; unset NO_COLOR; \(variables)\(command); echo \"exit code $?\"; cat",
        ])
    }

    /// What the terminal shows.
    ///
    /// - Parameter colours: whether the escape sequences of colours are in it.
    func screen(colours: Bool = false) async throws -> String {
        try await tmux(["capture-pane", "-p", "-S", "-500"] + (colours ? ["-e"] : []))
    }

    /// Waits until the terminal shows the text, and returns all that it shows.
    func waitFor(_ text: String) async throws -> String {
        while true {
            let screen = try await screen()
            if screen.contains(text) { return screen }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Presses a key, by the name that tmux has for it.
    func press(_ key: String) async throws { _ = try await tmux(["send-keys", key]) }

    func resize(columns: Int, rows: Int) async throws {
        _ = try await tmux(["resize-window", "-x", "\(columns)", "-y", "\(rows)"])
    }

    func close() async { _ = try? await tmux(["kill-server"]) }

    private func tmux(_ arguments: [String]) async throws -> String {
        let name = UUID().uuidString
        let child = try ChildProcess(
            "/usr/bin/tmux",
            ["-L", socket] + arguments,
            environment: [
                "PATH": "/usr/bin:/bin", "TMUX_TMPDIR": folder.path, "TERM": "xterm-256color",
                "LC_ALL": "C.UTF-8",
            ],
            log: folder.appendingPathComponent("\(name).tmux")
        )
        let status = await child.exitCode
        guard status == 0 else { throw Trouble("tmux \(arguments): \(child.output)") }
        return child.output
    }
}
