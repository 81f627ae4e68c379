/// The dates of HTTP header fields, `Tue, 24 Nov 2026 09:20:00 GMT` (RFC 9110, section 5.6.7).
enum HTTPDate {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    static func text(secondsSince1970 seconds: Int64) -> String {
        let time = CalendarTime(millisecondsSince1970: seconds * 1_000)
        // The 1st of January 1970 was a Thursday.
        let days = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
        let weekday = weekdays[Int((days % 7 + 7) % 7)]
        let clock = [time.hour, time.minute, time.second].map(twoDigits).joined(separator: ":")
        return "\(weekday), \(twoDigits(time.day)) \(months[time.month - 1]) \(time.year) \(clock) GMT"
    }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
