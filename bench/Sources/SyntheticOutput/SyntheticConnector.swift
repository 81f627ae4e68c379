import Glibc

/// Plays the `main` container: writes an output into a workspace and then an exit code.
public struct SyntheticConnector: Sendable {
    /// Both as the container's script names them.
    private static let outputName = "jobOutput.json"
    private static let exitCodeName = "exitCode.txt"

    public var output: SyntheticOutput
    public var exitCode: Int
    public var pace: Pace
    /// Of each write(2), in bytes.
    public var chunkSize: Int

    public init(
        _ output: SyntheticOutput,
        exitCode: Int = 0,
        pace: Pace = .unlimited,
        chunkSize: Int = SyntheticOutput.defaultChunkSize
    ) {
        self.output = output
        self.exitCode = exitCode
        self.pace = pace
        self.chunkSize = chunkSize
    }

    /// Writes `jobOutput.json`, as the shell's `>` does it, then `exitCode.txt` under another name that is renamed.
    /// Returns when both are there.
    public func run(in workspace: String) throws(SystemProblem) {
        try writeOutput(in: workspace)
        try writeExitCode(in: workspace)
    }

    /// Writes the output alone.
    public func writeOutput(in workspace: String) throws(SystemProblem) {
        try writeOutput(toFile: "\(workspace)/\(Self.outputName)")
    }

    /// Creates or empties a file and writes the output into it.
    public func writeOutput(toFile path: String) throws(SystemProblem) {
        let descriptor = try Self.create(path)
        defer { close(descriptor) }
        try writeOutput(to: descriptor)
    }

    /// Writes the output to a descriptor, which stays open.
    public func writeOutput(to descriptor: Int32) throws(SystemProblem) {
        var writer = PacedWriter(descriptor: descriptor, pace: pace)
        try output.write(chunkSize: chunkSize) { (chunk) throws(SystemProblem) in try writer.write(chunk) }
    }

    /// Writes the exit code alone, which ends the sidecar's wait.
    public func writeExitCode(in workspace: String) throws(SystemProblem) {
        let path = "\(workspace)/\(Self.exitCodeName)"
        let temporary = "\(path).tmp"
        let descriptor = try Self.create(temporary)
        defer { close(descriptor) }
        try PacedWriter.writeAll(Array("\(exitCode)\n".utf8).span.bytes, to: descriptor)
        guard rename(temporary, path) == 0 else {
            throw SystemProblem(call: "rename to \(path)", code: errno)
        }
    }

    /// Creates or empties a file.
    private static func create(_ path: String) throws(SystemProblem) -> Int32 {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw SystemProblem(call: "open \(path)", code: errno) }
        return descriptor
    }
}
