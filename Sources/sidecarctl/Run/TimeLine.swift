import ControlPlane
import Glibc
import Scheduling
import Text

/// What happened when. Heartbeats in a row are one entry.
struct TimeLine {
    struct Entry {
        /// Since the start; of heartbeats in a row, the first.
        var time: Duration
        var text: String
        /// The call that it tells of.
        var call: ReceivedCall?
        /// How often the call came in a row.
        var count = 1
    }

    private(set) var entries: [Entry] = []

    mutating func add(_ text: String, at time: Duration) {
        insert(Entry(time: time, text: text))
    }

    mutating func add(_ call: ReceivedCall, at time: Duration) {
        if let last = entries.last, let earlier = last.call, call.kind == .heartbeat,
            earlier.kind == .heartbeat,
            call.status == earlier.status
        {
            entries[entries.count - 1].count += 1
            return
        }
        // Its body is not needed here.
        var call = call
        call.body = []
        let status = call.status == 0 ? "no answer" : "\(call.status)"
        let text = call.method.isEmpty ? call.text : "\(call.method) \(call.target) → \(status)"
        insert(Entry(time: time, text: text.escapingControlCharacters(), call: call))
    }

    /// Calls are handed over a moment after they came.
    private mutating func insert(_ entry: Entry) {
        let index = entries.lastIndex { $0.time <= entry.time }.map { $0 + 1 } ?? 0
        entries.insert(entry, at: index)
    }
}

/// `SIGINT`.
func signalName(_ number: Int32) -> String {
    switch number {
    case SIGINT: "SIGINT"
    case SIGTERM: "SIGTERM"
    case SIGHUP: "SIGHUP"
    case SIGQUIT: "SIGQUIT"
    default: "signal \(number)"
    }
}

extension Duration {
    /// Seconds with three decimals.
    var secondsText: String {
        let milliseconds = max(0, nanoseconds) / 1_000_000
        let fraction = String(milliseconds % 1_000)
        return "\(milliseconds / 1_000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }

    /// For a clock that is watched: `12.3 s`, `2 min 5 s`.
    var clockText: String {
        let tenths = max(0, nanoseconds) / 100_000_000
        return tenths < 600 ? "\(tenths / 10).\(tenths % 10) s" : "\(tenths / 600) min \(tenths / 10 % 60) s"
    }
}
