/// What a trace comes to: for the loop, and for each source of events.
struct TraceSummary {
    /// More sources are taken together, so that a trace of any length needs little memory.
    private static let maxSources = 200
    static let others = "(others)"

    struct Source: Equatable {
        var submissions = 0
        var completions = 0
        var cancellations = 0
        var errors = 0
        /// Read, in bytes.
        var bytes = 0
    }

    private(set) var sources: [String: Source] = [:]
    /// The sources in the order in which they came.
    private(set) var order: [String] = []
    private(set) var lines = 0
    private(set) var calls = 0
    private(set) var waits = 0
    /// In microseconds.
    private(set) var waited = 0
    /// The longest time that the loop has worked between two waits, in microseconds.
    private(set) var longestWork = 0
    private(set) var duration = 0
    private var lastWait = 0
    private var last = 0

    mutating func note(_ entry: TraceFile.Entry) {
        lines += 1
        duration = max(duration, entry.time)
        switch entry.event {
        case .entered(_, let hasWaited, _):
            calls += 1
            guard hasWaited else { break }
            waits += 1
            waited += max(0, entry.time - last)
            longestWork = max(longestWork, last - lastWait)
            lastWait = entry.time
        case .submitted(let operation, _): change(operation.source) { $0.submissions += 1 }
        case .completed(let operation, let result):
            change(operation.source) { source in
                source.completions += 1
                if result.hasPrefix("-") { source.errors += 1 }
                if operation.name == "read" { source.bytes += max(0, Int(result) ?? 0) }
            }
        case .cancelled(let operation): change(operation.source) { $0.cancellations += 1 }
        case .readAtOnce(let name, _, _, let result):
            change(name) { source in
                source.submissions += 1
                source.completions += 1
                if result.hasPrefix("-") { source.errors += 1 }
                source.bytes += max(0, Int(result) ?? 0)
            }
        case .timer, .note: break
        }
        last = entry.time
    }

    private mutating func change(_ name: String, _ body: (inout Source) -> Void) {
        let name = sources[name] != nil || order.count < Self.maxSources ? name : Self.others
        if sources[name] == nil { order.append(name) }
        body(&sources[name, default: Source()])
    }
}
