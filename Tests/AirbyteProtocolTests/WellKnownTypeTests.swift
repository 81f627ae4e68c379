import Foundation
import TestSupport
import Testing

@testable import AirbyteProtocol

@Suite struct WellKnownTypeTests {
    /// The definitions of `well_known_types.yaml`.
    @Test func areTheProtocolsOwn() {
        #expect(
            WellKnownType.allCases.map { "\($0.rawValue): \($0.jsonType)" } == [
                "String: string", "BinaryData: string", "Date: string", "TimestampWithTimezone: string",
                "TimestampWithoutTimezone: string", "TimeWithTimezone: string",
                "TimeWithoutTimezone: string",
                "Number: string", "Integer: string", "Boolean: boolean",
            ]
        )
    }

    /// The examples that the protocol gives, and near misses.
    @Test(arguments: [
        (WellKnownType.binaryData, ["", "aGk=", "aGkh", "YQ=="], ["a", "aGk", "aGk=="]),
        (.date, ["2022-01-23", "2022-01-23 BC"], ["22-01-23", "2022-01-23 AD", "2022-1-23"]),
        (
            .timestampWithTimezone, ["2022-01-23T01:23:45Z", "2022-01-23T01:23:45.678-11:30 BC"],
            ["2022-01-23T01:23:45", "2022-01-23 01:23:45Z", "1642900000"]
        ),
        (
            .timestampWithoutTimezone,
            ["2022-01-23T01:23:45", "2022-01-23T01:23:45.678 BC", "2022-01-23T01:23:45.678"],
            ["2022-01-23T01:23:45Z", "2022-01-23"]
        ),
        (.timeWithTimezone, ["01:23:45Z", "01:23:45.678-11:30"], ["01:23:45", "1:23:45Z"]),
        (.timeWithoutTimezone, ["01:23:45", "01:23:45.678"], ["01:23:45Z", "01:23"]),
        (.number, ["1", "-1.50", "0.1"], ["x", ""]),
        (.integer, ["1", "-100"], ["x", ""]),
    ])
    func patternsFitTheExamples(_ type: WellKnownType, _ good: [String], _ bad: [String]) throws {
        let expression = try NSRegularExpression(pattern: #require(type.pattern))
        func fits(_ text: String) -> Bool {
            expression.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil
        }
        #expect(good.filter { !fits($0) } == [])
        #expect(bad.filter(fits) == [])
    }

    @Test func onlyNumbersHaveSpecialValues() {
        let special = WellKnownType.allCases.filter { !$0.specialValues.isEmpty }
        #expect(special == [.number, .integer])
        #expect(WellKnownType.number.specialValues == ["Infinity", "-Infinity", "NaN"])
    }
}
