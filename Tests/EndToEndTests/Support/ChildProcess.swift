import Foundation

/// A program that a test has started; its output goes to files, so that no full pipe can stop it.
///
/// Spawned with posix_spawn(3): `Foundation.Process` counts a program as running as long as any descendant holds a
/// descriptor that it inherited, and the connectors here outlive their parents on purpose.
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
        let pid = try Self.spawn(
            program,
            arguments,
            environment: environment,
            output: log.path,
            errors: (errors ?? log).path
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
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }

    private static func text(of file: URL) -> String {
        (try? String(decoding: Data(contentsOf: file), as: UTF8.self)) ?? ""
    }

    private static func spawn(
        _ program: String,
        _ arguments: [String],
        environment: [String: String],
        output: String,
        errors: String
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        for (descriptor, path) in [(STDOUT_FILENO, output), (STDERR_FILENO, errors)] {
            posix_spawn_file_actions_addopen(&actions, descriptor, path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        }

        // The signals as a shell would leave them, whatever this process blocks or ignores.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var pid: pid_t = 0
        let code = withCStrings([program] + arguments) { argv in
            withCStrings(environment.map { "\($0.key)=\($0.value)" }) { envp in
                posix_spawn(&pid, program, &actions, &attributes, argv, envp)
            }
        }
        guard code == 0 else { throw Trouble("\(program): \(String(cString: strerror(code)))") }
        return pid
    }

    private static func withCStrings<Result>(
        _ strings: [String],
        _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let pointers = strings.map { strdup($0) }
        defer { pointers.forEach { free($0) } }
        return body(pointers + [nil])
    }
}
