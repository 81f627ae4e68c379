/// Durations as Java's and Micronaut's settings write them.
package enum ISODuration {
    /// Reads `PT1H30M0.5S`, with days as `P1DT…` (ISO 8601, without years, months and weeks), or a number with one of the units
    /// `ms`, `s`, `m`, `h`, `d`. Nil for anything else.
    package static func parse(_ text: String) -> Duration? {
        let text = text.uppercased()
        guard text.hasPrefix("P") else { return short(text) }
        let parts = text.dropFirst().split(separator: "T", maxSplits: 1, omittingEmptySubsequences: false)
        guard let days = sum(parts[0], units: [("D", 86_400)]) else { return nil }
        guard parts.count == 2 else { return parts[0].isEmpty ? nil : .nanoseconds(nanoseconds(days)) }
        guard !parts[1].isEmpty, let time = sum(parts[1], units: [("H", 3_600), ("M", 60), ("S", 1)]) else {
            return nil
        }
        return .nanoseconds(nanoseconds(days + time))
    }

    private static func short(_ text: String) -> Duration? {
        for (unit, seconds) in [("MS", 0.001), ("S", 1), ("M", 60), ("H", 3_600), ("D", 86_400)]
        where text.hasSuffix(unit) {
            let number = text.dropLast(unit.count)
            guard !number.isEmpty, let amount = EnvironmentReader.decimal(String(number)) else { continue }
            return .nanoseconds(nanoseconds(amount * seconds))
        }
        return nil
    }

    /// The seconds of numbers that are followed by units, in that order, each at most once.
    private static func sum(_ text: Substring, units: [(name: Character, seconds: Double)]) -> Double? {
        var rest = text
        var total = 0.0
        for (name, seconds) in units {
            guard let end = rest.firstIndex(of: name) else { continue }
            guard end > rest.startIndex, let amount = EnvironmentReader.decimal(String(rest[..<end])) else {
                return nil
            }
            total += amount * seconds
            rest = rest[rest.index(after: end)...]
        }
        return rest.isEmpty ? total : nil
    }

    /// Bounded by a year, which is longer than any setting means.
    private static func nanoseconds(_ seconds: Double) -> Int64 {
        Int64(min(seconds, 31_536_000) * 1_000_000_000)
    }
}
