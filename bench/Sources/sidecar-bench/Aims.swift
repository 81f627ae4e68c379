import BenchReport

/// What the project asks of itself. Ratios are of medians, to the floor where nothing else is said.
enum Aims {
    static let start = Target.atMost(0.45)
    static let processorTime = Target.atMost(0.55)
    static let console = Target.atMost(1.5)

    /// From the rename of the exit code to the report of the success.
    static func completion(_ variant: JobVariant) -> Target {
        guard variant.isDistant else { return .atMost(1) }
        // The floor's calls in turn: two, and three of a discover. Only the report has to wait for the exit code.
        return .atMost(variant.operation == .discover ? 0.45 : 0.6)
    }

    static let waitingMemory = Target.atMost(9.5 * mebibyte)
    static let proportionalMemory = Target.atMost(0.85 * mebibyte)
    static let idleWakeUps = Target.atMost(0)
    static let heartbeatSystemCalls = Target.atMost(10)

    /// What a catalog may take above idle; nil for a size that nothing is asked of.
    static func catalogMemory(_ size: Int) -> Target? {
        switch size {
        case ...catalogOf47MiB: .atMost(2 * mebibyte)
        case ...(1 << 30): .atMost(4 * mebibyte)
        default: nil
        }
    }

    static let catalogOf47MiB = 49_287_161

    /// Log lines a second, relative to the build before.
    static func logLines(format: String, isPlain: Bool) -> Target? {
        format == "json" ? .atLeast(2.5) : isPlain ? .atLeast(1.5) : nil
    }

    /// The speed of reading one line of 49 MB, relative to simdjson's DOM.
    static let longLine = Target.atLeast(1.6)

    /// What telemetry may add to a job, in seconds of CPU time.
    static let statsDProcessorTime = Target.atMost(0.000_4)
    static let otlpProcessorTime = Target.atMost(0.001_5)
    static let telemetryMemory = Target.atMost(0.5 * mebibyte)
    /// How much later a program may end because of a receiver, in seconds: the limit of the last flush, and a little.
    static let telemetryExit = Target.atMost(1.05)

    private static let mebibyte = 1_048_576.0
}
