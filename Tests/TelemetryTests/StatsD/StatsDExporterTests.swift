import Scheduling
import TestSupport
import Testing

@testable import Telemetry

@Suite struct StatsDExporterTests {
    private let bench = Bench()

    @Test func countersAreSummedAndGaugesKeepTheirLastValue() {
        for count in 1...3 { bench.exporter.record(Measurement(.outputLines, Double(count))) }
        bench.exporter.record(Measurement(.outputLines, 10, [Tag(.operation, "check")]))
        for value in [5.0, 7, 6] { bench.exporter.record(Measurement(.peakMemory, value)) }
        for value in [0.001, 0.002] { bench.exporter.record(Measurement(.heartbeatRoundTrip, value)) }
        bench.scheduler.advance(by: .seconds(10))
        #expect(
            bench.sender.lines == [
                "airbyte.sidecar.output_lines:6|c|#statistic:count,service:S",
                "airbyte.sidecar.output_lines:10|c|#statistic:count,operation:check,service:S",
                "airbyte.sidecar.peak_memory:6|g|#statistic:value,service:S",
                "airbyte.sidecar.heartbeat_round_trip:1|ms|#service:S",
                "airbyte.sidecar.heartbeat_round_trip:2|ms|#service:S",
            ]
        )
    }

    /// netdata takes `1.5` and `1e3` for 1.
    @Test func countsAreWholeNumbersWithoutAnExponent() {
        bench.exporter.record(Measurement(.outputBytes, 1e18))
        bench.exporter.record(Measurement(.outputLines, 2.5))
        for _ in 0..<2 { bench.exporter.record(Measurement(.wakeups, 1e30)) }
        bench.scheduler.advance(by: .seconds(10))
        let values = bench.sender.lines.map { $0.split(separator: ":")[1].split(separator: "|")[0] }
        #expect(values == ["1000000000000000000", "3", "9223372036854775807"])
    }

    @Test func timerRunsOnlyWhileSomethingWaits() {
        #expect(bench.scheduler.delays.isEmpty)
        bench.exporter.record(Measurement(.wakeups))
        bench.exporter.record(Measurement(.wakeups))
        #expect(bench.scheduler.delays == [.seconds(10)])
        bench.scheduler.advance(by: .seconds(10))
        #expect(bench.sender.batches.count == 1)
        bench.sender.end()
        #expect(bench.scheduler.delays.isEmpty)
    }

    /// A flush while packets are on their way waits for their end.
    @Test func oneFlushAtATime() {
        bench.exporter.record(Measurement(.wakeups))
        bench.scheduler.advance(by: .seconds(10))
        bench.exporter.record(Measurement(.wakeups))
        bench.scheduler.advance(by: .seconds(10))
        #expect(bench.sender.batches.count == 1)
        bench.exporter.record(Measurement(.wakeups))
        bench.sender.end()
        bench.scheduler.advance(by: .seconds(10))
        #expect(bench.sender.lines.last == "airbyte.sidecar.wakeups:2|c|#statistic:count,service:S")
    }

    @Test func finishSendsWhatIsLeft() {
        var isFinished = false
        bench.exporter.record(Measurement(.wakeups))
        bench.exporter.finish { isFinished = true }
        #expect(bench.sender.lines.count == 1)
        #expect(!isFinished)
        bench.sender.end()
        #expect(isFinished)
        #expect(bench.scheduler.delays.isEmpty)
    }

    @Test func finishWaitsForPacketsOnTheirWay() {
        var isFinished = false
        bench.exporter.record(Measurement(.wakeups))
        bench.scheduler.advance(by: .seconds(10))
        bench.exporter.record(Measurement(.outputLines))
        bench.exporter.finish { isFinished = true }
        bench.sender.end()
        #expect(!isFinished)
        #expect(bench.sender.lines.last?.hasPrefix("airbyte.sidecar.output_lines:1|c") == true)
        bench.sender.end()
        #expect(isFinished)
    }

    @Test func finishOfNothingIsReportedLater() {
        var isFinished = false
        bench.exporter.finish { isFinished = true }
        #expect(!isFinished)
        bench.scheduler.advanceToNext()
        #expect(isFinished)
        #expect(bench.sender.batches.isEmpty)
    }

    @Test func cancelLeavesNothing() {
        bench.exporter.record(Measurement(.wakeups))
        bench.exporter.finish { Issue.record("cancelled") }
        bench.exporter.cancel()
        #expect(bench.sender.isCancelled)
        #expect(bench.scheduler.delays.isEmpty)
    }

    @Test func troubleIsReportedOnce() {
        for _ in 0..<3 {
            bench.exporter.record(Measurement(.wakeups))
            bench.scheduler.advance(by: .seconds(10))
            bench.sender.end(DatagramResult(sent: 0, trouble: "statsd:8125: refused"))
        }
        #expect(bench.sender.batches.count == 3)
        #expect(bench.troubles.all == ["statsd:8125: refused"])
    }

    /// It is not asked for more at the end.
    @Test func finishDoesNotTryAReceiverInTroubleAgain() {
        var isFinished = false
        bench.exporter.record(Measurement(.wakeups))
        bench.scheduler.advance(by: .seconds(10))
        bench.exporter.record(Measurement(.wakeups))
        bench.exporter.finish { isFinished = true }
        bench.sender.end(DatagramResult(sent: 0, trouble: "statsd:8125: refused"))
        #expect(isFinished)
        #expect(bench.sender.batches.count == 1)
    }

    @Test func whatFindsNoRoomIsCounted() {
        for value in 0..<(StatsDAggregate.maxValues + 5) {
            bench.exporter.record(Measurement(.heartbeatRoundTrip, Double(value)))
        }
        bench.exporter.record(Measurement(.peakMemory, .nan))
        for index in 0..<(StatsDAggregate.maxSeries + 3) {
            bench.exporter.record(Measurement(.retries, 1, [Tag(.call, "\(index)")]))
        }
        bench.scheduler.advance(by: .seconds(10))
        let lines = bench.sender.lines
        #expect(lines.count { $0.contains("round_trip") } == StatsDAggregate.maxValues)
        #expect(lines.count { $0.contains("retries") } == StatsDAggregate.maxSeries - 1)
        // 5 values, one that is no number, and 4 series.
        #expect(
            lines.last == "airbyte.sidecar.telemetry_dropped:10|c|#statistic:count,service:S,signal:metrics"
        )
    }

    @Test func whatNobodyTookIsCounted() {
        for _ in 0..<3 { bench.exporter.record(Measurement(.heartbeatRoundTrip, 1)) }
        bench.scheduler.advance(by: .seconds(10))
        bench.sender.end(DatagramResult(sent: 0, trouble: "refused"))
        bench.exporter.record(Measurement(.wakeups))
        bench.scheduler.advance(by: .seconds(10))
        #expect(bench.sender.lines.last?.hasPrefix("airbyte.sidecar.telemetry_dropped:3|c") == true)
    }

    @Test(arguments: [
        (StatsDSettings.Destination.udp(host: "localhost", port: 8125), 1_400),
        (.unix(path: "/run/statsd"), 8_192),
    ])
    func packetsAreBounded(_ destination: StatsDSettings.Destination, _ maxBytes: Int) {
        let bench = Bench(destination)
        for value in 0..<400 { bench.exporter.record(Measurement(.heartbeatRoundTrip, Double(value))) }
        bench.scheduler.advance(by: .seconds(10))
        let packets = bench.sender.batches.last ?? []
        #expect(packets.count > 1)
        for packet in packets {
            #expect(packet.count <= maxBytes)
            #expect(packet.last == UInt8(ascii: "\n"))
        }
        // Full: another line would not have fitted.
        let longest = bench.sender.lines.map { $0.utf8.count + 1 }.max() ?? 0
        #expect(packets.dropLast().allSatisfy { $0.count > maxBytes - longest })
        #expect(bench.sender.lines.count == 400)
    }

    @Test func lineThatIsLongerThanAPacketIsLeftOut() {
        let tags = Metric.workloads.tags.map { Tag($0, String(repeating: "x", count: 250)) }
        bench.exporter.record(Measurement(.workloads, 1, tags))
        bench.exporter.record(Measurement(.wakeups))
        bench.scheduler.advance(by: .seconds(10))
        #expect(bench.sender.lines.map { $0.prefix { $0 != ":" } } == ["airbyte.sidecar.wakeups"])
    }
}

/// An exporter with time that a test moves, and a sender that keeps what it gets.
private final class Bench {
    let scheduler = FakeScheduler()
    let sender = FakeSender()
    let troubles = Texts()
    let exporter: StatsDExporter

    final class Texts {
        var all: [String] = []
    }

    init(_ destination: StatsDSettings.Destination = .udp(host: "localhost", port: 8125)) {
        exporter = StatsDExporter(
            StatsDSettings(destination: destination, flavor: .datadog),
            commonTags: [Tag(.service, "S")],
            scheduler: scheduler,
            sender: sender,
            onTrouble: { [troubles] in troubles.all.append($0) }
        )
    }
}

private final class FakeSender: DatagramSender {
    private(set) var batches: [[[UInt8]]] = []
    private(set) var isCancelled = false
    private var completion: ((DatagramResult) -> Void)?

    func send(_ packets: [[UInt8]], completion: @escaping (DatagramResult) -> Void) {
        precondition(self.completion == nil, "packets are on their way")
        batches.append(packets)
        self.completion = completion
    }

    func cancel() {
        isCancelled = true
        completion = nil
    }

    /// The system takes all packets, or as the result says.
    func end(_ result: DatagramResult? = nil) {
        let completion = completion
        self.completion = nil
        completion?(result ?? DatagramResult(sent: batches.last?.count ?? 0))
    }

    /// Of the last flush, without their line feeds.
    var lines: [String] {
        (batches.last ?? []).flatMap { packet in
            String(decoding: packet, as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }
}
