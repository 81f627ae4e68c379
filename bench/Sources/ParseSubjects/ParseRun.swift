import Glibc

/// What reading a file with one subject took, in a process of its own.
public struct ParseMeasurement: Hashable, Sendable, Codable {
    public var bytes: Int
    /// Of one pass over the file; the median where there were several.
    public var seconds: Double
    public var passes: Int
    /// By how much the process' resident memory grew at most, in KiB.
    public var peakGrowthKiB: Int
    public var outcome: ParseOutcome
}

/// Why a file could not be read.
public struct ParseRunProblem: Error, CustomStringConvertible {
    public var description: String
}

/// Reads a file as the sidecar does: 64 KiB a read(2), from the page cache.
public struct ParseRun {
    /// `OutputTail` of the sidecar reads so much at once.
    private static let readSize = 64 * 1_024

    public var subject: ParseSubjects
    public var path: String
    /// Passes are repeated for this long, so that short ones can be measured.
    public var minimumSeconds: Double

    public init(_ subject: ParseSubjects, path: String, minimumSeconds: Double) {
        self.subject = subject
        self.path = path
        self.minimumSeconds = minimumSeconds
    }

    /// Measures in this process, which should have done nothing else before.
    public func measure() throws -> ParseMeasurement {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ParseRunProblem(description: "\(path) cannot be opened") }
        defer { close(descriptor) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Self.readSize + ParseSubjects.padding,
            alignment: 64
        )
        buffer.initializeMemory(as: UInt8.self, repeating: 0)
        defer { buffer.deallocate() }

        let before = ResidentMemory.startNewPeak()
        let first = try pass(subject.type, descriptor, buffer)
        let peak = ResidentMemory.peakKiB
        var seconds: [Double] = []
        var total = first.seconds
        while total < minimumSeconds {
            let next = try pass(subject.type, descriptor, buffer)
            seconds.append(next.seconds)
            total += next.seconds
        }
        // The first pass pays for cold caches and memory; it counts only where it is all there is.
        if seconds.isEmpty { seconds.append(first.seconds) }
        seconds.sort()
        return ParseMeasurement(
            bytes: first.bytes,
            seconds: seconds[seconds.count / 2],
            passes: seconds.count,
            peakGrowthKiB: max(0, peak - before),
            outcome: first.outcome
        )
    }

    private func pass<Subject: ParseSubject>(
        _ type: Subject.Type,
        _ descriptor: Int32,
        _ buffer: UnsafeMutableRawBufferPointer
    ) throws -> (seconds: Double, bytes: Int, outcome: ParseOutcome) {
        let start = Self.now()
        var subject = Subject()
        var offset = 0
        while true {
            let count = pread(descriptor, buffer.baseAddress, Self.readSize, off_t(offset))
            guard count >= 0 else { throw ParseRunProblem(description: "\(path) cannot be read") }
            if count == 0 { break }
            offset += count
            subject.read(UnsafeRawBufferPointer(rebasing: buffer[..<count]).bytes)
        }
        let outcome = subject.finish()
        return (Self.now() - start, offset, outcome)
    }

    /// Seconds of the monotonic clock.
    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
