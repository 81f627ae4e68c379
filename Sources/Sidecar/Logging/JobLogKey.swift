import Scheduling

/// Names the documents of a job's log: `job-logging/<log path>/<yyyyMMddHHmmss>_<host>_<uuid>.json`.
struct JobLogKey {
    private static let folder = "job-logging"

    private let prefix: String
    private let host: String
    private var lastTime: Int64 = 0
    private var sequence: UInt16 = 0
    private var random: SplitMix64

    /// Nil where the log path is empty: then nobody would find the log.
    ///
    /// - Parameters:
    ///   - logPath: as the platform names it, perhaps with slashes around it, perhaps with the folder before it.
    ///   - host: the pod's name.
    init?(logPath: String, host: String, seed: UInt64) {
        let path = logPath.split(separator: "/").joined(separator: "/")
        guard !path.isEmpty else { return nil }
        prefix = path == Self.folder || path.hasPrefix("\(Self.folder)/") ? path : "\(Self.folder)/\(path)"
        self.host = host
        random = SplitMix64(seed: seed)
    }

    /// The key of the next document. In UTC; of two keys, the later sorts behind, even within a millisecond.
    mutating func next(millisecondsSince1970 now: Int64) -> String {
        if now > lastTime {
            lastTime = now
            sequence = 0
        } else {
            sequence += 1
        }
        let stamp = CalendarTime(millisecondsSince1970: lastTime).text.prefix(19).filter(\.isNumber)
        return "\(prefix)/\(stamp)_\(host)_\(uuid()).json"
    }

    /// A UUID of version 7 (RFC 9562, section 5.7) without dashes: the time in milliseconds, then a count.
    private mutating func uuid() -> String {
        let high = UInt64(lastTime) << 16 | 0x7000 | UInt64(sequence & 0x0FFF)
        let low = random.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        let bytes = [high, low].flatMap { number in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt64($0)) }
        }
        return bytes.hexadecimal
    }
}
