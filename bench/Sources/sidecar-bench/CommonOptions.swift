import ArgumentParser
import BenchHarness
import BenchReport
import Foundation

/// What every measuring command can be told.
struct CommonOptions: ParsableArguments {
    /// The checkout that the harness was built from.
    static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    @Option(help: "The sidecar's program; a release build says more than a debug build.")
    var sidecar = "\(repository)/.build/static/program/airbyte-connector-sidecar"

    @Option(help: "The folder for the report: table, JSON and plots.")
    var results = "\(repository)/bench/results"

    @Option(help: "The folder where workspaces are made; its file system is part of what is measured.")
    var folder = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"

    @Option(help: "The seed of everything that is random.")
    var seed: UInt64 = 1

    /// Runs a measurement within a harness that is cleaned up whatever happens.
    func withHarness(_ body: (Harness) throws -> Void) throws {
        let harness = try Harness(folder: folder)
        defer { harness.close() }
        try body(harness)
    }

    /// The sidecar's path, once it is known to be there.
    func checkedSidecar() throws -> String {
        let path = URL(fileURLWithPath: sidecar).path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw ValidationError(
                "\(path) is no program: build it (scripts/bench does) or name it with --sidecar"
            )
        }
        return path
    }

    /// The floor program, compiled anew into the harness's own folder.
    static func builtFloor(_ harness: Harness) throws -> String {
        let path = harness.scratchPath("floor-sidecar")
        let compiler = Process()
        compiler.executableURL = URL(fileURLWithPath: "\(repository)/bench/floor/build")
        compiler.arguments = [path]
        try compiler.run()
        compiler.waitUntilExit()
        guard compiler.terminationStatus == 0 else {
            throw HarnessError("the floor program does not compile")
        }
        return path
    }

    /// Shows a report and writes its files.
    func publish(_ measured: Report) throws {
        var report = measured
        report.machine.noteEnd()
        print(ReportText(report).text)
        let files = try ReportFiles(folder: results).write(report)
        for file in files { print("Written: \(file)") }
    }
}
