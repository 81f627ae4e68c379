import HTTP
import Scheduling
import TestSupport

@testable import Telemetry

/// An exporter's world: nothing in it moves by itself.
final class OTLPWorld {
    let scheduler = FakeScheduler()
    let transport = FakeTransport()
    private(set) var warnings: [String] = []
    /// What was lost, by signal.
    private(set) var drops: [String: Int] = [:]
    private(set) var isFinished = false

    /// The time of day goes along with the scheduler's.
    var context: OTLPContext {
        let scheduler = Unchecked(scheduler)
        return OTLPContext(
            scheduler: self.scheduler,
            transport: transport,
            wallClock: WallClock {
                1_700_000_000_000 + (scheduler.value.now.nanoseconds - 1_000_000_000_000) / 1_000_000
            },
            seed: 7,
            onTrouble: { [unowned self] in warnings.append($0) },
            onDrop: { [unowned self] in drops[$0, default: 0] += $1 }
        )
    }

    func finished() { isFinished = true }

    private struct Unchecked<Value>: @unchecked Sendable {
        var value: Value
        init(_ value: Value) { self.value = value }
    }
}

/// Gives the words that it has been given, then zeros.
struct GivenWords: RandomNumberGenerator {
    var words: [UInt64]

    mutating func next() -> UInt64 { words.isEmpty ? 0 : words.removeFirst() }
}

extension TraceContext {
    /// 01020304050607081112131415161718 and 2122232425262728.
    static var given: TraceContext {
        var words = GivenWords(words: [0x0102_0304_0506_0708, 0x1112_1314_1516_1718, 0x2122_2324_2526_2728])
        return TraceContext(using: &words)
    }
}

extension TraceSpan {
    static func named(_ name: String) -> TraceSpan {
        TraceSpan(
            context: .given,
            parentID: nil,
            name: name,
            kind: .internal,
            start: 1,
            end: 2,
            attributes: []
        )
    }
}

extension OTLPSettings {
    /// JSON, which tests can read.
    static func json(_ change: (inout OTLPSettings) -> Void = { _ in }) -> OTLPSettings {
        var settings = OTLPSettings(endpoint: "http://receiver:4318/v1/signal", encoding: .json)
        change(&settings)
        return settings
    }
}

extension LogExporter {
    func record(_ text: String, _ severity: LogRecord.Severity = .info) {
        let bytes = Array(text.utf8)
        record(
            LogRecord(timestamp: 1_700_000_000_000, severity: severity, source: "platform", context: nil),
            bytes.span
        )
    }
}

func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
