import Glibc

/// What a system call refused to do.
public struct SystemProblem: Error, Hashable, Sendable, CustomStringConvertible {
    public var call: String
    public var code: Int32

    public var description: String { "\(call): \(String(cString: strerror(code)))" }
}

/// Writes to a descriptor at a pace, waiting where it would be too fast.
public struct PacedWriter {
    /// Waits are not shorter than this: a fast pace is met in small bursts.
    private static let burst: Double = 0.002

    private let descriptor: Int32
    private let pace: Pace
    private let start = PacedWriter.now()
    /// Bytes or lines, whichever the pace counts.
    private var written: Double = 0

    public init(descriptor: Int32, pace: Pace = .unlimited) {
        self.descriptor = descriptor
        self.pace = pace
    }

    /// Writes it all, in as many steps as the pace asks for.
    public mutating func write(_ bytes: RawSpan) throws(SystemProblem) {
        switch pace {
        case .unlimited:
            try Self.writeAll(bytes, to: descriptor)
        case .bytesPerSecond(let rate):
            let step = max(1, Int(rate * Self.burst))
            try write(bytes, rate: rate) { start in min(start + step, bytes.byteCount) }
        case .linesPerSecond(let rate):
            try write(bytes, rate: rate) { start in Self.lineEnd(in: bytes, from: start) }
        }
    }

    private mutating func write(
        _ bytes: RawSpan,
        rate: Double,
        stepEnd: (Int) -> Int
    ) throws(SystemProblem) {
        var position = 0
        while position < bytes.byteCount {
            awaitTurn(rate)
            let end = stepEnd(position)
            try Self.writeAll(bytes.extracting(position..<end), to: descriptor)
            if case .bytesPerSecond = pace {
                written += Double(end - position)
            } else if bytes.unsafeLoad(fromByteOffset: end - 1, as: UInt8.self) == UInt8(ascii: "\n") {
                written += 1
            }
            position = end
        }
    }

    /// Sleeps until what has been written is due.
    private func awaitTurn(_ rate: Double) {
        while true {
            let wait = start + written / rate - Self.now()
            guard wait > Self.burst else { return }
            var time = timespec(tv_sec: Int(wait), tv_nsec: Int((wait - wait.rounded(.down)) * 1e9))
            nanosleep(&time, nil)
        }
    }

    private static func lineEnd(in bytes: RawSpan, from start: Int) -> Int {
        bytes.withUnsafeBytes { bytes in
            bytes[start...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? bytes.count
        }
    }

    /// write(2) until all is written.
    public static func writeAll(_ bytes: RawSpan, to descriptor: Int32) throws(SystemProblem) {
        var position = 0
        while position < bytes.byteCount {
            let count = bytes.extracting(position...).withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count >= 0 {
                position += count
            } else if errno != EINTR {
                throw SystemProblem(call: "write", code: errno)
            }
        }
    }

    /// Seconds of the monotonic clock.
    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
