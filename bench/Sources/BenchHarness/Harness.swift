import CBench
import ControlPlane
import Glibc
import Reactor
import Scheduling

/// Runs measured programs: their workspaces, the control plane, and the waiting for what they do.
///
/// Everything that a run can do wrong (a failure report, an early end, a request that nobody asked for, nothing at all)
/// ends the measurement with an error that shows what the program has said.
public final class Harness {
    /// How long a program may take for any one step. Commands with large inputs set more.
    public var patienceSeconds = 20.0

    /// What is kept of a body, in bytes: small requests whole, the beginning of large ones.
    static let keptBody = 4 * 1_024

    public let server: ControlPlaneServer
    private let root: String
    private let stopSignals: Int32
    private var runs: [SidecarRun] = []
    private var runCount = 0
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)

    /// - Parameter folder: where the workspaces are made, in a directory of their own that goes with the harness.
    public init(folder: String) throws(HarnessError) {
        // Before the server's thread is made: it inherits the mask.
        stopSignals = try HarnessError.check(cbench_stop_signals(), "a signalfd")
        guard cbench_raise_descriptor_limit() > 0 else {
            throw HarnessError("the descriptor limit is unknown")
        }
        // mkdtemp(3) wants six of these.
        let unique = String(repeating: "X", count: 6)
        var template = Array("\(folder)/sidecar-bench-\(unique)".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw HarnessError("no directory can be made in \(folder): \(String(cString: strerror(errno)))")
        }
        root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        server = try HarnessError.of("the control plane") { () throws(SystemError) in
            let server = try ControlPlaneServer(keptBody: Self.keptBody) { ObjectStoreRouter() }
            try server.start()
            return server
        }
    }

    /// Ends what is still running and removes the workspaces. Nothing can be done with the harness after it.
    public func close() {
        for run in runs { run.end() }
        runs = []
        server.stop()
        JobWorkspace.removeTree(root)
    }

    deinit {
        buffer.deallocate()
        Glibc.close(stopSignals)
    }

    /// A path for a file that goes with the harness.
    public func scratchPath(_ name: String) -> String { "\(root)/\(name)" }

    public func removeScratch(_ path: String) throws(HarnessError) {
        guard unlink(path) == 0 else { throw HarnessError("\(path) cannot be removed") }
    }

    // MARK: Runs

    /// Makes a workspace for one run of the job.
    public func prepare(_ job: Job, name: String) throws(HarnessError) -> (workloadID: String, JobWorkspace) {
        runCount += 1
        let workloadID = "\(name)-\(runCount)"
        let workspace = try JobWorkspace(
            path: "\(root)/\(workloadID)",
            input: job.input(workloadID: workloadID)
        )
        return (workloadID, workspace)
    }

    /// Starts a program in a workspace.
    public func start(
        _ program: Program,
        _ job: Job,
        in workspace: (workloadID: String, JobWorkspace),
        console: SidecarRun.ConsoleTarget = .pipe
    ) throws(HarnessError) -> SidecarRun {
        let run = try SidecarRun(
            program: program,
            job: job,
            workloadID: workspace.workloadID,
            workspace: workspace.1,
            server: server,
            console: console
        )
        runs.append(run)
        return run
    }

    /// Ends the connector as the launcher's shell does: closes the output, and moments later puts the exit code into its
    /// place.
    ///
    /// - Returns: the moment before the rename.
    @discardableResult
    public func endConnector(_ workspace: JobWorkspace) throws(HarnessError) -> Instant {
        workspace.closeOutput()
        try workspace.prepareExitCode()
        try pause(seconds: JobWorkspace.secondsFromCloseToExitCode)
        return try workspace.publishExitCode()
    }

    /// Waits for the program's end, which must be a good one after a right delivery, and forgets the run.
    public func finish(_ run: SidecarRun) throws(HarnessError) -> SidecarRun.ProcessExit {
        try wait("its end", run) { run.exit != nil }
        run.drainConsole(into: buffer)
        guard let exit = run.exit, exit.status == 0 else { throw HarnessError("failed\n\(run.story)") }
        if let problem = Delivery(run.calls, of: run.job).problem {
            throw HarnessError("\(problem)\n\(run.story)")
        }
        discard(run)
        return exit
    }

    /// Ends the program if it is still running, and forgets the run.
    public func discard(_ run: SidecarRun) {
        run.end()
        runs.removeAll { $0 === run }
    }

    // MARK: Waiting

    /// Waits until a call has come.
    public func wait(for kind: ReceivedCall.Kind, _ run: SidecarRun) throws(HarnessError) -> ReceivedCall {
        try wait("the call '\(kind.rawValue)'", run) { run.call(kind) != nil }
        guard let call = run.call(kind) else { throw HarnessError("\(run.story)") }
        return call
    }

    /// Waits until something has become true of a run, which may not end badly before.
    public func wait(
        _ what: String,
        _ run: SidecarRun,
        until condition: () -> Bool
    ) throws(HarnessError) {
        let deadline = Instant.now.advanced(bySeconds: patienceSeconds)
        while !condition() {
            if let exit = run.exit {
                run.drainConsole(into: buffer)
                throw HarnessError("ended with status \(exit.status) before \(what)\n\(run.story)")
            }
            guard Instant.now < deadline else {
                throw HarnessError("waited \(patienceSeconds) s for \(what)\n\(run.story)")
            }
            try pump(until: deadline)
        }
    }

    /// Lets time pass, while what the programs do is noted.
    public func pause(seconds: Double) throws(HarnessError) {
        let end = Instant.now.advanced(bySeconds: seconds)
        while Instant.now < end { try pump(until: end) }
    }

    /// Waits once for any of the descriptors, and takes what they have.
    private func pump(until deadline: Instant) throws(HarnessError) {
        let live = runs
        // A negative descriptor is passed over by poll.
        let descriptors =
            [stopSignals, server.arrivals]
            + live.flatMap { [$0.console, $0.exit == nil ? $0.processDescriptor : -1] }
        var ready = [UInt8](repeating: 0, count: descriptors.count)
        let left = max(0, deadline.seconds(since: .now))
        let result = cbench_wait_readable(descriptors, &ready, Int32(descriptors.count), Int64(left * 1e9))
        _ = try HarnessError.check(result, "waiting")
        if ready[0] != 0 { throw HarnessError.stopped }
        for (index, run) in live.enumerated() {
            if ready[2 + 2 * index] != 0 { run.readConsole(into: buffer) }
        }
        if ready[1] != 0 { try takeCalls() }
        for (index, run) in live.enumerated() where ready[3 + 2 * index] != 0 { try ended(run) }
    }

    private func ended(_ run: SidecarRun) throws(HarnessError) {
        // What it called just before its end has come before it.
        try takeCalls()
        run.reap()
        if let exit = run.exit, exit.status != 0 {
            run.drainConsole(into: buffer)
            throw HarnessError("failed with status \(exit.status)\n\(run.story)")
        }
    }

    private func takeCalls() throws(HarnessError) {
        for call in server.takeCalls() {
            guard let run = runs.first(where: { $0.workloadID == call.workloadID }) ?? onlyRun(call) else {
                throw HarnessError("\(call.kind.rawValue) came from an unknown workload: \(call.text)")
            }
            run.calls.append(call)
            if call.kind == .violation || call.kind == .failure {
                // Its own words come with it.
                run.drainConsole(into: buffer)
                throw HarnessError("\(call.kind.rawValue)\n\(run.story)")
            }
        }
    }

    /// A request that names no workload is from the only one there is.
    private func onlyRun(_ call: ReceivedCall) -> SidecarRun? {
        call.workloadID.isEmpty && runs.count == 1 ? runs.first : nil
    }
}
