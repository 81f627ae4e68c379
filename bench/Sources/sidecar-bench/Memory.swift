import ArgumentParser
import BenchHarness
import BenchReport
import ControlPlane
import SyntheticOutput

/// How much memory a large result takes, above that of a small one.
struct Memory: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Peak memory with large catalogs and specs, through the server API and through S3.",
        discussion: """
            The peak (VmHWM) is read while the sidecar waits for the answer to its report. The figures above idle are \
            differences to the same job with a result of 200 bytes. A run that fails is reported as such.
            """
    )

    @OptionGroup var common: CommonOptions

    @Option(help: "Sizes of the results, such as 49287161, 10MB, 1GiB.")
    var sizes = "49287161,1GiB"

    @Option(help: "Operations, of: discover, spec.")
    var operations = "discover,spec"

    @Option(help: "Sinks, of: api, s3.")
    var sinks = "api,s3"

    @Option(help: "The loop, of: io_uring, epoll.")
    var backend = "io_uring"

    @Option(help: "Seconds that a run may take.")
    var patience = 300.0

    @Option(help: "Seconds that a result stands, from the announcement on, before its connector ends.")
    var standing = 1.0

    @Option(help: "What a large specification may take above idle.")
    var allowance: ByteSize = ByteSize(8 << 20)

    enum Metric {
        static let peak = "peak resident memory"
        static let above = "peak above idle"
        static let time = "exit code to success received"
    }

    private struct Reading {
        var peak: Double
        var seconds: Double
    }

    func run() throws {
        let program = Program.sidecar(try common.checkedSidecar(), backend: backend)
        let sizes = try list(self.sizes) { ByteSize($0)?.bytes }
        let operations = try list(self.operations) { Job.Operation(rawValue: $0) }
        let sinks = try list(self.sinks) { Job.Sink(rawValue: $0) }
        var report = Report(
            command: "memory",
            parameters: [
                MachineFacts.Fact("sizes", self.sizes), MachineFacts.Fact("backend", backend),
                MachineFacts.Fact("a result stands", "\(standing) s"),
            ]
        )
        var failures = 0
        try common.withHarness { harness in
            harness.patienceSeconds = patience
            let progress = Progress("memory", total: operations.count * (1 + sizes.count) * sinks.count)
            var done = 0
            var idle: [Job.Sink: Reading] = [:]
            for operation in operations {
                for size in [0] + sizes {
                    let file = try output(operation, size, harness)
                    for sink in sinks {
                        let subject = Self.subject(operation, size, sink)
                        do {
                            let reading = try read(
                                Job(operation: operation, sink: sink),
                                program,
                                file,
                                harness
                            )
                            if size == 0 { idle[sink] = reading }
                            add(reading, subject, size == 0 ? nil : idle[sink], to: &report)
                            if size > 0 {
                                report.judge(Metric.above, subject, target(operation, size))
                            }
                        } catch let error as HarnessError where !error.isStop {
                            failures += 1
                            print("\(subject): \(error)")
                            let lines = error.description.split(separator: "\n").prefix(4)
                            report.notes.append(
                                "FAILED, so there is no figure: \(subject): \(lines.joined(separator: "; "))"
                            )
                        }
                        done += 1
                        progress.show(done)
                    }
                    if let file { try harness.removeScratch(file.path) }
                }
            }
        }
        try common.publish(report)
        guard failures == 0 else { throw HarnessError("\(failures) runs have failed, see the notes") }
    }

    private func list<Value>(_ text: String, _ value: (String) -> Value?) throws -> [Value] {
        try text.split(separator: ",").map { item in
            guard let value = value(String(item)) else { throw ValidationError("'\(item)' is not known") }
            return value
        }
    }

    private static func subject(_ operation: Job.Operation, _ size: Int, _ sink: Job.Sink) -> String {
        "\(operation) \(size == 0 ? "200 B" : Quantity.bytes.text(Double(size))) \(sink)"
    }

    /// The file with the result; nil for the small one.
    private func output(
        _ operation: Job.Operation,
        _ size: Int,
        _ harness: Harness
    ) throws -> (path: String, length: Int)? {
        guard size > 0 else { return nil }
        let part: SyntheticOutput.Part =
            switch operation {
            case .spec: .spec(SpecShape(.bytes(size)))
            case .discover: .catalog(CatalogShape(.source, .bytes(size)))
            case .check: .check(succeeded: true, messageLength: size)
            }
        let path = harness.scratchPath("\(operation)-\(size).json")
        try SyntheticConnector(SyntheticOutput(seed: common.seed, [part])).writeOutput(toFile: path)
        return (path, size)
    }

    private func read(
        _ job: Job,
        _ program: Program,
        _ file: (path: String, length: Int)?,
        _ harness: Harness
    ) throws(HarnessError) -> Reading {
        let (workloadID, workspace) = try harness.prepare(job, name: "memory")
        if let file {
            try workspace.linkOutput(from: file.path)
        } else {
            try workspace.openOutput()
            try workspace.writeOutput(job.minResult)
        }
        let run = try harness.start(program, job, in: (workloadID, workspace))
        defer { harness.discard(run) }
        _ = try harness.wait(for: .running, run)
        harness.server.holdSuccess(of: workloadID)
        try harness.pause(seconds: standing)
        let published = try harness.endConnector(workspace)
        let success = try harness.wait(for: .success, run)
        let peak = try ProcessFiles(run.pid).status().number("VmHWM")
        harness.server.release(workloadID)
        _ = try harness.finish(run)
        try check(run, job, file?.length ?? 0)
        return Reading(
            peak: Double(peak) * 1_024,
            seconds: success.arrival.seconds(since: published)
        )
    }

    /// A result that has not been delivered whole would be a cheap one.
    private func check(_ run: SidecarRun, _ job: Job, _ length: Int) throws(HarnessError) {
        let kind: ReceivedCall.Kind =
            job.operation == .discover ? .writeCatalog : job.sink == .s3 ? .putObject : .writeOutput
        guard let call = run.lastCall(kind) else {
            throw HarnessError("\(kind.rawValue) never came\n\(run.story)")
        }
        // The envelope of the message stays behind; a catalog grows by its conversion, a spec by its quotes.
        guard call.byteCount > length - 200 else {
            throw HarnessError("only \(call.byteCount) bytes of \(length) were delivered\n\(run.story)")
        }
    }

    private func add(_ reading: Reading, _ subject: String, _ idle: Reading?, to report: inout Report) {
        report.add(Metric.peak, subject, .bytes, [reading.peak])
        report.add(Metric.time, subject, .seconds, [reading.seconds])
        guard let idle else { return }
        report.add(Metric.above, subject, .bytes, [reading.peak - idle.peak])
    }

    private func target(_ operation: Job.Operation, _ size: Int) -> Target {
        operation == .discover
            ? Aims.catalogMemory(size) ?? .atMost(Double(allowance.bytes)) : .atMost(Double(allowance.bytes))
    }
}
