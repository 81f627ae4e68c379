import BenchHarness
import SyntheticOutput

/// Plays one job after the other with a program, as the connector and the main container, and times what it does.
final class JobPlayer {
    /// What tables call the timings.
    enum Metric {
        static let spawn = "spawn to running received"
        static let firstLine = "first log line to console"
        static let console = "log line to console"
        static let output = "rename to output received"
        static let completion = "rename to success received"
        static let exit = "success received to exit"
        static let cpu = "CPU time of a job"
        static let peak = "peak resident memory"
    }

    /// In seconds.
    struct Timing {
        /// From before the process is made to the end of the announcement's reading.
        var spawnToRunning: Double
        /// From before the write of a LOG message to its text having been read from the pipe: the first one of the
        /// job, which finds everything cold, and the second one, as all others are.
        var firstLineToConsole: Double?
        var lineToConsole: Double?
        /// From before the rename of `exitCode.txt` to the end of the reading of the stored output, and of the report.
        var renameToOutput: Double
        var renameToSuccess: Double
        /// From there, or where the peak is read, from the answer's release.
        var successToExit: Double
        var cpuSeconds: Double
        /// In bytes.
        var peakMemory: Double?
    }

    /// False for programs that show log lines only after the end.
    var measuresConsole = true
    /// The report is answered late, so that the peak of the memory can be read before the program ends.
    var readsPeak = false

    private let harness: Harness
    private let maxPause: Double
    private var random: SeededGenerator
    private var lineCount = 0
    /// Programs whose way of watching has been looked at.
    private var checked: Set<String> = []

    /// - Parameter maxPause: the pauses between the steps are random and up to so long, in seconds, so that a
    ///   program that looks in intervals is met at every phase.
    init(harness: Harness, maxPause: Double, seed: UInt64) {
        self.harness = harness
        self.maxPause = maxPause
        random = SeededGenerator(seed: seed)
    }

    func play(_ job: Job, _ program: Program) throws(HarnessError) -> Timing {
        let (workloadID, workspace) = try harness.prepare(job, name: program.name)
        try workspace.prepareExitCode()
        let run = try harness.start(program, job, in: (workloadID, workspace))
        let running = try harness.wait(for: .running, run)
        try pause()
        let firstLineToConsole = try timeLine(workspace, run)
        try check(program, run)
        try pause()
        let lineToConsole = try timeLine(workspace, run)
        try pause()
        try workspace.writeOutput(job.minResultLength)
        workspace.closeOutput()
        try pause()
        if readsPeak { harness.server.holdSuccess(of: workloadID) }
        let renamed = try workspace.publishExitCode()
        let success = try harness.wait(for: .success, run)
        guard let output = run.call(.writeOutput), output.arrival < success.arrival else {
            throw HarnessError("no output was stored before the report\n\(run.story)")
        }
        var timing = Timing(
            spawnToRunning: running.arrival.seconds(since: run.spawned),
            firstLineToConsole: firstLineToConsole,
            lineToConsole: lineToConsole,
            renameToOutput: output.arrival.seconds(since: renamed),
            renameToSuccess: success.arrival.seconds(since: renamed),
            successToExit: 0,
            cpuSeconds: 0
        )
        var answered = success.arrival
        if readsPeak {
            timing.peakMemory = Double(try ProcessFiles(run.pid).status().number("VmHWM")) * 1_024
            answered = .now
            harness.server.release(workloadID)
        }
        let exit = try harness.finish(run)
        timing.successToExit = exit.moment.seconds(since: answered)
        timing.cpuSeconds = exit.cpuSeconds
        return timing
    }

    private func pause() throws(HarnessError) {
        try harness.pause(seconds: Double.random(in: 0..<maxPause, using: &random))
    }

    private func timeLine(_ workspace: JobWorkspace, _ run: SidecarRun) throws(HarnessError) -> Double? {
        lineCount += 1
        let text = "reading page \(lineCount) of users"
        run.awaitConsole(text)
        let written = try workspace.writeOutput(
            #"{"type":"LOG","log":{"level":"INFO","message":"\#(text)"}}"# + "\n"
        )
        guard measuresConsole else { return nil }
        try harness.wait("the line on its console", run) { run.consoleSeen != nil }
        return run.consoleSeen?.seconds(since: written)
    }

    /// The poller must poll and the others must not: else the comparison would be of something else.
    private func check(_ program: Program, _ run: SidecarRun) throws(HarnessError) {
        guard let watches = program.watches, checked.insert(program.name).inserted else { return }
        guard ProcessFiles(run.pid).usesInotify == watches else {
            throw HarnessError(
                "\(watches ? "inotify is not in use" : "the poller has inotify")\n\(run.story)"
            )
        }
    }
}
