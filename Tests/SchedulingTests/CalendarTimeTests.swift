import Testing

@testable import Scheduling

@Suite struct CalendarTimeTests {
    @Test(arguments: [
        (0, "1970-01-01 00:00:00.000"),
        (1, "1970-01-01 00:00:00.001"),
        (999, "1970-01-01 00:00:00.999"),
        (1_000, "1970-01-01 00:00:01.000"),
        (-1, "1969-12-31 23:59:59.999"),
        (-1_000, "1969-12-31 23:59:59.000"),
        (-86_400_000, "1969-12-31 00:00:00.000"),
        (-86_400_001, "1969-12-30 23:59:59.999"),
        (951_782_399_999, "2000-02-28 23:59:59.999"),
        (951_782_400_000, "2000-02-29 00:00:00.000"),
        (951_868_800_000, "2000-03-01 00:00:00.000"),
        (1_709_208_000_000, "2024-02-29 12:00:00.000"),
        (1_735_603_200_000, "2024-12-31 00:00:00.000"),
        (1_735_689_599_000, "2024-12-31 23:59:59.000"),
        (1_735_689_600_000, "2025-01-01 00:00:00.000"),
        // 2100 is no leap year.
        (4_107_542_399_000, "2100-02-28 23:59:59.000"),
        (4_107_542_400_000, "2100-03-01 00:00:00.000"),
        (-2_203_891_200_000, "1900-03-01 00:00:00.000"),
        (-62_135_596_800_000, "0001-01-01 00:00:00.000"),
        (253_402_300_799_999, "9999-12-31 23:59:59.999"),
    ])
    func text(_ milliseconds: Int64, _ text: String) {
        #expect(CalendarTime(millisecondsSince1970: milliseconds).text == text)
    }

    /// Compares with the days as they are counted off, month by month.
    @Test func everyDayOfFourCenturies() {
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        var day: Int64 = 0
        var wrong: [Int64] = []
        for year in 1970..<2370 {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            for month in 1...12 {
                for dayOfMonth in 1...(lengths[month - 1] + (isLeap && month == 2 ? 1 : 0)) {
                    let time = CalendarTime(millisecondsSince1970: day * 86_400_000)
                    if (time.year, time.month, time.day) != (year, month, dayOfMonth) { wrong.append(day) }
                    day += 1
                }
            }
        }
        #expect(wrong == [])
        #expect(day == 146_097)
    }
}
