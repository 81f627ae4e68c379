import AirbyteProtocol
import Crypto
import ProtocolTestSupport
import TestSupport
import Testing
import WorkloadTestSupport

@testable import Workload

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

    /// The forms in which programs write `p/w <d>&'é`, and a header that has it in Base64 behind a user's name.
    @Test(arguments: [
        "p/w%20%3Cd%3E%26%27%C3%A9", "p%2fw%20%3cd%3e%26%27%c3%a9", "p%2Fw+%3Cd%3E%26%27%C3%A9",
        "p%2Fw%20%3Cd%3E%26'%C3%A9", "cC93IDxkPiYnw6k=", "cC93IDxkPiYnw6k", "p/w &lt;d&gt;&amp;&#x27;é",
        #"p/w <d>&'\xc3\xa9"#, #"p/w <d>&\'é"#,
        // JavaScript's encodeURI, a path's segment, PHP's urlencode.
        "p/w%20%3Cd%3E&'%C3%A9", "p%2Fw%20%3Cd%3E&'%C3%A9", "p%2Fw+%3Cd%3E%26%27%C3%A9",
        // JSON of Go, of Gson, of .NET, with slashes escaped and ASCII only, and JSON in JSON.
        #"p/w \u003cd\u003e\u0026'é"#, #"p/w \u003cd\u003e\u0026\u0027é"#,
        #"p/w \u003Cd\u003E\u0026\u0027\u00E9"#, #"p\/w <d>&'\u00e9"#, #"p/w \\u003cd\\u003e\\u0026'é"#,
        // HTML of Go and of Django, XML.
        "p/w &lt;d&gt;&amp;&#39;é", "p/w &lt;d&gt;&amp;&apos;é", "p/w &lt;d&gt;&amp;'é",
    ])
    func encodedFormsAreHidden(_ form: String) throws {
        let mask = try mask(#"{"password": "p/w <d>&'é"}"#)
        #expect(mask.masked("got \(form)!") == "got **********!")
    }

    @Test func secretWithinABase64TextIsHidden() throws {
        let mask = try mask(#"{"password": "hunter22-hunter22"}"#)
        for user in ["u", "me", "you"] {
            let text = Base64.encode(Array("\(user):hunter22-hunter22".utf8))
            let masked = mask.masked("sent \(text)")
            #expect(masked.contains("**********"))
            #expect(
                !masked.contains("aHVudGVy") && !masked.contains("odW50ZX") && !masked.contains("h1bnRlc")
            )
        }
    }

    @Test func severalLinesAsPythonQuotesThemAreHidden() throws {
        let mask = try mask(#"{"private_key": "top secret\nsecond 'line'\n"}"#)
        #expect(
            mask.masked(#"got {'private': "top secret\nsecond 'line'\n"}"#).contains("top secret") == false
        )
    }

    @Test func ownCredentialsAreHidden() {
        let mask = SecretMask(configurations: [], credentials: ["client-secret-1", ""])
        #expect(mask.masked("401: client-secret-1 is wrong") == "401: ********** is wrong")
    }

    /// Services quote a token's claims or its signature alone.
    @Test func partsOfAWebTokenAreHidden() {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJkYXRhcGxhbmUtNyJ9.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
        let mask = SecretMask(configurations: [], credentials: [token])
        #expect(mask.masked("not \(token)!") == "not **********!")
        #expect(mask.masked("claims eyJzdWIiOiJkYXRhcGxhbmUtNyJ9!") == "claims **********!")
        #expect(mask.masked("signature c2lnbmF0dXJlLW9mLXRoZS10b2tlbg!") == "signature **********!")
    }

    @Test func secretsOfAKeyFileAreHidden() {
        let key = #"-----BEGIN\nabcdefghijklmnopqrst\n-----END"#
        let file = #"{"type": "service_account", "private_key": "\#(key)"}"#
        let mask = SecretMask(configurations: [], credentials: [file])
        #expect(mask.masked("line abcdefghijklmnopqrst!") == "line **********!")
        #expect(mask.masked("type service_account!") == "type service_account!")
    }

    /// More than can be looked for: the rest is not known.
    @Test func configurationWithTooManySecretsIsToldApart() throws {
        let values = (0..<20_000).map { #""a rather long secret number \#($0)""# }.joined(separator: ",")
        #expect(try mask(#"{"tokens": [\#(values)]}"#).isIncomplete)
        #expect(try !mask(#"{"tokens": ["one secret"]}"#).isIncomplete)
        #expect(try mask(#"{"tokens": [\#(values)]}"#).shown("any text") == SecretMask.withheld)
        #expect(try mask(#"{"tokens": ["one secret"]}"#).shown("any text") == "any text")
    }

    /// What the connector says could hold one of the secrets that are not known.
    @Test func tooManySecretsKeepTheConnectorsWordsOutOfTheOutcome() throws {
        let values = (0..<20_000).map { #""a rather long secret number \#($0)""# }.joined(separator: ",")
        let leak = "a rather long secret number 19999"
        let control =
            #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"#
            + #""connectorConfig":{"config":{"tokens":[\#(values)]}}}}"#
        let log = #"{"type":"LOG","log":{"level":"FATAL","message":"\#(leak)"}}"#
        let trace =
            #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1,"error":{"message":"\#(leak)","#
            + #""internal_message":"\#(leak)","stack_trace":"\#(leak)"}}}"#
        let status =
            #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":"\#(leak)"}}"#
        for lines in [
            [control, log], [control, log, trace], [control, log, trace, status], [control, leak + status],
        ] {
            var reader = TranscriptReader(digestSeed: 1)
            for line in lines { _ = reader.read(Array((line + "\n").utf8)) }
            let plan = DeliveryPlan(
                ending: .connectorExited(.code(1)),
                transcript: reader.transcript,
                input: try sidecarInput(.check)
            )
            let outputs = plan.preview().map { step in
                if case .storeOutput(let output) = step {
                    String(decoding: output.encoded(), as: UTF8.self)
                } else {
                    ""
                }
            }
            let words = outputs + ["\(plan.report)", plan.summary?.text ?? "", plan.strayError ?? ""]
            #expect(!words.contains { $0.contains("secret number 19999") }, "\(lines.count)")
            #expect(words.contains { $0.contains(SecretMask.withheld) }, "\(lines.count)")
        }
    }

    /// Looking through them would take seconds.
    @Test func configurationWithVeryManyMembersIsToldApart() throws {
        let members = (0..<60_000).map { #""m\#($0)":\#($0)"# }.joined(separator: ",")
        #expect(try mask("{\(members)}").isIncomplete)
        let long = String(repeating: "x", count: SecretCollection.maxConfigurationLength)
        #expect(try mask(#"{"host":"\#(long)"}"#).isIncomplete)
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
        (
            "Authorization: AWS4-HMAC-SHA256 Credential=AK/1/s3, SignedHeaders=host, Signature=ab\nHost: h",
            "Authorization: AWS4-HMAC-SHA256 **********\nHost: h"
        ),
        ("authorization: SharedKey account:a+b/c==\r\n", "authorization: SharedKey **********\r\n"),
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
            #"{"token_url": "https://x", "primary_key": "id"}"#,
            #"{"token_url": "https://x", "primary_key": "id"}"#
        ),
        // Names of the platform's list are ordinary words where no quotes say that they are names.
        (
            #"{"key": "k", "Email": "a@b", "value": 7}, key: k, value=7"#,
            #"{"key": "**********", "Email": "**********", "value": **********}, key: k, value=7"#
        ),
        // Passwords in URLs.
        ("to postgres://u:p@w@db:5432/x?a=b@c", "to postgres://u:**********@db:5432/x?a=b@c"),
        (
            "http://host:80/a@b ftp://u@h, '://x:y@z'",
            "http://host:80/a@b ftp://u@h, '://x:**********@z'"
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
                stacktrace: "at login(hunter22)",
                streamDescriptor: StreamDescriptor(name: "table-hunter22", namespace: "hunter22")
            )
        )
        let masked = mask.masked(output)
        #expect(masked.checkConnection?.message == "********** is wrong")
        #expect(masked.failureReason?.internalMessage == "with **********")
        #expect(masked.failureReason?.externalMessage == "**********")
        #expect(masked.failureReason?.stacktrace == "at login(**********)")
        let stream = StreamDescriptor(name: "table-**********", namespace: "**********")
        #expect(masked.failureReason?.streamDescriptor == stream)
        #expect(masked.spec == spec)
        let report = mask.masked(Report.failure(source: .source, reason: "hunter22"))
        #expect(report == .failure(source: .source, reason: "**********"))
    }
}
