import BenchHarness
import SyntheticOutput

/// Plays one job after the other with a program, as the connector and the main container, and times what it does.
final class JobPlayer {
    /// In seconds.
    struct Timing {
        /// From before the process is made to the end of the announcement's reading.
        var spawnToRunning: Double
        /// From before the write of a LOG message to its text having been read from the pipe.
        var lineToConsole: Double
        /// From before the rename of `exitCode.txt` to the end of the report's reading.
        var renameToSuccess: Double
        var successToExit: Double
        var cpuSeconds: Double
    }

    private let harness: Harness
    private let longestPause: Double
    private var random: SeededGenerator
    private var lineCount = 0
    /// Programs whose way of watching has been looked at.
    private var checked: Set<String> = []

    /// - Parameter longestPause: the pauses between the steps are random and up to so long, in seconds, so that a
    ///   program that looks in intervals is met at every phase.
    init(harness: Harness, longestPause: Double, seed: UInt64) {
        self.harness = harness
        self.longestPause = longestPause
        random = SeededGenerator(seed: seed)
    }

    func play(_ job: Job, _ program: Program) throws(HarnessError) -> Timing {
        let (workloadID, workspace) = try harness.prepare(job, name: program.name)
        try workspace.prepareExitCode()
        let run = try harness.start(program, job, in: (workloadID, workspace))
        let running = try harness.wait(for: .running, run)
        try pause()
        let line = try writeLine(workspace, run)
        try harness.wait("the line on its console", run) { run.consoleSeen != nil }
        let seen = run.consoleSeen ?? .now
        try check(program, run)

        try pause()
        try workspace.writeOutput(job.shortestResult)
        workspace.closeOutput()
        try pause()
        let renamed = try workspace.publishExitCode()
        let success = try harness.wait(for: .success, run)
        let exit = try harness.finish(run)
        guard let output = run.call(.writeOutput), output.arrival < success.arrival else {
            throw HarnessError("no output was stored before the report\n\(run.story)")
        }
        return Timing(
            spawnToRunning: running.arrival.seconds(since: run.spawned),
            lineToConsole: seen.seconds(since: line),
            renameToSuccess: success.arrival.seconds(since: renamed),
            successToExit: exit.moment.seconds(since: success.arrival),
            cpuSeconds: exit.cpuSeconds
        )
    }

    private func pause() throws(HarnessError) {
        try harness.pause(seconds: Double.random(in: 0..<longestPause, using: &random))
    }

    private func writeLine(_ workspace: JobWorkspace, _ run: SidecarRun) throws(HarnessError) -> MonotonicTime
    {
        lineCount += 1
        let text = "reading page \(lineCount) of users"
        run.awaitConsole(text)
        return try workspace.writeOutput(
            #"{"type":"LOG","log":{"level":"INFO","message":"\#(text)"}}"# + "\n"
        )
    }

    /// The poller must poll and the others must not: else the comparison would be of something else.
    private func check(_ program: Program, _ run: SidecarRun) throws(HarnessError) {
        guard checked.insert(program.name).inserted else { return }
        let mayWatch = program.name != "poller"
        guard ProcessFiles(run.pid).usesInotify == mayWatch else {
            throw HarnessError(
                "\(mayWatch ? "inotify is not in use" : "the poller has inotify")\n\(run.story)"
            )
        }
    }
}
