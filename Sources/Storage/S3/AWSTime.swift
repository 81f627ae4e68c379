import Scheduling

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
        guard numbers.count == 6 else { return nil }
        return CalendarTime.secondsSince1970(
            year: numbers[0],
            month: numbers[1],
            day: numbers[2],
            hour: numbers[3],
            minute: numbers[4],
            second: numbers[5]
        )
    }
}
