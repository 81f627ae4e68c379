import AirbyteProtocol
import Testing

@testable import Workload

@Suite struct MaskedConfigurationTests {
    private func masked(_ json: String, knowing known: String = "{}") throws -> String {
        let known = try JSONDocument(parsing: Array(known.utf8)).root
        let configuration = try JSONDocument(parsing: Array(json.utf8)).root
        let bytes = SecretMask(configurations: [known]).masked(configuration: configuration)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func hidesWhatNamesTellOf() throws {
        let json = #"{"host":"db","password":"abc","port":5432,"api_key":{"id":1,"on":true,"no":null}}"#
        let expected =
            #"{"host":"db","password":"**********","port":5432,"#
            + #""api_key":{"id":"**********","on":true,"no":null}}"#
        #expect(try masked(json) == expected)
    }

    @Test func hidesKnownSecretsInTextsNumbersAndNames() throws {
        let json = #"{"note":"use hunter2-hunter2","n":123456789,"hunter2-hunter2":[1,"x"]}"#
        let known = #"{"password":"hunter2-hunter2","token":123456789}"#
        let expected = #"{"note":"use **********","n":"**********","**********":[1,"x"]}"#
        #expect(try masked(json, knowing: known) == expected)
    }

    @Test func byValueNamesTellNothing() throws {
        let known = try JSONDocument(parsing: Array(#"{"password":"hunter2-hunter2"}"#.utf8)).root
        let mask = SecretMask(configurations: [known])
        let spec = Array(#"{"password":{"airbyte_secret":"yes"},"x":"hunter2-hunter2"}"#.utf8)
        let expected = #"{"password":{"airbyte_secret":"yes"},"x":"**********"}"#
        #expect(String(decoding: mask.maskedByValue(spec), as: UTF8.self) == expected)
    }
}
