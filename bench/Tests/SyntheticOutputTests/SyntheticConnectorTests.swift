import Foundation
import SyntheticOutput
import Testing

@Suite struct SyntheticConnectorTests {
    /// A directory of the test's own.
    private func withWorkspace(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    @Test(arguments: [Pace.unlimited, .bytesPerSecond(5_000_000), .linesPerSecond(20_000)])
    func leavesWhatTheMainContainerLeaves(pace: Pace) throws {
        let output = SyntheticOutput([
            .logs(LogFlood(lines: 500)), .catalog(CatalogShape(.source, .streams(3), columns: 5)),
        ])
        try withWorkspace { folder in
            try SyntheticConnector(output, exitCode: 3, pace: pace, chunkSize: 999).run(in: folder.path)
            let written = try Data(contentsOf: folder.appending(path: "jobOutput.json"))
            #expect(Array(written) == output.bytes)
            let exitCode = try Data(contentsOf: folder.appending(path: "exitCode.txt"))
            #expect(Array(exitCode) == Array("3\n".utf8))
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(files.sorted() == ["exitCode.txt", "jobOutput.json"])
        }
    }

    @Test func anOutputOfBeforeIsGone() throws {
        try withWorkspace { folder in
            let path = folder.appending(path: "jobOutput.json")
            try Data(repeating: 1, count: 100_000).write(to: path)
            let output = SyntheticOutput([.check(succeeded: true, messageLength: 10)])
            try SyntheticConnector(output).writeOutput(in: folder.path)
            #expect(Array(try Data(contentsOf: path)) == output.bytes)
        }
    }

    @Test func aWorkspaceThatIsNotThereIsAnError() {
        #expect(throws: SystemProblem.self) {
            try SyntheticConnector(SyntheticOutput([.control])).run(in: "/nonexistent/workspace")
        }
    }
}
