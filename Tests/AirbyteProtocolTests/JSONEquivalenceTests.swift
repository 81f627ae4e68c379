import ProtocolTestSupport
import TestSupport
import Testing

@testable import AirbyteProtocol

@Suite struct JSONEquivalenceTests {
    @Test(arguments: [
        ("1", "1.0"), ("1e2", "100"), ("0.1", "1e-1"), ("0", "-0.0"), ("0", "0e99999999999999999999"),
        ("10", "1E+1"),
        ("1234567890123456789012345678901234567890", "1234567890123456789012345678901234567890.000"),
        ("1.5e400", "15e399"), ("0.00001", "1e-5"), ("-2.50", "-25e-1"),
        ("1e0000000000000000000000002", "100"),
        ("1e99999999999999999999", "1e99999999999999999999"),
        (#"{"a":1,"b":[true,null]}"#, #"{ "b" : [ true , null ] , "a" : 1.0 }"#),
        (#"{"a":1,"a":2}"#, #"{"a":2}"#), (#"{"a":2,"b":0,"a":2}"#, #"{"b":0,"a":2}"#),
        (#""\u0041\/""#, #""A/""#), (#"{"\u0061":{}}"#, #"{"a":{}}"#), ("[]", "[ ]"), ("null", "null"),
        (#""\ud83d\ude00""#, #""😀""#),
    ])
    func equal(_ left: String, _ right: String) throws {
        #expect(try json(left).isEquivalent(to: json(right)))
        #expect(try json(right).isEquivalent(to: json(left)))
    }

    @Test(arguments: [
        ("1", "2"), ("1", "-1"), ("1", "\"1\""), ("1", "10"), ("0.1", "0.01"), ("1", "true"),
        ("null", "false"),
        ("1234567890123456789012345678901234567890", "1234567890123456789012345678901234567891"),
        ("0.1234567890123456789012345678901234567890", "0.1234567890123456789012345678901234567891"),
        ("1e99999999999999999999", "1e99999999999999999998"), ("1e400", "1e401"), ("12", "21"), ("1", "1e1"),
        ("[1,2]", "[2,1]"), ("[1]", "[1,1]"), ("[]", "{}"), (#"{"a":1}"#, #"{"a":1,"b":null}"#),
        (#"{"a":1}"#, #"{"b":1}"#),
        (#"{"a":1,"a":2}"#, #"{"a":1}"#), (#""a""#, #""A""#), ("\"\u{e9}\"", "\"e\u{301}\""),
        ("{\"\u{e9}\":1}", "{\"e\u{301}\":1}"), ("true", "false"),
    ])
    func different(_ left: String, _ right: String) throws {
        #expect(try !json(left).isEquivalent(to: json(right)))
        #expect(try !json(right).isEquivalent(to: json(left)))
    }

    @Test func isEqualOnlyWhenWrittenAlike() throws {
        #expect(try json(#" {"a":1} "#) == json(#"{"a":1}"#))
        #expect(try json(#"[{"a":1}]"#).elements.map(\.hashValue) == [json(#"{"a":1}"#).hashValue])
        #expect(try json("1") != json("1.0"))
        #expect(try json(#"{"a": 1}"#) != json(#"{"a":1}"#))
    }

    @Test func comparesTheDeepestValues() throws {
        func nested(_ inner: String) -> String {
            String(repeating: "[", count: 1_000) + inner + String(repeating: "]", count: 1_000)
        }
        #expect(try json(nested("1")).isEquivalent(to: json(nested("1.0"))))
        #expect(try !json(nested("1")).isEquivalent(to: json(nested("2"))))
    }
}
