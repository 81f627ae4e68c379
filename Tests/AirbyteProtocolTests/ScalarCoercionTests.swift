import ProtocolTestSupport
import TestSupport
import Testing

@testable import AirbyteProtocol

/// Scalars of another type than the protocol's, taken as Jackson takes them by default.
@Suite struct ScalarCoercionTests {
    private func value(_ json: String) throws -> JSONValue { try AirbyteProtocolTests.json(json) }

    @Test(arguments: [
        (#""a\u0062""#, "ab"), ("1.50", "1.50"), ("-0", "-0"), ("1E400", "1E400"), ("true", "true"),
        ("false", "false"),
        (#""""#, ""),
    ])
    func readsText(_ json: String, _ text: String) throws {
        #expect(try value(json).coercedText == text)
    }

    @Test(arguments: ["null", "{}", "[]", "[1]"])
    func nothingElseIsText(_ json: String) throws {
        #expect(try value(json).coercedText == nil)
    }

    @Test(arguments: [
        ("1", 1), ("-1.5e3", -1_500), (#""1700000000000""#, 1_700_000_000_000), (#"" 12 ""#, 12),
        (#""\t-1.50\n""#, -1.5), (#""+7""#, 7), (#""007""#, 7), (#"".5""#, 0.5), (#""5.""#, 5),
        (#""1e2""#, 100),
        (#""1E-2""#, 0.01), (#""\u0031""#, 1),
    ])
    func readsNumbers(_ json: String, _ number: Double) throws {
        #expect(try value(json).coercedDouble == number)
    }

    @Test(arguments: [
        #""""#, #""  ""#, #""1 2""#, #""1,5""#, #""x""#, #""NaN""#, #""Infinity""#, #""0x10""#, #"".""#,
        #""-""#, #""1e""#,
        #""--1""#, #""****795""#, "true", "null", "[1]", "{}",
    ])
    func refusesOtherNumbers(_ json: String) throws {
        #expect(try value(json).coercedDouble == nil)
    }

    @Test(arguments: [
        ("true", true), ("false", false), (#""true""#, true), (#"" False ""#, false), (#""TRUE""#, true),
        (#""tRuE\t""#, true), ("0", false), ("-0", false), ("1", true), ("-7", true),
        ("100000000000000000000", true),
    ])
    func readsTruthValues(_ json: String, _ bool: Bool) throws {
        #expect(try value(json).coercedBool == bool)
    }

    @Test(arguments: [
        #""yes""#, #""1""#, #""t""#, #""""#, #""true false""#, "1.0", "0.0", "1e2", "null", "[]", "{}",
    ])
    func refusesOtherTruthValues(_ json: String) throws {
        #expect(try value(json).coercedBool == nil)
    }

    /// In messages. Blank text is as good as null, and what cannot be coerced makes the line no message.
    @Test(arguments: [
        (#"{"type":"LOG","log":{"level":"INFO","message":1.50}}"#, "log 1.50"),
        (#"{"type":"LOG","log":{"level":"INFO","message":false,"stack_trace":7}}"#, "log false\n7"),
        (#"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":403}}"#, "failed 403"),
        (#"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":{}}}"#, "no message"),
        (#"{"type":"CONNECTION_STATUS","connectionStatus":{"status":1}}"#, "no message"),
        (
            #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":" 5 ","connectorConfig":{"config":{}}}}"#,
            "configuration"
        ),
        (#"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":""}}"#, "dropped"),
        (#"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":"soon"}}"#, "no message"),
        (#"{"type":"CATALOG","catalog":{"streams":[{"name":1,"source_defined_cursor":"True"}]}}"#, "catalog"),
        (#"{"type":"CATALOG","catalog":{"streams":[{"name":"a","source_defined_cursor":""}]}}"#, "catalog"),
        (
            #"{"type":"CATALOG","catalog":{"streams":[{"name":"a","source_defined_cursor":1.5}]}}"#,
            "no message"
        ),
        (#"{"type":"CATALOG","catalog":{"streams":[{"name":["a"]}]}}"#, "no message"),
        (
            #"{"type":"CATALOG","catalog":{"streams":[{"name":"a","default_cursor_field":"id"}]}}"#,
            "no message"
        ),
        (
            #"{"type":"SPEC","spec":{"connectionSpecification":{},"supportsDBT":"FALSE","documentationUrl":7}}"#,
            "spec"
        ),
        (#"{"type":"SPEC","spec":{"connectionSpecification":{},"supportsDBT":"no"}}"#, "no message"),
    ])
    func coercesInMessages(_ line: String, _ expected: String) throws {
        let decoded = MessageDecoder().decode(Array(line.utf8))
        let found =
            switch decoded {
            case .message(.log(let log)): "log \(log.textWithStackTrace)"
            case .message(.connectionStatus(let status)): "\(status.status) \(status.message ?? "-")"
            case .message(.control): "configuration"
            case .message(.catalog): "catalog"
            case .message(.spec): "spec"
            case .dropped: "dropped"
            case .notAMessage: "no message"
            default: "\(decoded)"
            }
        #expect(found == expected)
    }

    /// A text that is too long to be held while a line passes is no number, however the line is read.
    @Test func boundsCoercedText() throws {
        let digits = String(repeating: "0", count: ScalarCoercion.maxLength - 2)
        #expect(try value("\"\(digits)\"").coercedDouble == 0)
        #expect(try value("\"0\(digits)\"").coercedDouble == nil)
        #expect(try value("1\(digits)0").coercedBool == true)
        #expect(try value("1\(digits)00").coercedBool == nil)
    }
}
