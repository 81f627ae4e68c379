import Foundation
import Testing

/// The commands as they are run, on the floor program, which needs no other build.
@Suite struct CommandTests {
    private struct Outcome {
        var status: Int32
        var output: String
        var errors: String
        var files: [String]
    }

    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Runs the harness with a folder of its own for workspaces; `during` gets the running process.
    private func bench(_ arguments: [String], during: (Process, String) throws -> Void = { _, _ in }) throws
        -> Outcome
    {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        let workspaces = root.appendingPathComponent("workspaces").path
        let results = root.appendingPathComponent("results").path
        try FileManager.default.createDirectory(atPath: workspaces, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: root) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("sidecar-bench")
        process.arguments = arguments + ["--folder", workspaces, "--results", results]
        let captured = root.appendingPathComponent("output").path
        let errors = root.appendingPathComponent("errors").path
        for path in [captured, errors] {
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
        }
        process.standardOutput = FileHandle(forWritingAtPath: captured)
        process.standardError = FileHandle(forWritingAtPath: errors)
        try process.run()
        try during(process, workspaces)
        process.waitUntilExit()
        #expect(try FileManager.default.contentsOfDirectory(atPath: workspaces) == [])
        return Outcome(
            status: process.terminationStatus,
            output: try String(contentsOfFile: captured, encoding: .utf8),
            errors: try String(contentsOfFile: errors, encoding: .utf8),
            files: (try? FileManager.default.contentsOfDirectory(atPath: results)) ?? []
        )
    }

    /// Stands in for the sidecar where it only has to be there.
    private static let anyProgram = "/bin/true"

    @Test func latencyOfTheFloor() throws {
        let outcome = try bench([
            "latency", "--runs", "2", "--programs", "floor", "--poll-interval", "0.01", "--sidecar",
            Self.anyProgram,
        ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        for metric in ["spawn to running received", "log line to console", "rename to success received"] {
            #expect(outcome.output.contains("\(metric)\n"))
        }
        #expect(outcome.files.contains { $0.hasSuffix(".json") })
    }

    @Test func comparisonOfTheFloorWithItself() throws {
        let floor = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: floor) }
        let compiler = try Process.run(Self.folder.appendingPathComponent("floor/build"), arguments: [floor])
        compiler.waitUntilExit()
        let outcome = try bench(["compare", "--a", floor, "--b", floor, "--runs", "2", "--pause", "0.01"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("peak resident memory: A / B"))
    }

    @Test(arguments: [
        ("echo on its errors >&2; exit 3", "ended with status 3"),
        ("exit 0", "ended with status 0"),
        ("sleep 60", "waited 1.0 s for the call 'running'"),
    ])
    func aProgramThatDoesNotDoItsJobEndsTheRun(script: String, words: String) throws {
        let command = "sh -c '\(script)'"
        let outcome = try bench(["compare", "--a", command, "--b", command, "--runs", "1", "--patience", "1"])
        #expect(outcome.status != 0)
        #expect(outcome.errors.contains(words) || outcome.errors.contains("failed with status 3"))
        #expect(outcome.errors.contains("errors:\non its errors\n") == script.contains("errors"))
        #expect(outcome.files == [])
    }

    @Test func aSignalEndsTheRunAndItsPrograms() throws {
        let outcome = try bench([
            "latency", "--runs", "100000", "--programs", "floor", "--sidecar", Self.anyProgram,
        ]) { process, workspaces in
            // The first workspace shows that the run is under way.
            while try FileManager.default.subpathsOfDirectory(atPath: workspaces).count < 4 { usleep(10_000) }
            process.interrupt()
        }
        #expect(outcome.status != 0)
        #expect(outcome.errors.contains("stopped by a signal"))
        #expect(outcome.files == [])
    }
}
