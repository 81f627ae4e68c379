import CLinux
import Glibc
import Scheduling

/// One run from its workspace to its summary.
struct RunCommand {
    let job: LocalJob
    let sidecar: SidecarCommand
    let environment: [String: String]
    let keepsWorkspace: Bool

    /// - Returns: the exit code. A run that was interrupted ends this process by the signal.
    func perform(_ view: any RunView) throws(Failure) -> Int32 {
        // Whoever reads standard output may go: there are processes and a folder to be cleared away before this one ends.
        Glibc.signal(SIGPIPE, SIG_IGN)
        // Where the kernel refuses this, a connector's process that leaves its group is not found at the end.
        _ = clinux_adopt_orphans()
        let workspace = try LocalWorkspace(for: job, environment: environment)
        var problem: Failure?
        var interruption: Int32?
        var status = Exit.negative
        do throws(Failure) {
            let run = try LocalRun(self, workspace, view)
            defer { run.endProcesses() }
            try run.perform()
            interruption = run.record.interruption
            let summary = RunSummary(
                record: run.record,
                took: .zero + (run.end - run.record.start),
                mask: run.mask,
                keptWorkspace: keepsWorkspace ? workspace.path : nil
            )
            try view.finish(summary)
            try view.flush()
            if summary.isSuccess { status = Exit.success }
        } catch {
            problem = error
            // The error is to be seen on the terminal's own screen.
            try? view.suspend()
            try? view.flush()
        }
        if !keepsWorkspace { try workspace.remove() }
        if let problem {
            if problem.status == Exit.brokenPipe { Self.end(by: SIGPIPE) }
            throw problem
        }
        if let interruption { Self.end(by: interruption) }
        return status
    }

    /// Ends this process by a signal, as if it had never been caught.
    private static func end(by signal: Int32) {
        // SIGQUIT would write the memory to a file, with the configuration in it.
        var none = rlimit()
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        Glibc.signal(signal, SIG_DFL)
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, signal)
        unsafe sigprocmask(SIG_UNBLOCK, &signals, nil)
        raise(signal)
    }
}

/// Which sidecar is run, and its variables.
struct SidecarCommand {
    /// Nil for the one that is built in.
    let program: String?
    let settings: [String: String]

    /// The program and its arguments.
    var words: [String] { program.map { [$0] } ?? ["/proc/self/exe", "sidecar"] }

    /// Nothing of the user's own variables comes along, such as a proxy.
    func variables(workspace: String, platform: String, environment: [String: String]) -> [String: String] {
        var variables = [
            "AIRBYTE_CONFIG_DIR": workspace, "WORKLOAD_API_HOST": platform, "INTERNAL_API_HOST": platform,
        ]
        for name in ["PATH", "LD_LIBRARY_PATH"] { variables[name] = environment[name] }
        return variables.merging(settings) { $1 }
    }
}
