import ArgumentParser
import BenchHarness
import BenchReport
import Foundation

/// What many waiting sidecars cost a node.
struct Density: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Memory, CPU time and context switches of many sidecars that wait, and what one heartbeat takes.",
        discussion: """
            All sidecars wait for a connector that does not end, and send heartbeats. Memory is read once all of them \
            are announced; CPU time and context switches are taken over a window, and told per minute.
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

    @Option(help: "Seconds over which one sidecar that has nothing to do is watched.")
    var idle = 20.0

    @Option(help: "Heartbeats over which system calls are counted.")
    var traced = 10

    enum Metric {
        static let pss = "PSS each"
        static let privateMemory = "private memory each"
        static let resident = "resident memory each"
        static let cpu = "CPU time a minute each"
        static let switches = "context switches a minute each"
        static let polling = "share that polls for want of inotify"
        static let wakeUps = "wake-ups while idle"
        static let systemCalls = "system calls per heartbeat"
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
            let progress = Progress("density", total: programs.count * (counts.count + 2))
            var done = 0
            for program in programs {
                for count in counts {
                    try waitTogether(count, program, harness, &report)
                    done += 1
                    progress.show(done)
                }
                try watchIdle(program, harness, &report)
                try countSystemCalls(program, harness, &report)
                done += 2
                progress.show(done)
            }
        }
        for program in programs {
            report.judge(Metric.pss, "\(program.name), 100", .atMost(4e6))
            report.judge(Metric.wakeUps, program.name, .atMost(0))
        }
        report.judge(Metric.systemCalls, "io_uring", .atMost(10))
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

        try notePolling(runs, subject, &report)

        let before = try runs.map { try Usage(ProcessFiles($0.pid)) }
        let start = MonotonicTime.now
        try harness.pause(seconds: window)
        let minutes = MonotonicTime.now.seconds(since: start) / 60
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

    /// A user has so many inotify instances on a node; sidecars beyond that look at their files every other second.
    private func notePolling(_ runs: [SidecarRun], _ subject: String, _ report: inout Report) throws {
        let polling = runs.count { !ProcessFiles($0.pid).usesInotify }
        report.add(Metric.polling, subject, .count, [Double(polling) / Double(runs.count)])
        guard polling > 0 else { return }
        let setting = "/proc/sys/fs/inotify/max_user_instances"
        let limit = try String(contentsOfFile: setting, encoding: .utf8).filter(\.isNumber)
        report.notes.append(
            "\(subject): \(polling) got no inotify instance and poll, since fs.inotify.max_user_instances is \(limit). "
                + "Their wake-ups and CPU time are those of polling."
        )
    }

    private func start(
        _ count: Int,
        _ program: Program,
        every seconds: Double,
        _ harness: Harness
    ) throws(HarnessError) -> [SidecarRun] {
        // The contact timeout must not come before the first heartbeat.
        let job = Job(
            operation: .check,
            settings: [
                "SIDECAR_HEARTBEAT_INTERVAL_SECONDS": "\(seconds)",
                "SIDECAR_HEARTBEAT_TIMEOUT_MINUTES": "\(max(5, seconds / 30))",
                "SIDECAR_FILE_TIMEOUT_MINUTES": "1000",
            ]
        )
        var runs: [SidecarRun] = []
        for _ in 0..<count {
            let prepared = try harness.prepare(job, name: "density")
            try prepared.1.prepareExitCode()
            runs.append(try harness.start(program, job, in: prepared, console: .null))
        }
        for run in runs { _ = try harness.wait(for: .running, run) }
        // What is done at the start comes to its end.
        try harness.pause(seconds: 0.5)
        return runs
    }

    /// Lets the jobs come to a good end, which shows that all were still at their work.
    private func end(_ runs: [SidecarRun], _ harness: Harness) throws(HarnessError) {
        for run in runs {
            try run.workspace.writeOutput(Job(operation: .check).minResultLength)
            run.workspace.closeOutput()
            try run.workspace.publishExitCode()
        }
        for run in runs {
            _ = try harness.wait(for: .success, run)
            _ = try harness.finish(run)
        }
    }

    // MARK: One alone

    private func watchIdle(_ program: Program, _ harness: Harness, _ report: inout Report) throws {
        let runs = try start(1, program, every: 10 * max(idle, 60), harness)
        let files = ProcessFiles(runs[0].pid)
        let before = try Usage(files)
        try harness.pause(seconds: idle)
        let after = try Usage(files)
        report.add(Metric.wakeUps, program.name, .count, [Double(after.switches - before.switches)])
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
