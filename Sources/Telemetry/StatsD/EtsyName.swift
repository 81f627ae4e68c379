/// The name of a series in etsy's flavour, whose tags are a part of it: `airbyteJob_output_write.status.success`.
///
/// Platform metrics have all tags in the order of their keys, as Micrometer does it. Ours have them in the order of their
/// weight, and are never longer than what collectd looks at: it adds up the counters of all series that begin alike. In a
/// longer name, values are cut; if that is not enough, the last tags are left out. It ends in a hash of the whole name, so
/// that no other is the same.
struct EtsyName {
    /// collectd 5.12's `DATA_MAX_NAME_LEN`, without the zero at its end.
    static let maxBytes = 127

    /// What collectd appends to the names of timers, at the longest, and cuts off again: `-percentile-99.9`.
    static let timerSuffixBytes = 16

    /// The longest value of a tag in a name that is too long. Longer values lose their beginning: the end of an image's name
    /// tells more than its registry. 20 bytes hold the names of most connectors.
    static let maxValue = 20

    private static let dot = UInt8(ascii: ".")

    private(set) var bytes: [UInt8] = []
    private let lines: StatsDLines

    init(_ metric: Metric, _ tags: [Tag], commonTags: [Tag], lines: StatsDLines) {
        self.lines = lines
        appendCamelCase(metric.name)
        let name = bytes
        let statistic = StatsDLines.statistic(of: metric.kind)
        var all = (tags + commonTags).map { (key: $0.name.rawValue, value: $0.value) }
        if let statistic { all.append((StatsDLines.statisticKey, statistic)) }
        if metric.isPlatforms { all.sort { $0.key < $1.key } }
        for (key, value) in all { append(key, value, upTo: nil) }
        guard !metric.isPlatforms else { return }

        let whole = bytes
        let isTimer = metric.kind == .timer || metric.kind == .distribution
        let maxBytes = Self.maxBytes - (isTimer ? Self.timerSuffixBytes : 0)
        guard whole.count > maxBytes else { return }
        bytes = name
        for (key, value) in all {
            let start = bytes.count
            append(key, value, upTo: Self.maxValue)
            if bytes.count > maxBytes - Self.hashBytes {
                bytes.removeSubrange(start...)
                break
            }
        }
        appendHash(of: whole)
    }

    /// A dot and eight digits.
    private static let hashBytes = 9

    private mutating func appendHash(of whole: [UInt8]) {
        let digits = String(Self.hash(whole), radix: 16)
        bytes.append(Self.dot)
        for _ in digits.utf8.count..<8 { bytes.append(UInt8(ascii: "0")) }
        bytes += digits.utf8
    }

    /// FNV-1a with 32 bits: it has to tell a few hundred names apart, and be the same everywhere.
    private static func hash(_ bytes: [UInt8]) -> UInt32 {
        bytes.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 }
    }

    private mutating func append(_ key: String, _ value: String, upTo maxValue: Int?) {
        let start = bytes.count
        bytes.append(Self.dot)
        bytes += key.utf8
        bytes.append(Self.dot)
        let valueStart = bytes.count
        lines.appendValue(value, to: &bytes)
        if let maxValue { cutFront(from: valueStart, to: maxValue) }
        if bytes.count == valueStart { bytes.removeSubrange(start...) }
    }

    /// Leaves the last bytes of a value: from a slash on, if that is enough.
    private mutating func cutFront(from start: Int, to maxCount: Int) {
        guard bytes.count - start > maxCount else { return }
        let earliest = bytes.count - maxCount
        var cut = earliest
        // A cut character has no more than three bytes left.
        while cut < bytes.count, bytes[cut] & 0xC0 == 0x80 { cut += 1 }
        if let slash = bytes[(earliest - 1)...].firstIndex(of: UInt8(ascii: "/")), slash + 1 < bytes.count {
            cut = slash + 1
        }
        bytes.removeSubrange(start..<cut)
    }

    /// `airbyte.job_output_write` is `airbyteJob_output_write`.
    private mutating func appendCamelCase(_ name: String) {
        var isFirst = false
        for byte in name.utf8 {
            if byte == Self.dot {
                isFirst = true
                continue
            }
            let isLower = UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
            bytes.append(isFirst && isLower ? byte - 0x20 : byte)
            isFirst = false
        }
    }
}
