import AirbyteProtocol
import Testing

@testable import Sidecar

/// Secrets in text, by the values of a configuration and by the names of members.
@Suite struct SecretMaskTests {
    private func mask(_ configuration: String) throws -> SecretMask {
        SecretMask(configurations: [try json(configuration.utf8)])
    }

    // MARK: By value

    private static let configuration = #"""
        {"host": "db.example.com", "port": 5432, "password": "p\"ss w\\rd&1", "api_key": "sesame",
         "pin_secret": 90210, "short_token": "abc",
         "credentials": {"auth_type": "OAuth", "client_id": "id-123", "refresh_token": "refr/esh=42"},
         "ssh": {"private_key": "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nshort\n-----END KEY-----\n"},
         "tokens": ["first-one", "second-one"],
         "account": "{\"type\": \"service\", \"private_key_id\": \"kid\", \"private_key\": \"inner-key\"}",
         "token_url": "https://auth.example.com/token", "primary_key": "user_id"}
        """#

    @Test(arguments: [
        ("sesame opens", "********** opens"),
        ("sesamesesame", "********************"),
        // As it is, in JSON, in JSON within JSON, in a URL.
        (#"got p"ss w\rd&1!"#, "got **********!"),
        (#"got p\"ss w\\rd&1!"#, "got **********!"),
        (#"got p\\\"ss w\\\\rd&1!"#, "got **********!"),
        ("got p%22ss%20w%5Crd%261!", "got **********!"),
        ("GET /?t=refr%2Fesh%3D42", "GET /?t=**********"),
        ("code 90210", "code **********"),
        ("first-one and second-one", "********** and **********"),
        // A key of several lines, one by one.
        ("line MIIEvQIBADANBgkqhkiG9w0B", "line **********"),
        ("the inner-key", "the **********"),
        // What is no secret stays.
        ("db.example.com:5432 as id-123 by OAuth", "db.example.com:5432 as id-123 by OAuth"),
        ("see https://auth.example.com/token, user_id", "see https://auth.example.com/token, user_id"),
        ("abc", "abc"),
    ])
    func valuesOfTheConfigurationAreHidden(_ text: String, _ hidden: String) throws {
        #expect(try mask(Self.configuration).masked(text) == hidden)
    }

    @Test(arguments: [
        "schlüssel/😀", #"schl\u00fcssel/\ud83d\ude00"#, #"schlüssel\/😀"#, #"schl\\u00fcssel/\\ud83d\\ude00"#,
    ])
    func otherWritersOfJSONAreKnown(_ form: String) throws {
        let mask = try mask(#"{"password": "schlüssel/😀"}"#)
        #expect(mask.masked("got \(form)!") == "got **********!")
    }

    @Test func longerSecretsGoFirst() throws {
        let mask = try mask(#"{"a_secret": "hunter", "b_secret": "hunter22"}"#)
        #expect(mask.masked("hunter22 hunter") == "********** **********")
    }

    // MARK: By name

    @Test(arguments: [
        (#"{"password": "x", "user": "u"}"#, #"{"password": "**********", "user": "u"}"#),
        (#"{"db_password":"a\"b","n":1}"#, #"{"db_password":"**********","n":1}"#),
        (#"{"apiKey" : "x"}"#, #"{"apiKey" : "**********"}"#),
        (#"{"client-secret":12345,"n":1}"#, #"{"client-secret":**********,"n":1}"#),
        (#"{'access_token': 'x', 'n': 1}"#, #"{'access_token': '**********', 'n': 1}"#),
        (#"{"message":"{\"token\":\"x\",\"n\":1}"}"#, #"{"message":"{\"token\":\"**********\",\"n\":1}"}"#),
        (#"\\\"password\\\": \\\"x\\\", y"#, #"\\\"password\\\": \\\"**********\\\", y"#),
        ("password=x&user=u", "password=**********&user=u"),
        ("Authorization: Bearer x.y.z", "Authorization: Bearer **********"),
        (#""Authorization": "Basic eDp5""#, #""Authorization": "**********""#),
        ("api_key: x", "api_key: **********"),
        (#"{"password": "never ends"#, #"{"password": "**********"#),
        // Names that only speak about a secret, and values that are none.
        (
            #"{"token_url": "https://x", "primary_key": "id", "key": "k"}"#,
            #"{"token_url": "https://x", "primary_key": "id", "key": "k"}"#
        ),
        (#"{"credentials": {"user": "u"}}"#, #"{"credentials": {"user": "u"}}"#),
        ("password:", "password:"),
        ("=:=:", "=:=:"),
        ("plain words", "plain words"),
        ("", ""),
    ])
    func valuesOfSecretMembersAreHidden(_ text: String, _ hidden: String) {
        #expect(SecretMask().masked(text) == hidden)
    }

    @Test func lineFullOfSecretsIsHiddenInOneGo() throws {
        let mask = try mask(#"{"password": "hunter22"}"#)
        let text = String(repeating: "hunter22 token=x,", count: 50_000)
        #expect(mask.masked(text) == String(repeating: "********** token=**********,", count: 50_000))
    }

    // MARK: In outputs and reports

    @Test func messagesOfAnOutputAreHiddenAndItsSpecIsNot() throws {
        let mask = try mask(#"{"password": "hunter22"}"#)
        let spec = Specification.held(
            try json(#"{"connectionSpecification":{"password":"hunter22"}}"#.utf8)
        )
        let output = JobOutput(
            operation: .check,
            checkConnection: ConnectionStatus(status: .failed, message: "hunter22 is wrong"),
            spec: spec,
            failureReason: FailureReason(
                failureOrigin: .source,
                failureType: .configError,
                internalMessage: "with hunter22",
                externalMessage: "hunter22",
                stacktrace: "at login(hunter22)"
            )
        )
        let masked = mask.masked(output)
        #expect(masked.checkConnection?.message == "********** is wrong")
        #expect(masked.failureReason?.internalMessage == "with **********")
        #expect(masked.failureReason?.externalMessage == "**********")
        #expect(masked.failureReason?.stacktrace == "at login(**********)")
        #expect(masked.spec == spec)
        let report = mask.masked(Report.failure(source: .source, reason: "hunter22"))
        #expect(report == .failure(source: .source, reason: "**********"))
    }
}
