import CLinux
import Glibc
import Reactor

/// A program that `run` has started, in a process group of its own: a terminal's Ctrl-C is for `run` alone.
struct LocalProcess {
    let pid: pid_t

    /// What a program gets in place of this process's standard descriptors.
    struct Descriptors {
        /// `/dev/null` where it is nil.
        var input: Int32?
        var output: Int32?
        var errors: Int32?
    }

    /// Starts a program. Only the given descriptors are inherited; signals are as a shell leaves them.
    ///
    /// - Parameter command: the program's path, and its arguments.
    init(
        _ command: [String],
        name: String? = nil,
        environment: [String: String],
        _ descriptors: Descriptors
    ) throws(Failure) {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        let streams = [
            (STDIN_FILENO, descriptors.input), (STDOUT_FILENO, descriptors.output),
            (STDERR_FILENO, descriptors.errors),
        ]
        for (target, source) in streams {
            if let source {
                unsafe posix_spawn_file_actions_adddup2(&actions, source, target)
            } else {
                unsafe posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_RDWR, 0)
            }
        }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGPIPE, SIGIO] { unsafe sigaddset(&signals, signal) }
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

        var pid: pid_t = 0
        let words = [name ?? command[0]] + command.dropFirst()
        let code = unsafe Self.withCStrings(words) { argv in
            unsafe Self.withCStrings(environment.map { "\($0.key)=\($0.value)" }) { envp in
                unsafe posix_spawn(&pid, command[0], &actions, &attributes, argv, envp)
            }
        }
        guard code == 0 else {
            let error = SystemError(call: "posix_spawn", errno: code)
            throw Failure(Exit.noInput, "\(command[0]) cannot be started: \(error)")
        }
        self.pid = pid
    }

    private static func withCStrings<Result>(
        _ strings: [String],
        _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let pointers = unsafe strings.map { unsafe strdup($0) }
        defer { unsafe pointers.forEach { unsafe free($0) } }
        return unsafe body(pointers + [nil])
    }

    /// Sends a signal to the program and to all that it has started, as long as they have stayed in its group.
    func signal(_ number: Int32) { kill(-pid, number) }
}

/// How a child process has ended: its exit code, or 128 + the signal, as a shell has it.
struct ProcessEnd {
    var pid: pid_t
    var code: Int32

    /// Takes the end of one child; nil where none has ended since.
    ///
    /// - Parameter beforeReaping: called with the child's number, which is its own until this returns.
    static func next(beforeReaping: (pid_t) -> Void) -> ProcessEnd? {
        var information = unsafe siginfo_t()
        guard unsafe waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) == 0 else { return nil }
        let pid = unsafe information._sifields._sigchld.si_pid
        guard pid > 0 else { return nil }
        beforeReaping(pid)
        var status: Int32 = 0
        guard unsafe waitpid(pid, &status, WNOHANG) == pid else { return nil }
        let signal = status & 0x7F
        return ProcessEnd(pid: pid, code: signal == 0 ? (status >> 8) & 0xFF : 128 + signal)
    }

    /// All children that are left, those included whose own parents have ended (see `clinux_adopt_orphans`). Empty also
    /// where the kernel does not list them (proc(5), `/proc/pid/task/tid/children`).
    static var children: [pid_t] {
        var text: [UInt8] = []
        do throws(SystemError) {
            // All are children of the thread that starts them, or that takes them over: the first.
            var list = try NamedInput("/proc/self/task/\(getpid())/children")
            while let piece = try list.next() { text += piece }
        } catch {
            return []
        }
        return String(decoding: text, as: UTF8.self).split(separator: " ").compactMap { pid_t($0) }
    }
}
