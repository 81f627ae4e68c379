import ArgumentParser
import BenchHarness
import BenchReport
import SyntheticOutput

/// How fast many log lines go through.
struct Logs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lines a second through parser and console.",
        discussion: """
            'complete': the output and the exit code are there before the start; time is taken from the spawn to the \
            success. 'streamed': the exit code comes once the last line is on the console; time is taken from the \
            spawn to that line.
            """
    )

    @OptionGroup var common: CommonOptions

    @Option(help: "How many lines.")
    var lines = 10_000_000

    @Option(help: "Bytes of a line, its newline included.")
    var length = 100

    @Option(help: "What the lines are, of: plain, message (LOG messages), mixed.")
    var kinds = "plain,message"

    @Option(help: "Where the console goes, of: pipe (which the harness drains), null.")
    var consoles = "pipe,null"

    @Option(help: "The loops, of: io_uring, epoll.")
    var backends = "io_uring"

    @Option(help: "The console's format, of: text, json.")
    var format = "text"

    @Option(help: "How many secrets the connector's configuration has.")
    var secrets = 1

    @Option(help: "Another sidecar's program, which is run in turn with the first.")
    var against: String?

    @Option(help: "How often each is run.")
    var runs = 3

    @Option(help: "Seconds that a run may take.")
    var patience = 300.0

    enum Metric {
        static let complete = "lines a second, complete"
        static let streamed = "lines a second, streamed"
        static let shown = "share of lines on the console, complete"
        static let cpu = "CPU time for a million lines"
        static let peak = "peak resident memory, complete"
    }

    /// In the output's last line only.
    private static let lastText = "this line is the last"

    func validate() throws {
        guard lines > 1, runs > 0, length > LogFlood.minLineLength else {
            throw ValidationError(
                "--lines is above 1, --runs positive, --length above \(LogFlood.minLineLength)"
            )
        }
    }

    /// What is repeated: one kind of lines, one console, one loop.
    private struct Subject {
        var kind: LogFlood.Form
        var console: SidecarRun.ConsoleTarget
        var program: Program

        var name: String { "\(program.name), \(kind), \(console)" }
    }

    private struct Reading {
        var complete: [Double] = []
        var streamed: [Double] = []
        var shown: [Double] = []
        var cpu: [Double] = []
        var peak: [Double] = []
    }

    func run() throws {
        let sidecar = try common.checkedSidecar()
        var report = Report(
            command: "logs",
            parameters: [
                MachineFacts.Fact("lines", "\(lines)"), MachineFacts.Fact("length", "\(length)"),
                MachineFacts.Fact("format", format), MachineFacts.Fact("secrets", "\(secrets)"),
                MachineFacts.Fact("runs", "\(runs)"),
            ]
        )
        let kinds = try self.kinds.split(separator: ",").map { name in
            guard let kind = LogFlood.Form(rawValue: String(name)) else {
                throw ValidationError("no lines are '\(name)'")
            }
            return kind
        }
        let consoles = try self.consoles.split(separator: ",").map { name in
            switch name {
            case "pipe": SidecarRun.ConsoleTarget.pipe
            case "null": SidecarRun.ConsoleTarget.null
            default: throw ValidationError("there is no console '\(name)'")
            }
        }
        let programs = backends.split(separator: ",").flatMap { backend in
            var programs = [Program.sidecar(sidecar, backend: String(backend))]
            if let against {
                var other = Program.sidecar(against, backend: String(backend))
                other.name = "the other, \(other.name)"
                programs.append(other)
            }
            return programs
        }
        try common.withHarness { harness in
            harness.patienceSeconds = patience
            let progress = Progress("logs", total: kinds.count * consoles.count * programs.count * runs)
            var done = 0
            for kind in kinds {
                let path = harness.scratchPath("\(kind).json")
                try output(kind).writeOutput(toFile: path)
                try JobWorkspace.append(Self.lastText + "\n", to: path)
                for console in consoles {
                    var readings = [Reading](repeating: Reading(), count: programs.count)
                    for _ in 0..<runs {
                        for (number, program) in programs.enumerated() {
                            let subject = Subject(kind: kind, console: console, program: program)
                            try complete(subject, path, harness, &readings[number])
                            if console == .pipe { try streamed(subject, path, harness, &readings[number]) }
                            done += 1
                            progress.show(done)
                        }
                    }
                    let subjects = programs.map { Subject(kind: kind, console: console, program: $0) }
                    for (subject, reading) in zip(subjects, readings) {
                        add(reading, subject.name, to: &report)
                    }
                    if against != nil { compare(subjects, &report) }
                }
                try harness.removeScratch(path)
            }
        }
        report.notes.append(
            "Where the exit code is there, the output is read to its end without waiting for the console: what its "
                + "reader does not take is dropped and counted."
        )
        try common.publish(report)
    }

    /// The output and the exit code are there before the start.
    private func complete(
        _ subject: Subject,
        _ path: String,
        _ harness: Harness,
        _ reading: inout Reading
    ) throws(HarnessError) {
        let (workloadID, workspace) = try harness.prepare(job, name: "logs")
        try workspace.linkOutput(from: path)
        workspace.closeOutput()
        try workspace.prepareExitCode()
        try workspace.publishExitCode()
        harness.server.holdSuccess(of: workloadID)
        let run = try harness.start(
            subject.program,
            job,
            in: (workloadID, workspace),
            console: subject.console
        )
        let success = try harness.wait(for: .success, run)
        reading.peak.append(Double(try ProcessFiles(run.pid).status().number("VmHWM")) * 1_024)
        harness.server.release(workloadID)
        let exit = try harness.finish(run)
        reading.complete.append(Double(lines) / success.arrival.seconds(since: run.spawned))
        reading.cpu.append(exit.cpuSeconds / Double(lines) * 1e6)
        // The sidecar's own lines are a dozen.
        if subject.console == .pipe {
            reading.shown.append(min(1, Double(run.consoleLines) / Double(lines)))
        }
    }

    /// The exit code comes when all lines are on the console.
    private func streamed(
        _ subject: Subject,
        _ path: String,
        _ harness: Harness,
        _ reading: inout Reading
    ) throws(HarnessError) {
        let (workloadID, workspace) = try harness.prepare(job, name: "logs")
        try workspace.linkOutput(from: path)
        let run = try harness.start(
            subject.program,
            job,
            in: (workloadID, workspace),
            console: subject.console
        )
        run.awaitConsole(Self.lastText)
        try harness.wait("its last line on the console", run) { run.consoleSeen != nil }
        let seen = run.consoleSeen ?? .now
        guard run.consoleLines >= lines else {
            throw HarnessError("only \(run.consoleLines) lines were shown of \(lines)\n\(run.story)")
        }
        try harness.endConnector(workspace)
        _ = try harness.wait(for: .success, run)
        _ = try harness.finish(run)
        reading.streamed.append(Double(lines) / seen.seconds(since: run.spawned))
    }

    /// All lines, then a result, then a line that is known.
    private func output(_ kind: LogFlood.Form) -> SyntheticConnector {
        SyntheticConnector(
            SyntheticOutput(
                seed: common.seed,
                [
                    .logs(LogFlood(lines: lines - 1, length: length - 1, form: kind)),
                    .check(succeeded: true, messageLength: 20),
                ]
            )
        )
    }

    private var job: Job {
        // Messages of every level are shown.
        Job(
            operation: .check,
            settings: ["PLATFORM_LOG_FORMAT": format, "LOG_LEVEL": "DEBUG"],
            secrets: secrets
        )
    }

    /// - Parameter subjects: in pairs: the sidecar, and the other on the same loop.
    private func compare(_ subjects: [Subject], _ report: inout Report) {
        for index in stride(from: 0, to: subjects.count, by: 2) {
            let target = Aims.logLines(format: format, isPlain: subjects[index].kind == .plain)
            let (ours, other) = (subjects[index].name, subjects[index + 1].name)
            report.compare(Metric.complete, ours, to: other)
            report.compare(Metric.streamed, ours, to: other, target: target)
            report.compare(Metric.cpu, ours, to: other)
        }
    }

    private func add(_ reading: Reading, _ subject: String, to report: inout Report) {
        report.add(Metric.complete, subject, .perSecond, reading.complete)
        report.add(Metric.streamed, subject, .perSecond, reading.streamed)
        report.add(Metric.shown, subject, .count, reading.shown)
        report.add(Metric.cpu, subject, .seconds, reading.cpu)
        report.add(Metric.peak, subject, .bytes, reading.peak)
    }
}
