import Text

/// Writes lines of StatsD in one of its flavours, as Micrometer 1.15.1 does.
///
/// A line is `NAME:VALUE|TYPE`. The flavours differ in where tags stand and in which characters they may have.
struct StatsDLines {
    /// What stands around the value in all lines of a series.
    struct Frame: Hashable {
        var beforeValue: [UInt8]
        var afterValue: [UInt8]
    }

    /// The longest value of a tag, in bytes: Datadog cuts at 200 characters. Values of today's tags are shorter.
    static let maxTagValue = 200

    let flavor: StatsDSettings.Flavor
    private let commonTags: [Tag]
    /// The last tag, `dd.internal.entity_id`, and the external environment.
    private let entityID: String?
    private let externalEnvironment: String?

    /// - Parameter commonTags: what all lines carry.
    init(_ settings: StatsDSettings, commonTags: [Tag]) {
        flavor = settings.flavor
        self.commonTags = commonTags
        entityID = settings.flavor == .datadog ? settings.entityID : nil
        externalEnvironment = settings.flavor == .datadog ? settings.externalEnvironment : nil
    }

    /// Appends a line with its line feed.
    ///
    /// - Returns: false, and nothing is appended, for a value that the flavour cannot express.
    func append(_ value: Double, in frame: Frame, of metric: Metric, to bytes: inout [UInt8]) -> Bool {
        // There, a sign makes a gauge go up or down by the value.
        if metric.kind == .gauge, value < 0, flavor == .etsy || flavor == .telegraf { return false }
        let start = bytes.count
        bytes += frame.beforeValue
        guard StatsDNumber.append(value, to: &bytes) else {
            bytes.removeSubrange(start...)
            return false
        }
        end(frame, &bytes)
        return true
    }

    /// Appends a counter's line with its line feed.
    func append(_ count: UInt64, in frame: Frame, to bytes: inout [UInt8]) {
        bytes += frame.beforeValue
        StatsDNumber.append(count, to: &bytes)
        end(frame, &bytes)
    }

    private func end(_ frame: Frame, _ bytes: inout [UInt8]) {
        bytes += frame.afterValue
        bytes.append(UInt8(ascii: "\n"))
    }

    /// What a series' lines have in common.
    func frame(_ metric: Metric, _ tags: [Tag]) -> Frame {
        let type = type(of: metric.kind)
        var before: [UInt8] = []
        var after = Array("|\(type)".utf8)
        switch flavor {
        case .datadog:
            before += metric.name.utf8
            appendTags(of: metric, tags, after: "|#", separator: ":", to: &after)
            if let externalEnvironment, !externalEnvironment.isEmpty {
                after += "|e:".utf8
                appendValue(externalEnvironment, to: &after)
            }
        case .telegraf:
            for byte in metric.name.utf8 {
                before.append(byte == UInt8(ascii: ".") ? UInt8(ascii: "_") : byte)
            }
            appendTags(of: metric, tags, after: ",", separator: "=", to: &before)
        case .sysdig:
            appendValue(metric.name, to: &before)
            appendTags(of: metric, tags, after: "#", separator: "=", to: &before)
        case .etsy:
            before = EtsyName(metric, tags, commonTags: commonTags, lines: self).bytes
        }
        before.append(UInt8(ascii: ":"))
        return Frame(beforeValue: before, afterValue: after)
    }

    private func type(of kind: Metric.Kind) -> String {
        switch kind {
        case .counter: "c"
        case .gauge: "g"
        case .timer: "ms"
        // etsy's own server takes an `h` for a counter.
        case .distribution: flavor == .etsy ? "ms" : "h"
        }
    }
}

// MARK: - Tags

extension StatsDLines {
    /// The key of the tag that tells what kind of number it is, and its values.
    static let statisticKey = "statistic"

    static func statistic(of kind: Metric.Kind) -> String? {
        switch kind {
        case .counter: "count"
        case .gauge: "value"
        case .timer, .distribution: nil
        }
    }

    /// `statistic`, then all tags in the order of their keys.
    private func appendTags(
        of metric: Metric,
        _ tags: [Tag],
        after beginning: StaticString,
        separator: Unicode.Scalar,
        to bytes: inout [UInt8]
    ) {
        let start = bytes.count
        bytes.append(beginning)
        let firstTag = bytes.count
        func append(_ key: String, _ value: String) {
            let start = bytes.count
            if start > firstTag { bytes.append(UInt8(ascii: ",")) }
            appendKey(key, to: &bytes)
            let end = bytes.count
            bytes.append(UInt8(ascii: separator))
            appendValue(value, to: &bytes)
            guard bytes.count == end + 1 else { return }
            // There is no value: datadog has tags that are a key alone, the others have no use for it.
            bytes.removeSubrange((flavor == .datadog ? end : start)...)
        }
        if let statistic = Self.statistic(of: metric.kind) { append(Self.statisticKey, statistic) }
        for tag in (tags + commonTags).sorted(by: { $0.name.alphabeticalPlace < $1.name.alphabeticalPlace }) {
            append(tag.name.rawValue, tag.value)
        }
        // Always the last one, as Micrometer has it.
        if let entityID, !entityID.isEmpty { append("dd.internal.entity_id", entityID) }
        if bytes.count == firstTag { bytes.removeSubrange(start...) }
    }

    /// Keys are ours, so only sysdig's few characters matter: it allows no hyphen.
    private func appendKey(_ key: String, to bytes: inout [UInt8]) {
        if flavor == .sysdig { appendValue(key, to: &bytes) } else { bytes += key.utf8 }
    }

    /// Appends a value without what would end it, up to `maxTagValue`.
    func appendValue(_ value: String, to bytes: inout [UInt8]) {
        let start = bytes.count
        let isLong = value.utf8.count > Self.maxTagValue
        bytes += (isLong ? value.beginning(utf8: Self.maxTagValue) : value).utf8
        replaceBytes(from: start, of: &bytes)
        // What follows the last colon is the value for datadog.
        if flavor == .datadog, bytes.count > start, bytes.last == UInt8(ascii: ":") {
            bytes[bytes.count - 1] = UInt8(ascii: "_")
        }
    }

    /// Replaces and removes bytes from the first one on that is not as it should be; most values have none.
    private func replaceBytes(from start: Int, of bytes: inout [UInt8]) {
        guard let first = bytes[start...].firstIndex(where: { replacement(of: $0) != $0 }) else { return }
        var end = first
        for index in first..<bytes.count {
            guard let byte = replacement(of: bytes[index]) else { continue }
            bytes[end] = byte
            end += 1
        }
        bytes.removeSubrange(end...)
    }

    /// What a byte of a value becomes; nil where it goes.
    private func replacement(of byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "|"), UInt8(ascii: ","), UInt8(ascii: "\n"), UInt8(ascii: "\r"): return nil
        default: break
        }
        let isReplaced =
            switch flavor {
            case .datadog: false
            case .etsy: byte == UInt8(ascii: ":") || byte == UInt8(ascii: " ")
            // White space as Java's regular expressions have it.
            case .telegraf: byte == UInt8(ascii: ":") || byte == UInt8(ascii: " ") || 0x09...0x0D ~= byte
            case .sysdig: !isSysdigs(byte)
            }
        // One for each character, however many bytes it has.
        if isReplaced, flavor == .sysdig, byte & 0xC0 == 0x80 { return nil }
        return isReplaced ? UInt8(ascii: "_") : byte
    }

    private func isSysdigs(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}

extension Array<UInt8> {
    fileprivate mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { unsafe append(contentsOf: $0) }
    }
}
