import CBench
import Glibc

/// A program that helps the harness to look at a measured one, such as strace.
public final class ToolProcess {
    private let pid: pid_t
    private let errors: Int32
    private var status: Int?

    /// Starts it; its standard output is thrown away.
    public init(_ command: [String]) throws(HarnessError) {
        errors = try HarnessError.check(cbench_memory_file("errors"), "a file in memory")
        let null = try HarnessError.check(open("/dev/null", O_WRONLY | O_CLOEXEC), "/dev/null")
        defer { close(null) }
        var started: UInt64 = 0
        let environment = ["PATH": "/usr/local/bin:/usr/bin:/bin"]
        let pid = SidecarRun.spawn(
            Program(name: "tool", command: command),
            environment,
            "/",
            null,
            errors,
            &started
        )
        self.pid = try HarnessError.check(pid, command.joined(separator: " "))
    }

    deinit {
        if status == nil { end(with: SIGKILL) }
        close(errors)
    }

    /// Sends a signal and waits for the end.
    public func end(with signal: Int32) {
        guard !hasEnded else { return }
        kill(pid, signal)
        while !hasEnded { usleep(1_000) }
    }

    public var hasEnded: Bool {
        var result = cbench_exit()
        if status == nil, cbench_reap(pid, &result) == 1 { status = Int(result.status) }
        return status != nil
    }

    /// What it has said on standard error.
    public var errorText: String {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = pread(errors, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
