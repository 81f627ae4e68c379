import AirbyteProtocol
import Testing

@Suite struct LineDiagnosisTests {
    @Test(
        arguments: [
            ("", "the line is blank", nil),
            ("  hello", "it does not begin with {", 2),
            (#"{"type":"LOG","#, "a value, key, comma, colon or bracket is missing or out of place", nil),
            (
                #" {"type":"LOG" "log":{}}"#,
                "a value, key, comma, colon or bracket is missing or out of place", 15
            ),
            (#"{"type":"YELL"}"#, nil, 8),
            (
                #"{"type":"LOG","log":{"level":"LOUD","message":"x"}}"#,
                #"/log/level is "LOUD", not one of FATAL, ERROR, WARN, INFO, DEBUG, TRACE"#, 29
            ),
            (
                #"{"type":"CATALOG","catalog":{"streams":{}}}"#, "/catalog/streams is an object, not a list",
                39
            ),
            (
                #"{"type":"CATALOG","catalog":{"streams":[{},{"name":[]}]}}"#,
                "/catalog/streams/1/name is a list, not a string", 51
            ),
        ] as [(String, String?, Int?)]
    )
    func saysWhyAndWhere(_ line: String, _ problem: String?, _ offset: Int?) throws {
        let diagnosis = try #require(LineDiagnosis(of: Array(line.utf8)))
        if let problem { #expect(diagnosis.problem == problem) }
        if let offset { #expect(diagnosis.offset == offset) }
    }

    @Test func messagesAndIncompleteOnesHaveNone() {
        #expect(LineDiagnosis(of: Array(#"{"type":"STATE","state":{}}"#.utf8)) == nil)
        #expect(LineDiagnosis(of: Array(#"{"type":"CATALOG","catalog":{}}"#.utf8)) == nil)
    }

    @Test func noByteIsNamedWhereUTF8IsBroken() throws {
        let line = Array(#"{"type":""#.utf8) + [0xFF] + Array(#""}"#.utf8)
        let diagnosis = try #require(LineDiagnosis(of: line))
        #expect(diagnosis.offset == nil)
        #expect(diagnosis.problem.contains("its UTF-8 is broken"))
    }
}
