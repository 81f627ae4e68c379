import AirbyteProtocol
import Scheduling
import SidecarTestSupport
import Telemetry
import Testing
import Workload

@testable import Sidecar

@Suite struct WorkloadSummaryTests {
    /// A job whose phases take 4, 2,250, 0.12, 12 and 1,008 milliseconds.
    private var summary: WorkloadSummary {
        var timeline = WorkloadTimeline(started: Instant(nanoseconds: 0))
        func at(_ microseconds: Int64) -> Instant { Instant(nanoseconds: microseconds * 1_000) }
        timeline.note(.contactAnswered(.running, .accepted(body: [])), now: at(4_000))
        timeline.note(.outputOpened, now: at(10_000))
        timeline.note(.readTranscript, now: at(2_260_000))
        timeline.note(.transcriptRead(Transcript()), now: at(2_260_120))
        timeline.note(.storeLog, now: at(2_272_120))
        timeline.note(.exit(0), now: at(3_280_120))
        return WorkloadSummary(
            operation: .check,
            image: ConnectorImage("airbyte/source-x:1.2"),
            outcome: .success,
            failureType: nil,
            exitStatus: 0,
            connectorExitCode: 0,
            timeline: timeline,
            outputBytes: 1_234,
            outputLines: 12,
            retries: [(.heartbeat, 2), (.storage, 1)],
            heartbeatMisses: 2,
            sink: "storage",
            backend: "io_uring",
            wakeups: 40,
            peakMemory: 9_000_000,
            logLines: [("INFO", 14), ("WARN", 1)]
        )
    }

    @Test func textIsOneLine() {
        #expect(
            summary.text == """
                Summary: CHECK success, exit code 0, took 3.28 s (start 4.00 ms, connector 2.25 s, decide 0.12 ms, \
                deliver 12 ms, report 1.00 s), output 1234 bytes in 12 lines, 3 retries, sink storage, peak memory 9 MiB
                """
        )
    }

    @Test func whatIsNotKnownIsLeftOut() {
        var summary = summary
        summary.timeline = WorkloadTimeline(started: Instant(nanoseconds: 0))
        summary.outcome = .failure
        summary.failureType = .configError
        summary.retries = [(.running, 1)]
        summary.peakMemory = nil
        summary.outputLines = 1
        summary.sink = "none"
        #expect(
            summary.text == """
                Summary: CHECK failure (config_error), exit code 0, output 1234 bytes in 1 line, 1 retry, sink none
                """
        )
    }

    @Test func allOfItIsInJSON() {
        #expect(
            String(decoding: summary.json, as: UTF8.self) == """
                {"operation":"check","outcome":"success","exitCode":0,"connectorExitCode":0,\
                "milliseconds":{"start":4.000,"connector":2250.000,"decide":0.120,"deliver":12.000,\
                "report":1008.000,"total":3280.120},"outputBytes":1234,"outputLines":12,\
                "retries":{"heartbeat":2,"storage":1},"heartbeatMisses":2,"sink":"storage",\
                "backend":"io_uring","wakeups":40,"peakMemoryBytes":9000000}
                """
        )
    }

    @Test func eachMeasurementHasTheTagsOfItsMetricInTheirOrder() {
        for measurement in summary.measurements(roundTrips: [0.1]) {
            let names = measurement.tags.map(\.name)
            #expect(names == measurement.metric.tags, "\(measurement.metric)")
        }
    }

    @Test func everyOwnMetricIsMeasured() {
        let measured = Set(summary.measurements(roundTrips: [0.1]).map(\.metric))
        let own = Metric.allCases.filter { !$0.isPlatforms && $0 != .telemetryDropped }
        #expect(measured == Set(own))
    }

    @Test func valuesOfTheMeasurements() {
        let all = summary.measurements(roundTrips: [0.1, 0.3])
        func values(_ metric: Metric) -> [Double] { all.filter { $0.metric == metric }.map(\.value) }
        #expect(values(.phaseDuration) == [0.004, 2.25, 0.00012, 0.012, 1.008])
        #expect(values(.heartbeatRoundTrip) == [0.1, 0.3])
        #expect(values(.retries) == [2, 1])
        #expect(values(.logLines) == [14, 1])
        #expect(values(.outputBytes) == [1_234])
        #expect(values(.peakMemory) == [9_000_000])
        #expect(values(.workloads) == [1])
    }

    @Test(
        arguments: [
            ("airbyte/source-faker:6.2.3", "airbyte/source-faker", "6.2.3"),
            ("registry:5000/team/source", "registry:5000/team/source", "unknown"),
            ("registry:5000/source:1@sha256:ab", "registry:5000/source", "1"),
            ("source@sha256:ab", "source", "sha256:ab"), ("", "unknown", "unknown"),
            (nil, "unknown", "unknown"),
        ] as [(String?, String, String)]
    )
    func imageIsSplit(_ reference: String?, _ name: String, _ version: String) {
        let image = ConnectorImage(reference)
        #expect(image.name == name)
        #expect(image.version == version)
    }

    @Test func peakMemoryComesFromTheProcess() throws {
        let status = "Name:\tx\nVmPeak:\t  99 kB\nVmHWM:\t    8120 kB\nVmRSS:\t 1 kB\n"
        #expect(PeakMemory.peak(inStatus: Array(status.utf8)) == 8_120 * 1_024)
        #expect(PeakMemory.peak(inStatus: Array("Name:\tx\n".utf8)) == nil)
        #expect(try #require(PeakMemory.bytes()) > 1_000_000)
    }

    // MARK: In the log

    @Test func lastLineIsTheSummary() throws {
        let world = try FakeWorld()
        _ = try world.playCheck()
        let line = try #require(world.log.split(separator: "\n").last)
        #expect(line.contains(" INFO  platform > Summary: CHECK success, exit code 0, "))
        #expect(line.hasSuffix(" retries, sink api"))
    }

    @Test func lastLineHasFieldsInJSON() throws {
        let world = try FakeWorld(["PLATFORM_LOG_FORMAT": "json"])
        _ = try world.playCheck()
        let line = try #require(world.log.split(separator: "\n").last)
        let document = try JSONDocument(parsing: Array(line.utf8))
        let summary = try #require(document.root[member: "summary"])
        #expect(summary[member: "outcome"]?.string == "success")
        #expect(document.root[member: "message"]?.string?.hasPrefix("Summary: CHECK success") == true)
        #expect(document.root[member: "workloadId"]?.string != nil)
    }

    @Test func quietLogHasNoSummary() throws {
        let world = try FakeWorld(["LOG_LEVEL": "WARN"])
        _ = try world.playCheck()
        #expect(!world.log.contains("Summary"))
    }
}
