/// A point in time in the Gregorian calendar, in UTC, without leap seconds (POSIX).
package struct CalendarTime: Hashable {
    package var year: Int
    package var month: Int
    package var day: Int
    package var hour: Int
    package var minute: Int
    package var second: Int
    package var millisecond: Int

    /// Counts days in 400-year cycles that begin on a 1st of March, where a leap day is the last of its year.
    package init(millisecondsSince1970: Int64) {
        let secondsSince1970 = Self.floorDivide(Int(millisecondsSince1970), by: 1_000)
        millisecond = secondsSince1970.rest
        let days = Self.floorDivide(secondsSince1970.whole, by: 86_400)
        hour = days.rest / 3_600
        minute = days.rest / 60 % 60
        second = days.rest % 60

        // 719,468 days lie between 0000-03-01 and 1970-01-01.
        let cycle = Self.floorDivide(days.whole + 719_468, by: 146_097)
        let dayOfCycle = cycle.rest
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1_460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = cycle.whole * 400 + yearOfCycle + (month <= 2 ? 1 : 0)
    }

    /// The seconds since 1970 of a date and a time; nil where there is no such day or time. A leap second (60) counts
    /// as the second after it.
    package static func secondsSince1970(
        year: Int64,
        month: Int64,
        day: Int64,
        hour: Int64,
        minute: Int64,
        second: Int64
    ) -> Int64? {
        let bounds: [(Int64, ClosedRange<Int64>)] = [
            (year, 1_970...9_999), (month, 1...12), (day, 1...31), (hour, 0...23), (minute, 0...59),
            (second, 0...60),
        ]
        guard bounds.allSatisfy({ $1.contains($0) }) else { return nil }
        // Years that begin in March have their leap day at the end.
        let shifted = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
        return days * 86_400 + hour * 3_600 + minute * 60 + second
    }

    /// `2026-11-24 05:22:24.123`
    package var text: String {
        var text: [UInt8] = []
        append(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends `2026-11-24 05:22:24.123`: every line on the console begins with it.
    package func append(to text: inout [UInt8]) {
        if 0...9_999 ~= year {
            Self.append(year / 100, to: &text)
            Self.append(year % 100, to: &text)
        } else {
            text.append(contentsOf: String(year).utf8)
        }
        text.append(UInt8(ascii: "-"))
        Self.append(month, to: &text)
        text.append(UInt8(ascii: "-"))
        Self.append(day, to: &text)
        text.append(UInt8(ascii: " "))
        Self.append(hour, to: &text)
        text.append(UInt8(ascii: ":"))
        Self.append(minute, to: &text)
        text.append(UInt8(ascii: ":"))
        Self.append(second, to: &text)
        text.append(UInt8(ascii: "."))
        text.append(UInt8(ascii: "0") + UInt8(millisecond / 100))
        Self.append(millisecond % 100, to: &text)
    }

    /// Appends two digits.
    private static func append(_ number: Int, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "0") + UInt8(number / 10))
        text.append(UInt8(ascii: "0") + UInt8(number % 10))
    }

    private static func floorDivide(_ number: Int, by divisor: Int) -> (whole: Int, rest: Int) {
        let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
