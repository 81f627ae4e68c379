import CBench
import ControlPlane
import Glibc
import Scheduling

/// A measured program at its work: its process, what it has written and what it has called.
public final class SidecarRun {
    /// Where the program's standard output goes.
    public enum ConsoleTarget: Sendable {
        /// To the harness, which reads it at once.
        case pipe
        case null
    }

    public struct ProcessExit: Sendable {
        /// The exit code, or 128 + signal.
        public var status: Int
        public var moment: Instant
        public var cpuSeconds: Double
        public var contextSwitches: Int
    }

    /// What of the console is kept, to be shown when something goes wrong.
    private static let keptConsole = 16 * 1_024
    /// One read; as much as the pipe is made to hold.
    private static let pipeSize: Int32 = 1 << 20

    public let program: Program
    public let job: Job
    public let workloadID: String
    public let workspace: JobWorkspace
    public let pid: pid_t
    /// The moment before the process was made.
    public let spawned: Instant
    /// What it has called so far, in this order.
    public internal(set) var calls: [ReceivedCall] = []
    public private(set) var exit: ProcessExit?
    public private(set) var consoleBytes = 0
    public private(set) var consoleLines = 0

    let processDescriptor: Int32
    private(set) var console: Int32
    private let errors: Int32
    private var consoleEnd: [UInt8] = []
    private var awaited: (text: [UInt8], seen: Instant?)?

    /// Starts the program.
    init(
        program: Program,
        job: Job,
        workloadID: String,
        workspace: JobWorkspace,
        server: ControlPlaneServer,
        console target: ConsoleTarget
    ) throws(HarnessError) {
        self.program = program
        self.job = job
        self.workloadID = workloadID
        self.workspace = workspace
        let (reader, writer) = try Self.open(target)
        defer { close(writer) }
        console = reader
        errors = try HarnessError.check(cbench_memory_file("errors"), "a file in memory")
        let environment = job.environment(workspace: workspace.path, workloadID: workloadID, server: server)
            .merging(program.settings) { $1 }
        var started: UInt64 = 0
        let pid = Self.spawn(program, environment, workspace.path, writer, errors, &started)
        self.pid = try HarnessError.check(pid, "the process \(program.command.joined(separator: " "))")
        spawned = Instant(nanoseconds: Int64(started))
        processDescriptor = try HarnessError.check(cbench_pidfd(pid), "a process descriptor")
    }

    deinit {
        end()
        for descriptor in [console, errors, processDescriptor] where descriptor >= 0 { close(descriptor) }
    }

    public func call(_ kind: ReceivedCall.Kind) -> ReceivedCall? {
        calls.first { $0.kind == kind }
    }

    /// A result can be delivered again; the last call of a kind is the one that counts.
    public func lastCall(_ kind: ReceivedCall.Kind) -> ReceivedCall? {
        calls.last { $0.kind == kind }
    }

    /// Notes when a text comes out of the console from now on.
    public func awaitConsole(_ text: String) {
        awaited = (Array(text.utf8), nil)
    }

    /// When the awaited text had been read.
    public var consoleSeen: Instant? { awaited?.seen }

    /// Ends the process if it is still there, and waits for its end.
    func end() {
        guard exit == nil else { return }
        kill(-pid, SIGKILL)
        var ready: UInt8 = 0
        var descriptor = processDescriptor
        // SIGKILL is never refused to a child: its end is near.
        while exit == nil, cbench_wait_readable(&descriptor, &ready, 1, -1) >= 0 { reap() }
    }

    /// Takes the exit of the process, once its descriptor is readable.
    func reap() {
        var result = cbench_exit()
        guard exit == nil else { return }
        // What it has left behind of its process group, whose number is its own until it has been reaped.
        kill(-pid, SIGKILL)
        guard cbench_reap(pid, &result) == 1 else { return }
        exit = ProcessExit(
            status: Int(result.status),
            moment: .now,
            cpuSeconds: result.cpu_seconds,
            contextSwitches: Int(result.voluntary_switches + result.involuntary_switches)
        )
    }

    /// Reads what the console has, once; closes it at its end.
    ///
    /// - Returns: whether there may be more.
    @discardableResult
    func readConsole(into buffer: UnsafeMutableRawBufferPointer) -> Bool {
        guard console >= 0 else { return false }
        let count = read(console, buffer.baseAddress, buffer.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return false }
        guard count > 0 else {
            close(console)
            console = -1
            return false
        }
        take(UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: .now)
        return true
    }

    /// Reads all that the console has.
    func drainConsole(into buffer: UnsafeMutableRawBufferPointer) {
        while readConsole(into: buffer) {}
    }

    private func take(_ bytes: UnsafeRawBufferPointer, at moment: Instant) {
        consoleBytes += bytes.count
        consoleLines += Int(cbench_count(bytes.baseAddress, bytes.count, 0x0A))
        if bytes.count >= Self.keptConsole {
            consoleEnd = Array(bytes.suffix(Self.keptConsole))
        } else {
            consoleEnd.append(contentsOf: bytes)
            if consoleEnd.count > 2 * Self.keptConsole {
                consoleEnd.removeFirst(consoleEnd.count - Self.keptConsole)
            }
        }
        if let text = awaited?.text, awaited?.seen == nil,
            cbench_contains(consoleEnd, consoleEnd.count, text, text.count) != 0
        {
            awaited?.seen = moment
        }
    }

    /// What is to be shown when the run has failed; long lines are cut.
    public var story: String {
        wholeStory.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.count > 300 ? "\($0.prefix(300))…" : String($0) }
            .joined(separator: "\n")
    }

    private var wholeStory: String {
        let calls = calls.map {
            $0.text.isEmpty ? $0.kind.rawValue : "\($0.kind.rawValue) \($0.text.prefix(500))"
        }
        return """
            \(program.name): \(program.command.joined(separator: " "))
            workload \(workloadID), process \(pid), \(exit.map { "exit status \($0.status)" } ?? "running")
            calls: \(calls.isEmpty ? "none" : calls.suffix(20).joined(separator: ", "))
            console, its end:
            \(String(decoding: consoleEnd.suffix(Self.keptConsole), as: UTF8.self))
            errors:
            \(errorText)
            """
    }

    private var errorText: String {
        var bytes = [UInt8](repeating: 0, count: Self.keptConsole)
        let count = pread(errors, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}

extension SidecarRun {
    private static func open(_ target: ConsoleTarget) throws(HarnessError) -> (reader: Int32, writer: Int32) {
        guard target == .pipe else {
            return (-1, try HarnessError.check(Glibc.open("/dev/null", O_WRONLY | O_CLOEXEC), "/dev/null"))
        }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw HarnessError("no pipe could be created") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        return (ends[0], ends[1])
    }

    static func spawn(
        _ program: Program,
        _ environment: [String: String],
        _ directory: String,
        _ output: Int32,
        _ errors: Int32,
        _ started: inout UInt64
    ) -> pid_t {
        var arguments: [UnsafeMutablePointer<CChar>?] = program.command.map { strdup($0) }
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") }
        let path = strdup(program.command[0])
        let folder = strdup(directory)
        defer {
            for text in arguments + variables + [path, folder] { free(text) }
        }
        arguments.append(nil)
        variables.append(nil)
        return arguments.withUnsafeMutableBufferPointer { arguments in
            variables.withUnsafeMutableBufferPointer { variables in
                var child = cbench_child(
                    path: path,
                    arguments: arguments.baseAddress,
                    environment: variables.baseAddress,
                    directory: folder,
                    standard_output: output,
                    standard_error: errors,
                    without_notifications: program.watching == .polling ? 1 : 0
                )
                return cbench_spawn(&child, &started)
            }
        }
    }
}
