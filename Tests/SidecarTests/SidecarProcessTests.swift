import HTTP
import Scheduling
import SidecarTestSupport
import TestSupport
import Testing

@testable import Reactor
@testable import Sidecar

/// Several workloads in one process, on the real loop with both drivers.
@Suite struct SidecarProcessTests {
    private static let results = [
        #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"#,
        #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":"no"}}"#,
        "nothing to say",
    ]

    private func input(_ workload: String) -> String {
        #"""
        {"workloadId": "\#(workload)", "operationType": "CHECK", "logPath": "logs/1",
         "integrationLauncherConfig": {"jobId": "j-1", "attemptId": 0, "dockerImage": "airbyte/source-x:1"},
         "checkConnectionInput": {"actorType": "source", "actorId": "a-1", "connectionConfiguration": {}}}
        """#
    }

    @Test(arguments: BackendChoice.both)
    func threeWorkloadsOnOneLoop(_ backend: BackendChoice) throws {
        let folders = (0..<3).map { _ in TemporaryDirectory() }
        for (number, folder) in folders.enumerated() { folder.write(FileName.input, input("w-\(number)")) }
        let pipe = Pipe()
        var platform: FakePlatform?
        let configuration = try configuration([
            "INTERNAL_API_HOST": "http://server", "SIDECAR_OUTPUT_SINK": "api",
            "SIDECAR_IO_BACKEND": backend.rawValue,
            "CONTROL_PLANE_TOKEN_ENDPOINT": "http://server/token",
            "DATAPLANE_CLIENT_ID": "id", "DATAPLANE_CLIENT_SECRET": "hunter2",
        ])
        let process = try SidecarProcess(
            configuration.process,
            console: pipe.writeEnd,
            ownsProcess: false,
            makeTransport: { reactor in
                // All three connectors are at work at the same time.
                for (number, folder) in folders.enumerated() {
                    reactor.schedule(after: .milliseconds(10)) {
                        folder.append(FileName.output, "line \(number)\n\(Self.results[number])\n")
                    }
                    reactor.schedule(after: .milliseconds(20 + 10 * number)) {
                        folder.write(FileName.exitCode, number == 2 ? "0\n" : "\(number)\n")
                    }
                }
                let fake = FakePlatform(scheduler: reactor)
                platform = fake
                return fake
            }
        )
        let statuses = try process.run(configuration, in: folders.map { try OpenDirectory(path: $0.path) })
        #expect(statuses == [0, 0, 1])
        for folder in folders { #expect(folder.read(FileName.terminated) != nil) }

        let calls = try #require(platform).calls
        for (number, report) in ["success", "success", "failure"].enumerated() {
            let own = calls.filter { $0.body.contains("w-\(number)\"") }.map(\.name)
            #expect(own.first == "PUT /api/v1/workload/running")
            #expect(own.contains("POST /api/v1/workload_output/write"))
            #expect(own.last == "PUT /api/v1/workload/\(report)")
        }
        #expect(calls.count { $0.name == "POST /token" } == 1, "one token serves all")
        let log = String(decoding: pipe.read(), as: UTF8.self)
        for number in 0..<3 {
            #expect(log.contains("source > [w-\(number)] line \(number)\n"), "each line names its workload")
        }
        #expect(!log.contains("inotify"), "one instance is enough for all")
    }

    @Test func oneWorkloadIsNotNamedInEachLine() throws {
        let folder = TemporaryDirectory()
        folder.write(FileName.input, input("w-1"))
        folder.write(FileName.output, "hello\n\(Self.results[0])\n")
        folder.write(FileName.exitCode, "0\n")
        let pipe = Pipe()
        let configuration = try configuration([
            "INTERNAL_API_HOST": "http://server", "SIDECAR_OUTPUT_SINK": "api",
        ])
        let process = try SidecarProcess(
            configuration.process,
            console: pipe.writeEnd,
            ownsProcess: false,
            makeTransport: { FakePlatform(scheduler: $0) }
        )
        #expect(try process.run(configuration, in: [try OpenDirectory(path: folder.path)]) == [0])
        let log = String(decoding: pipe.read(), as: UTF8.self)
        #expect(log.contains("source > hello\n"))
    }

    /// The console's reader may let the end wait; the main container must not.
    @Test func markerStandsBeforeTheConsoleIsDrained() throws {
        let folder = TemporaryDirectory()
        let pipe = Pipe()
        let process = try SidecarProcess(
            try configuration(["INTERNAL_API_HOST": "http://server"]).process,
            console: pipe.writeEnd,
            ownsProcess: false,
            makeTransport: { FakePlatform(scheduler: $0) }
        )
        let directory = try OpenDirectory(path: folder.path)
        #expect(throws: StartError.self) {
            try process.run(try configuration(["INTERNAL_API_HOST": "http://server"]), in: [directory])
        }
        #expect(folder.read(FileName.terminated) != nil)
    }

    /// Nothing can be sent any more, but people and the main container learn of it.
    @Test(arguments: BackendChoice.both)
    func aLoopThatFailsEndsTheWorkload(_ backend: BackendChoice) throws {
        let folder = TemporaryDirectory()
        folder.write(FileName.input, input("w-1"))
        let pipe = Pipe()
        let configuration = try configuration([
            "INTERNAL_API_HOST": "http://server", "SIDECAR_OUTPUT_SINK": "api",
            "SIDECAR_IO_BACKEND": backend.rawValue,
        ])
        let process = try SidecarProcess(
            configuration.process,
            console: pipe.writeEnd,
            ownsProcess: false,
            makeTransport: { reactor in
                reactor.schedule(after: .milliseconds(10)) {
                    // What cannot be polled and is essential.
                    _ = try? reactor.pollEssential(-1, label: "nothing") {}
                }
                return FakePlatform(scheduler: reactor)
            }
        )
        #expect(try process.run(configuration, in: [try OpenDirectory(path: folder.path)]) == [1])
        #expect(folder.read(FileName.terminated) != nil)
        let log = String(decoding: pipe.read(), as: UTF8.self)
        #expect(log.contains("ERROR platform > The event loop failed: poll_add: EBADF"))
        #expect(log.hasSuffix("Exiting with code 1.\n"))
    }
}
