import Foundation
import TestSupport

/// A program that a test has started; its output goes to files, so that no full pipe can stop it.
final class ChildProcess: Sendable {
    /// How a program ended: its exit code, or 128 + the signal as a shell has it.
    typealias ExitCode = Int32

    let pid: pid_t
    private let log: URL
    private let errors: URL
    private let end: Task<ExitCode, Never>

    /// - Parameters:
    ///   - log: takes standard output.
    ///   - errors: takes standard error; the same file as `log` where none is given.
    init(
        _ program: String,
        _ arguments: [String] = [],
        environment: [String: String],
        log: URL,
        errors: URL? = nil
    ) throws {
        self.log = log
        self.errors = errors ?? log
        let output = try Self.opened(self.log)
        let errorOutput = try Self.opened(self.errors)
        let pid = try Spawn.start(
            program,
            arguments,
            environment: environment,
            output: output.fileDescriptor,
            errors: errorOutput.fileDescriptor
        )
        self.pid = pid
        end = Task { await Self.reap(pid) }
    }

    /// Waits for the end.
    var exitCode: ExitCode {
        get async { await end.value }
    }

    /// Everything that standard output got so far.
    var output: String { Self.text(of: log) }

    /// Everything that standard error got so far.
    var errorOutput: String { Self.text(of: errors) }

    /// Sends the signal; to a program that has ended, nothing happens.
    func send(_ signal: Int32) {
        if isRunning { kill(pid, signal) }
    }

    /// Waits until the output holds the text; false when the program ended without it.
    func waitForOutput(_ text: String) async throws -> Bool {
        while !output.contains(text) {
            guard isRunning else { return output.contains(text) }
            try await Task.sleep(for: .milliseconds(10))
        }
        return true
    }

    /// Ends the program if it still runs, and waits until it has.
    func stop() async {
        send(SIGTERM)
        let deadline = ContinuousClock.now + .seconds(5)
        while isRunning, ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(10))
        }
        send(SIGKILL)
        _ = await exitCode
    }

    /// Whether it has neither ended nor been reaped: only then is the number its own.
    var isRunning: Bool {
        var information = siginfo_t()
        return waitid(P_PID, id_t(pid), &information, WEXITED | WNOHANG | WNOWAIT) == 0
            && information.si_signo == 0
    }

    private static func reap(_ pid: pid_t) async -> ExitCode {
        var status: Int32 = 0
        while waitpid(pid, &status, WNOHANG) == 0 {
            try? await Task.sleep(for: .milliseconds(5))
        }
        return Spawn.exitCode(ofStatus: status)
    }

    private static func opened(_ file: URL) throws -> FileHandle {
        let descriptor = open(file.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Trouble("\(file.path): \(String(cString: strerror(errno)))") }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    private static func text(of file: URL) -> String {
        (try? String(decoding: Data(contentsOf: file), as: UTF8.self)) ?? ""
    }
}
