/// What a synthetic connector writes: some parts, one after the other.
///
/// The same value gives the same bytes, on every machine and however they are cut into chunks.
public struct SyntheticOutput: Hashable, Sendable {
    public enum Part: Hashable, Sendable {
        case logs(LogFlood)
        case spec(SpecShape)
        /// A `CONNECTION_STATUS` whose message has so many bytes.
        case check(succeeded: Bool, messageLength: Int)
        case catalog(CatalogShape)
        case discoverLines(DiscoverLines)
        /// A `TRACE` of type `ERROR` whose stack trace has so many bytes.
        case errorTrace(stackTraceLength: Int)
        /// A `CONTROL` message with a new configuration.
        case control
    }

    public var seed: UInt64
    public var parts: [Part]

    public init(seed: UInt64 = 1, _ parts: [Part]) {
        self.seed = seed
        self.parts = parts
    }

    /// Chunks of this size are what a connector's buffered writer hands to the kernel.
    public static let defaultChunkSize = 64 * 1_024

    /// Hands out the bytes in chunks of that size; the last one is shorter. A span lives for its call only.
    public func write<Failure>(
        chunkSize: Int = SyntheticOutput.defaultChunkSize,
        _ sink: (RawSpan) throws(Failure) -> Void
    ) throws(Failure) {
        var generator = OutputGenerator(self)
        var buffer: [UInt8] = []
        buffer.reserveCapacity(chunkSize + 2 * SchemaColumns.longest)
        var isComplete = false
        while !isComplete {
            while buffer.count < chunkSize, !isComplete {
                isComplete = !generator.next(into: &buffer)
            }
            var start = 0
            while buffer.count - start >= chunkSize || (isComplete && start < buffer.count) {
                let end = min(start + chunkSize, buffer.count)
                try sink(buffer.span.bytes.extracting(start..<end))
                start = end
            }
            buffer.removeFirst(start)
        }
    }

    /// How long the output is; generates it to find out.
    public var byteCount: Int {
        var count = 0
        write { count += $0.byteCount }
        return count
    }

    /// The whole output, where it is small.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        write { chunk in chunk.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        return bytes
    }
}

/// Makes an output piece by piece, at whatever pace it is asked to.
public struct OutputGenerator: Sendable {
    private let output: SyntheticOutput
    private var nextPart = 0
    private var current: (any PieceGenerator)?

    public init(_ output: SyntheticOutput) {
        self.output = output
    }

    /// Appends the next piece, which is at most a line; false at the end.
    public mutating func next(into buffer: inout [UInt8]) -> Bool {
        while true {
            if current?.next(into: &buffer) == true { return true }
            guard nextPart < output.parts.count else { return false }
            current = generator(for: output.parts[nextPart])
            nextPart += 1
        }
    }

    private func generator(for part: SyntheticOutput.Part) -> any PieceGenerator {
        // Each part draws from numbers of its own: a part that changes does not change those behind it.
        var seeds = SeededGenerator(seed: output.seed &+ UInt64(nextPart) &* 0x2545_F491_4F6C_DD1D)
        let random = SeededGenerator(seed: seeds.next())
        switch part {
        case .logs(let flood): return LogGenerator(flood, random)
        case .spec(let shape): return SpecGenerator(shape, random)
        case .catalog(let shape): return CatalogGenerator(shape, random)
        case .discoverLines(let lines): return DiscoverLinesGenerator(lines, random)
        case .check(let succeeded, let length): return SingleMessage.check(succeeded, length, random)
        case .errorTrace(let length): return SingleMessage.errorTrace(length, random)
        case .control: return SingleMessage.control(random)
        }
    }
}
