import BenchReport

/// What tables call the timings of a job.
enum JobMetric {
    static let spawn = "spawn to running received"
    static let firstLine = "first log line to console"
    static let console = "log line to console"
    static let result = "result to output received"
    static let output = "rename to output received"
    static let early = "share of outputs stored before the rename"
    static let completion = "rename to success received"
    static let exit = "success received to exit"
    static let cpu = "CPU time of a job"
    static let peak = "peak resident memory"

    /// Those that two programs are compared by.
    static let compared = [spawn, firstLine, console, result, output, completion, exit, cpu, peak]
}

/// The timings of one job after the other, by program and variant.
struct JobTimings {
    private var timings: [String: [JobPlayer.Timing]] = [:]

    mutating func add(_ timing: JobPlayer.Timing, _ program: String, _ variant: JobVariant) {
        timings[variant.subject(program), default: []].append(timing)
    }

    /// Adds what a program took for a variant to the report.
    func report(_ program: String, _ variant: JobVariant, to report: inout Report) {
        let subject = variant.subject(program)
        let timings = timings[subject] ?? []
        addDelivery(timings, subject, to: &report)
        // The rest is not about the distance.
        guard !variant.isDistant else { return }
        report.add(JobMetric.spawn, subject, .seconds, timings.map(\.spawnToRunning))
        report.add(JobMetric.firstLine, subject, .seconds, timings.compactMap(\.firstLineToConsole))
        report.add(JobMetric.console, subject, .seconds, timings.compactMap(\.lineToConsole))
        report.add(JobMetric.exit, subject, .seconds, timings.map(\.successToExit))
        report.add(JobMetric.cpu, subject, .seconds, timings.map(\.cpuSeconds))
        report.add(JobMetric.peak, subject, .bytes, timings.compactMap(\.peakMemory))
    }

    private func addDelivery(_ timings: [JobPlayer.Timing], _ subject: String, to report: inout Report) {
        report.add(JobMetric.completion, subject, .seconds, timings.map(\.renameToSuccess))
        report.add(JobMetric.result, subject, .seconds, timings.map(\.resultToOutput))
        let early = timings.count { $0.renameToOutput < 0 }
        // A time that is negative in some jobs has no ratio; one that leaves these jobs out would flatter.
        if early == 0 {
            report.add(JobMetric.output, subject, .seconds, timings.map(\.renameToOutput))
        } else {
            report.add(JobMetric.early, subject, .count, [Double(early) / Double(timings.count)])
        }
    }
}
