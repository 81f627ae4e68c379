import BenchHarness
import SyntheticOutput

/// Plays one job after the other with a program, as the connector and the main container, and times what it does.
final class JobPlayer {
    /// In seconds.
    struct Timing {
        /// From before the process is made to the end of the announcement's reading.
        var spawnToRunning: Double
        /// From before the write of a LOG message to its text having been read from the pipe: the first one of the
        /// job, which finds everything cold, and the second one, as all others are.
        var firstLineToConsole: Double?
        var lineToConsole: Double?
        /// From before the write of the result to the end of the reading of the output that was stored last.
        var resultToOutput: Double
        /// From before the rename of `exitCode.txt` to there, negative where the output was stored before, and to the end
        /// of the reading of the report.
        var renameToOutput: Double
        var renameToSuccess: Double
        /// From there, or where the peak is read, from the answer's release.
        var successToExit: Double
        var cpuSeconds: Double
        /// In bytes.
        var peakMemory: Double?
        /// Telemetry.
        var received = TelemetryReceiver.Received()
    }

    /// False for programs that show log lines only after the end.
    var measuresConsole = true
    /// The report is answered late, so that the peak of the memory can be read before the program ends.
    var readsPeak = false
    /// Gets the telemetry of the program. It takes part in reading the peak: the last flush comes after the report.
    var receiver: TelemetryReceiver?

    private let harness: Harness
    private let maxPause: Double
    private let standing: ClosedRange<Double>
    private let seed: UInt64
    private var random: SeededGenerator
    private var lineCount = 0
    /// Programs whose way of watching has been looked at.
    private var checked: Set<String> = []

    /// - Parameters:
    ///   - maxPause: the pauses between the steps are random and up to so long, in seconds, so that a program that looks
    ///     in intervals is met at every phase.
    ///   - standing: how long the connector runs on after its result, in seconds.
    init(harness: Harness, maxPause: Double, standing: ClosedRange<Double>, seed: UInt64) {
        self.harness = harness
        self.maxPause = maxPause
        self.standing = standing
        self.seed = seed
        random = SeededGenerator(seed: seed)
    }

    /// Plays a job.
    ///
    /// - Parameter round: all jobs of a round have the same pauses, whoever plays them.
    func play(
        _ variant: JobVariant,
        _ program: Program,
        round: Int
    ) throws(HarnessError) -> Timing {
        var seeds = SeededGenerator(seed: UInt64(round))
        random = SeededGenerator(seed: seed ^ seeds.next())
        let job = Job(operation: variant.operation)
        harness.server.setDistance(.milliseconds(variant.distance))
        let (workloadID, workspace) = try harness.prepare(job, name: program.name)
        _ = receiver?.take()
        let run = try harness.start(program, job, in: (workloadID, workspace))
        receiver?.watch(run.pid)
        defer { receiver?.watch(nil) }
        let running = try harness.wait(for: .running, run)
        try pause()
        try workspace.openOutput()
        try pause()
        let firstLineToConsole = try timeLine(workspace, run)
        try check(program, run)
        try pause()
        let lineToConsole = try timeLine(workspace, run)
        try pause()
        let written = try workspace.writeOutput(job.minResult)
        if readsPeak { harness.server.holdSuccess(of: workloadID) }
        try harness.pause(seconds: Double.random(in: standing, using: &random))
        let renamed = try harness.endConnector(workspace)
        let success = try harness.wait(for: .success, run)
        guard success.arrival >= renamed else {
            throw HarnessError("success was reported before the exit code was there\n\(run.story)")
        }
        guard let output = Delivery(run.calls, of: job).output else {
            throw HarnessError("no output was stored before the report\n\(run.story)")
        }
        guard output.arrival >= written else {
            throw HarnessError("the output was stored before the result was there\n\(run.story)")
        }
        var timing = Timing(
            spawnToRunning: running.arrival.seconds(since: run.spawned),
            firstLineToConsole: firstLineToConsole,
            lineToConsole: lineToConsole,
            resultToOutput: output.arrival.seconds(since: written),
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
        if let received = receiver?.take() {
            timing.received = received
            timing.peakMemory = timing.peakMemory.map { max($0, Double(received.peakMemory)) }
        }
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
        guard program.watching != .unknown, checked.insert(program.name).inserted else { return }
        let watches = program.watching == .inotify
        guard ProcessFiles(run.pid).usesInotify == watches else {
            throw HarnessError(
                "\(watches ? "inotify is not in use" : "the poller has inotify")\n\(run.story)"
            )
        }
    }
}
