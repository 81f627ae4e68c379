import HTTP
import Scheduling

/// What the exporters of OTLP need of the process.
package struct OTLPContext {
    package var scheduler: any Scheduler
    package var transport: any HTTPTransport
    package var wallClock: WallClock
    /// For the jitter of retries.
    package var seed: UInt64
    /// Called with one line for people, without secrets: the first time that a receiver does not take a signal's data.
    package var onTrouble: (String) -> Void
    /// Called with what was lost: `metrics`, `traces` or `logs`, and how many points, spans or records.
    package var onDrop: (_ signal: String, _ count: Int) -> Void

    package init(
        scheduler: any Scheduler,
        transport: any HTTPTransport,
        wallClock: WallClock,
        seed: UInt64,
        onTrouble: @escaping (String) -> Void,
        onDrop: @escaping (_ signal: String, _ count: Int) -> Void
    ) {
        self.scheduler = scheduler
        self.transport = transport
        self.wallClock = wallClock
        self.seed = seed
        self.onTrouble = onTrouble
        self.onDrop = onDrop
    }
}

/// What a request holds.
enum OTLPSignal: String {
    case metrics, traces, logs

    /// What one item is called.
    var items: String {
        switch self {
        case .metrics: "points"
        case .traces: "spans"
        case .logs: "records"
        }
    }
}
