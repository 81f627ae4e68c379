import Scheduling
import Settings
import Sidecar
import Storage
import TestSupport
import Workload

/// Everything outside of a workload, made up: no file, socket or clock of the machine.
package final class FakeWorld {
    /// 2000-01-01T00:00:00Z, in milliseconds since 1970.
    package static let start: Int64 = 946_684_800_000

    package let scheduler = FakeScheduler()
    package let workspace: FakeWorkspace
    package let platform: FakePlatform
    package let console = FakeConsole()
    package let job: WorkloadJob
    private let clock: Clock

    package init(_ environment: [String: String] = [:]) throws {
        workspace = FakeWorkspace(scheduler: scheduler)
        platform = FakePlatform(scheduler: scheduler)
        let variables = [
            "WORKLOAD_API_HOST": "http://workload-api", "INTERNAL_API_HOST": "http://server",
            "SIDECAR_OUTPUT_SINK": "api",
        ]
        let configuration = try Configuration(
            environment: variables.merging(environment) { $1 },
            paths: PathProbe(isFolder: { _ in false }, readingProblem: { _ in "ENOENT" })
        )
        clock = Clock(scheduler)
        job = WorkloadJob(
            configuration,
            Dependencies(
                scheduler: scheduler,
                wallClock: WallClock { [clock] in clock.now },
                seed: 1,
                workspace: workspace,
                transport: platform,
                credentials: KnownCredentials(configuration.credentials),
                console: console,
                credentialFiles: CredentialFiles { (_, _) throws(CredentialFiles.Problem) in throw .missing },
                localStorage: { place in fatalError("no test stores anything in \(place.root)") },
                host: Dependencies.Host(name: "pod", backend: "nothing"),
                loopUsage: { [clock] in Dependencies.LoopUsage(longestTick: clock.longestTick) }
            )
        )
    }

    /// Follows the scheduler's clock from the start on, plus an offset.
    private final class Clock: @unchecked Sendable {
        private let scheduler: FakeScheduler
        private let first: Instant
        /// In milliseconds.
        var offset: Int64 = 0
        var longestTick: Duration = .zero

        init(_ scheduler: FakeScheduler) {
            self.scheduler = scheduler
            first = scheduler.now
        }

        var now: Int64 { FakeWorld.start + (scheduler.now - first).nanoseconds / 1_000_000 + offset }
    }

    /// What the event loop says about its longest tick.
    package var longestTick: Duration {
        get { clock.longestTick }
        set { clock.longestTick = newValue }
    }

    /// The log lines so far.
    package var log: String {
        job.forwardLog()
        return String(decoding: console.pending, as: UTF8.self)
    }
}

/// A console that keeps everything.
package final class FakeConsole: LogOutput {
    package var pending: [UInt8] = []
    package let isStalled = false

    package init() {}

    package func whenRelieved(_ handler: @escaping () -> Void) {}
    package func flushIfCrowded() {}
    package func flush() {}
}

extension FakeWorld {
    /// Plays a whole CHECK: the connector starts after a minute, writes its result, and ends; an hour is skipped on the
    /// clock meanwhile.
    ///
    /// - Returns: the exit code.
    package func playCheck() throws -> Int32? {
        workspace.write(
            FileName.input,
            #"""
            {"workloadId": "w-1", "operationType": "CHECK", "logPath": "logs/1",
             "integrationLauncherConfig": {"jobId": "j-1", "attemptId": 0, "dockerImage": "airbyte/source-x:1"},
             "checkConnectionInput": {"actorType": "source", "actorId": "a-1", "connectionConfiguration": {}}}
            """#
        )
        try job.start()
        scheduler.advance(by: .seconds(60))
        workspace.write(
            FileName.output,
            #"{"type":"LOG","log":{"level":"INFO","message":"connecting"}}"# + "\n"
        )
        scheduler.advance(by: .seconds(5))
        clock.offset += 3_600_000
        workspace.write(
            FileName.output,
            #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}"# + "\n"
        )
        workspace.write(FileName.exitCode, "0\n")
        scheduler.advance(by: .seconds(5))
        return job.status
    }
}
