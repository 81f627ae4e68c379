import ArgumentParser
import BenchHarness
import BenchReport
import Foundation
import Scheduling

/// What many waiting sidecars cost a node.
struct Density: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Memory, CPU time and context switches of many sidecars that wait, and what one heartbeat takes.",
        discussion: """
            All sidecars wait for a connector that has opened its output and does not end, and send heartbeats. Memory \
            is read once all of them are announced; CPU time and context switches are taken over a window, and told \
            per minute. Then one, and the largest count, are watched while no heartbeat is due: a sidecar that is \
            woken by events sleeps all the time, a sidecar that polls does not.
            """
    )

    @OptionGroup var common: CommonOptions

    @Option(help: "How many wait at once.")
    var counts = "1,10,100,500"

    @Option(help: "The loops, of: io_uring, epoll.")
    var backends = "io_uring,epoll"

    @Option(help: "Seconds over which CPU time and context switches are taken.")
    var window = 60.0

    @Option(help: "Seconds between heartbeats; the program's own default is 30.")
    var heartbeat = 30.0

    @Option(help: "Seconds over which sidecars that have nothing to do are watched.")
    var idle = 20.0

    @Option(help: "Heartbeats over which system calls are counted.")
    var traced = 10

    enum Metric {
        static let pss = "PSS each"
        static let privateMemory = "private memory each"
        static let resident = "resident memory each"
        static let cpu = "CPU time a minute each"
        static let switches = "context switches a minute each"
        static let wakeUps = "wake-ups while idle"
        static let woken = "sidecars that are woken by events"
        static let systemCalls = "system calls per heartbeat"
    }

    /// How often a sidecar that polls looks at its files while idle ones are watched.
    private static let pollsPerSecond = 2.0

    func validate() throws {
        guard idle >= 1 else { throw ValidationError("--idle is at least one second") }
    }

    func run() throws {
        let sidecar = try common.checkedSidecar()
        let counts = try self.counts.split(separator: ",").map { item in
            guard let count = Int(item), count > 0 else { throw ValidationError("'\(item)' is no count") }
            return count
        }
        let programs = try backends.split(separator: ",").map { name in
            guard ["io_uring", "epoll"].contains(name) else { throw ValidationError("'\(name)' is no loop") }
            return Program.sidecar(sidecar, backend: String(name))
        }
        var report = Report(
            command: "density",
            parameters: [
                MachineFacts.Fact("counts", self.counts), MachineFacts.Fact("window", "\(window) s"),
                MachineFacts.Fact("heartbeat", "every \(heartbeat) s"),
            ]
        )
        try common.withHarness { harness in
            harness.patienceSeconds = 60
            let largest = counts.max() ?? 1
            let idleCounts = largest > 1 ? [1, largest] : [1]
            let progress = Progress("density", total: programs.count * (counts.count + idleCounts.count + 1))
            var done = 0
            for program in programs {
                for count in counts {
                    try waitTogether(count, program, harness, &report)
                    done += 1
                    progress.show(done)
                }
                for count in idleCounts {
                    try watchIdle(count, program, harness, &report)
                    done += 1
                    progress.show(done)
                }
                try countSystemCalls(program, harness, &report)
                done += 1
                progress.show(done)
            }
            for program in programs {
                report.judge(Metric.resident, "\(program.name), 100", Aims.waitingMemory)
                report.judge(Metric.pss, "\(program.name), 100", Aims.proportionalMemory)
                report.judge(Metric.wakeUps, "\(program.name), 1", Aims.idleWakeUps)
                report.judge(Metric.woken, "\(program.name), \(largest)", .atLeast(Double(largest)))
            }
        }
        report.judge(Metric.systemCalls, "io_uring", Aims.heartbeatSystemCalls)
        report.notes.append(
            "The first sidecar pays for the libraries alone in PSS; others share them. Context switches are voluntary "
                + "ones: each is one time of going to sleep."
        )
        try common.publish(report)
    }

    // MARK: Many at once

    /// What a process has used so far.
    private struct Usage {
        var processorTime: UInt64
        var switches: Int

        init(_ files: ProcessFiles) throws(HarnessError) {
            processorTime = try files.processorTime()
            switches = try files.status().number("voluntary_ctxt_switches")
        }
    }

    private func waitTogether(
        _ count: Int,
        _ program: Program,
        _ harness: Harness,
        _ report: inout Report
    ) throws {
        let runs = try start(count, program, every: heartbeat, harness)
        let subject = "\(program.name), \(count)"
        var pss: [Double] = []
        var owned: [Double] = []
        var resident: [Double] = []
        for run in runs {
            let map = try ProcessFiles(run.pid).memoryMap()
            pss.append(Double(try map.number("Pss")) * 1_024)
            owned.append(Double(try map.number("Private_Clean") + map.number("Private_Dirty")) * 1_024)
            resident.append(Double(try map.number("Rss")) * 1_024)
        }
        report.add(Metric.pss, subject, .bytes, pss)
        report.add(Metric.privateMemory, subject, .bytes, owned)
        report.add(Metric.resident, subject, .bytes, resident)

        let before = try runs.map { try Usage(ProcessFiles($0.pid)) }
        let start = Instant.now
        try harness.pause(seconds: window)
        let minutes = Instant.now.seconds(since: start) / 60
        let after = try runs.map { try Usage(ProcessFiles($0.pid)) }
        report.add(
            Metric.cpu,
            subject,
            .seconds,
            zip(before, after).map { Double($1.processorTime - $0.processorTime) / 1e9 / minutes }
        )
        report.add(
            Metric.switches,
            subject,
            .count,
            zip(before, after).map { Double($1.switches - $0.switches) / minutes }
        )
        try end(runs, harness)
    }

    private func start(
        _ count: Int,
        _ program: Program,
        every seconds: Double,
        _ harness: Harness,
        settings: [String: String] = [:]
    ) throws(HarnessError) -> [SidecarRun] {
        // The contact timeout must not come before the first heartbeat.
        let job = Job(
            operation: .check,
            settings: [
                "SIDECAR_HEARTBEAT_INTERVAL_SECONDS": "\(seconds)",
                "SIDECAR_HEARTBEAT_TIMEOUT_MINUTES": "\(max(5, seconds / 30))",
                "SIDECAR_FILE_TIMEOUT_MINUTES": "1000",
            ].merging(settings) { $1 }
        )
        var runs: [SidecarRun] = []
        for _ in 0..<count {
            let prepared = try harness.prepare(job, name: "density")
            runs.append(try harness.start(program, job, in: prepared, console: .null))
        }
        for run in runs { _ = try harness.wait(for: .running, run) }
        for run in runs { try run.workspace.openOutput() }
        // What is done at the start comes to its end.
        try harness.pause(seconds: 0.5)
        return runs
    }

    /// Lets the jobs come to a good end, which shows that all were still at their work.
    private func end(_ runs: [SidecarRun], _ harness: Harness) throws(HarnessError) {
        for run in runs { try run.workspace.writeOutput(run.job.minResult) }
        for run in runs { try harness.endConnector(run.workspace) }
        for run in runs {
            _ = try harness.wait(for: .success, run)
            _ = try harness.finish(run)
        }
    }

    // MARK: Nothing to do

    /// Counts how often sidecars wake up while nothing happens and no heartbeat is due, and from that which of them poll.
    ///
    /// Afterwards the connectors end, long before the next heartbeat: a sidecar that neither polls nor is woken fails the
    /// run.
    private func watchIdle(
        _ count: Int,
        _ program: Program,
        _ harness: Harness,
        _ report: inout Report
    ) throws {
        let runs = try start(
            count,
            program,
            every: 10 * max(idle, 60),
            harness,
            settings: ["SIDECAR_RESCAN_SECONDS": "\(1 / Self.pollsPerSecond)"]
        )
        let files = runs.map { ProcessFiles($0.pid) }
        let before = try files.map { try Usage($0).switches }
        try harness.pause(seconds: idle)
        let wakeUps = zip(before, try files.map { try Usage($0).switches }).map { Double($1 - $0) }
        let subject = "\(program.name), \(count)"
        report.add(Metric.wakeUps, subject, .count, wakeUps)
        // Half of what polling makes: between the few times that something else may wake a sidecar, and polling.
        let woken = wakeUps.count { $0 < idle * Self.pollsPerSecond / 2 }
        report.add(Metric.woken, subject, .count, [Double(woken)])
        if woken < count {
            let setting = "/proc/sys/fs/inotify/max_user_instances"
            let limit = try String(contentsOfFile: setting, encoding: .utf8).filter(\.isNumber)
            report.notes.append(
                "\(subject): \(count - woken) poll, and \(files.count { $0.usesInotify }) have an inotify instance; "
                    + "fs.inotify.max_user_instances is \(limit). Their CPU time and context switches are those of polling."
            )
        }
        try end(runs, harness)
    }

    private func countSystemCalls(_ program: Program, _ harness: Harness, _ report: inout Report) throws {
        let strace = "/usr/bin/strace"
        guard FileManager.default.isExecutableFile(atPath: strace) else {
            report.notes.append("System calls are not counted: strace is missing.")
            return
        }
        let runs = try start(1, program, every: 1, harness)
        let run = runs[0]
        let path = harness.scratchPath("strace.txt")
        let tool = try ToolProcess([strace, "-f", "-q", "-s", "64", "-o", path, "-p", "\(run.pid)"])
        let files = ProcessFiles(run.pid)
        while try files.status().number("TracerPid") == 0 {
            guard !tool.hasEnded else { throw HarnessError("strace: \(tool.errorText)") }
            try harness.pause(seconds: 0.01)
        }
        let first = run.calls.count { $0.kind == .heartbeat }
        try harness.wait("heartbeats", run) {
            run.calls.count { $0.kind == .heartbeat } >= first + traced + 1
        }
        tool.end(with: SIGINT)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let intervals = SystemCallTrace(parsing: text).intervals
        guard let last = intervals.last else { throw HarnessError("strace has seen no heartbeats:\n\(text)") }
        report.add(Metric.systemCalls, program.name, .count, intervals.map { Double($0.count) })
        report.notes.append("A heartbeat on \(program.name): \(SystemCallTrace.histogram(last))")
        try end(runs, harness)
    }
}
