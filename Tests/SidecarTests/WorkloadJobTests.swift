import SidecarTestSupport
import Testing

@testable import Sidecar

/// A whole workload, from its input to its exit code, on fakes.
@Suite struct WorkloadJobTests {
    @Test func checkOnFakes() throws {
        let world = try FakeWorld()
        #expect(try world.playCheck() == 0)
        #expect(world.workspace.isMarked)
        let names = world.platform.calls.map(\.name)
        #expect(names.first == "PUT /api/v1/workload/running")
        #expect(names.last == "PUT /api/v1/workload/success")
        #expect(names.count { $0 == "PUT /api/v1/workload/heartbeat" } == 2, "one each 30 seconds")
        let output = try #require(
            world.platform.calls.first { $0.name == "POST /api/v1/workload_output/write" }
        )
        #expect(output.body.contains("succeeded"))
    }

    @Test func timesAreThoseOfTheClockThatIsHandedIn() throws {
        let world = try FakeWorld()
        _ = try world.playCheck()
        let lines = world.log.split(separator: "\n")
        #expect(lines.first?.hasPrefix("2000-01-01 00:00:00.000 INFO") == true)
        #expect(
            lines.contains { $0.hasPrefix("2000-01-01 00:01:00.000") && $0.hasSuffix("source > connecting") }
        )
        // The jump of the wall clock moves the log, and no timer.
        let end = try #require(lines.last { $0.hasSuffix("----- END CHECK -----") })
        #expect(end.hasPrefix("2000-01-01 01:01:05.000 INFO"))
    }

    @Test(
        "The longest tick is logged once: from one second on as a warning, below that for those who look closely",
        arguments: [
            (.milliseconds(999), "DEBUG platform > ", "0.999 seconds at a time"),
            (.seconds(1), "WARN  platform > ", "1 second at a time, "),
        ] as [(Duration, String, String)]
    )
    func longestTickIsLogged(_ longest: Duration, _ beginning: String, _ end: String) throws {
        let world = try FakeWorld(["LOG_LEVEL": "debug"])
        world.longestTick = longest
        _ = try world.playCheck()
        let line = "\(beginning)The event loop was busy for at most \(end)"
        #expect(world.log.split(separator: "\n").count { $0.contains(line) } == 1, "\(world.log)")
        #expect(world.log.split(separator: "\n").count { $0.contains("event loop was busy") } == 1)
    }

    @Test func sameSeedSameRun() throws {
        let logs = try (0..<2).map { _ in
            let world = try FakeWorld()
            _ = try world.playCheck()
            return world.log
        }
        #expect(logs[0] == logs[1])
    }

    @Test func signalBeforeTheStartEndsIt() throws {
        let world = try FakeWorld()
        world.job.signalled(15)
        #expect(world.job.status == 143)
        #expect(world.platform.calls.isEmpty)
    }

    @Test func unusableInputIsReported() throws {
        let world = try FakeWorld()
        world.workspace.write(FileName.input, #"{"workloadId": "w-1", "operationType": "SWIM"}"#)
        try world.job.start()
        world.scheduler.advance(by: .seconds(1))
        #expect(world.job.status == 1)
        #expect(world.platform.calls.map(\.name) == ["PUT /api/v1/workload/failure"])
    }

    /// Nothing will be read from the connector, and the report can take minutes.
    @Test func unusableInputEndsTheConnectorBeforeTheReport() throws {
        let world = try FakeWorld()
        world.workspace.write(FileName.input, #"{"workloadId": "w-1", "operationType": "SWIM"}"#)
        try world.job.start()
        #expect(world.workspace.isMarked)
        #expect(world.job.status == nil, "the report is not answered")
    }

    @Test func signalsLeaveTheReportOfAnUnusableInputItsTime() throws {
        let world = try FakeWorld()
        world.workspace.write(FileName.input, #"{"workloadId": "w-1", "operationType": "SWIM"}"#)
        try world.job.start()
        world.job.signalled(15)
        world.job.signalled(2)
        #expect(world.job.status == nil)
        world.scheduler.advance(by: .seconds(1))
        #expect(world.job.status == 143)
    }

    @Test func withoutInodesAtTheEndTheSpareIsTheMarker() throws {
        let world = try FakeWorld()
        world.scheduler.schedule(after: .seconds(30)) {
            #expect(world.workspace.hasSpareMarker)
            world.workspace.hasNoInodes = true
        }
        #expect(try world.playCheck() == 0)
        #expect(world.workspace.isMarked)
        #expect(!world.log.contains("TERMINATED"), "nothing to tell")
    }

    @Test func withoutInodesAtTheStartTheJobRuns() throws {
        let world = try FakeWorld()
        world.workspace.hasNoInodes = true
        #expect(try world.playCheck() == 0)
        #expect(
            world.log.contains("WARN  platform > No spare of TERMINATED can be made in /fake: ")
        )
        #expect(world.log.contains("ERROR platform > /fake/TERMINATED cannot be written: mknodat: ENOSPC"))
    }

    @Test func missingInputStopsTheStart() throws {
        let world = try FakeWorld()
        let error = #expect(throws: StartError.self) { try world.job.start() }
        #expect(error?.status == 78)
        #expect(error?.lines.first?.hasPrefix("/fake/sidecarInput.json is missing") == true)
    }
}
