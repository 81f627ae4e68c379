import Scheduling

/// The dates of HTTP header fields (RFC 9110, section 5.6.7), in seconds since 1970.
package enum HTTPDate {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// The preferred form, `Tue, 24 Nov 2026 09:20:00 GMT`.
    package static func text(secondsSince1970 seconds: Int64) -> String {
        let time = CalendarTime(millisecondsSince1970: seconds * 1_000)
        // The 1st of January 1970 was a Thursday.
        let days = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
        let weekday = weekdays[Int((days % 7 + 7) % 7)]
        let clock = [time.hour, time.minute, time.second].map(twoDigits).joined(separator: ":")
        return "\(weekday), \(twoDigits(time.day)) \(months[time.month - 1]) \(time.year) \(clock) GMT"
    }

    /// Any of the three forms: `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` and
    /// `Sun Nov  6 08:49:37 1994`. Nil for any other text.
    package static func parse(_ text: String) -> Int64? {
        // Weekday and zone say nothing that the rest does not say.
        let words = text.split { " ,-".contains($0) }.map(String.init)
        guard (5...6).contains(words.count) else { return nil }
        // Only asctime's form, the one without a zone, has the month before the day.
        let isAsctime = words.count == 5
        guard isAsctime || words[5] == "GMT" else { return nil }
        let (month, day, year, clock) =
            isAsctime
            ? (words[1], words[2], words[4], words[3])
            : (words[2], words[1], words[3], words[4])
        let time = clock.split(separator: ":", omittingEmptySubsequences: false).map(number)
        guard let monthIndex = months.firstIndex(of: month), let day = number(day), let year = number(year),
            time.count == 3, let hour = time[0], let minute = time[1], let second = time[2]
        else { return nil }
        return CalendarTime.secondsSince1970(
            // Two digits mean the century that is nearer; such dates come from the last one.
            year: year < 70 ? year + 2_000 : year < 100 ? year + 1_900 : year,
            month: Int64(monthIndex + 1),
            day: day,
            hour: hour,
            minute: minute,
            second: second
        )
    }

    private static func number(_ text: some StringProtocol) -> Int64? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int64(text) : nil
    }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
