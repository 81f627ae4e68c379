/// The forms in which Amazon's services write points in time.
enum AWSTime {
    /// `yyyyMMddTHHmmssZ`, as signatures have it.
    static func timestamp(millisecondsSince1970: Int64) -> String {
        // `2026-11-24 05:22:24.123` without its punctuation.
        let text = CalendarTime(millisecondsSince1970: millisecondsSince1970).text
        let digits = text.prefix(19).filter { $0 != "-" && $0 != ":" }
        return digits.replacing(" ", with: "T") + "Z"
    }

    /// Seconds since 1970 of `2026-11-24T09:20:00Z` or with a fraction; nil for any other text.
    static func parse(_ text: String) -> Int64? {
        guard text.utf8.count >= 20, text.hasSuffix("Z") else { return nil }
        let numbers = text.prefix(19).split { "-:T".contains($0) }.compactMap { Int64($0) }
        return numbers.count == 6 ? seconds(numbers) : nil
    }

    /// Of year, month, day, hour, minute, second.
    private static func seconds(_ parts: [Int64]) -> Int64? {
        let bounds: [ClosedRange<Int64>] = [1_970...9_999, 1...12, 1...31, 0...23, 0...59, 0...60]
        guard zip(bounds, parts).allSatisfy({ $0.contains($1) }) else { return nil }
        // Years that begin in March have their leap day at the end.
        let year = parts[1] <= 2 ? parts[0] - 1 : parts[0]
        let dayOfYear = (153 * ((parts[1] + 9) % 12) + 2) / 5 + parts[2] - 1
        let days = 365 * year + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
        return days * 86_400 + parts[3] * 3_600 + parts[4] * 60 + parts[5]
    }
}
