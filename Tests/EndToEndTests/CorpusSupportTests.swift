import Testing

/// The corpus' own tools: a comparison that lets everything pass would prove nothing.
@Suite struct CorpusSupportTests {
    private func differences(_ expected: String, _ found: String, output: String = "") throws -> Int {
        var expectation = Expectation(output: Array(output.utf8), catalogID: "id-1")
        expectation.compare(try ExactJSON(parsing: expected), try ExactJSON(parsing: found), at: "")
        return expectation.differences.count
    }

    @Test(arguments: [
        (#"{"a":1,"b":[true,null]}"#, #"{"b":[true,null],"a":1}"#),
        (#""begin…middle…end""#, #""begin, a middle, the end""#),
        (#"{"a":1,"…":"…"}"#, #"{"a":1,"b":2}"#),
        (#"{"(repeat)":"ab","times":3}"#, #""ababab""#),
        (#"{"start":"x","(repeat)":"a","times":2,"then":"…","at most":5}"#, #""xaa!""#),
        (#""(the catalog's id)""#, #""id-1""#),
        (#"{"s":{"(line 2)":"/spec/a/1"}}"#, #"{"s":{"deep":1.50}}"#),
        (#""\u00e9""#, #""é""#),
    ])
    func equalIsEqual(_ expected: String, _ found: String) throws {
        let output = "noise\n" + #"{"spec":{"a":[0,{"deep":1.50}]}} rest"#
        #expect(try differences(expected, found, output: output) == 0)
    }

    @Test(arguments: [
        ("1.0", "1"), ("1e2", "100"), ("0.1234567890123456789012345678901234567890", "0.12345678901234568"),
        (#""\u00e9""#, #""e\u0301""#), ("[1,2]", "[2,1]"), ("[1]", "[1,1]"), (#"{"a":1}"#, #"{"a":1,"b":2}"#),
        (#"{"a":1,"b":null}"#, #"{"a":1}"#), (#""begin…""#, #""the begin""#), (#""…end""#, #""end.""#),
        (#""a…b…b""#, #""ab""#), (#"{"(repeat)":"a","times":3}"#, #""aa""#),
        (#"{"a":1,"…":"…"}"#, #"{"b":2}"#),
        (#"{"(repeat)":"a","times":2,"then":"…","at most":3}"#, #""aaaa""#),
        (#""(the catalog's id)""#, #""id-2""#),
        (#"{"(line 2)":"/spec/a"}"#, "1"), (#"{"(line 9)":"/spec/a"}"#, "null"), ("null", "false"),
    ])
    func differentIsDifferent(_ expected: String, _ found: String) throws {
        #expect(try differences(expected, found, output: "noise\n" + #"{"spec":{"a":2}}"#) > 0)
    }

    @Test(arguments: [
        "", "01", "1.", ".5", "+1", "nul", "[1,]", #"{"a":1,}"#, #"{"a"}"#, "\"a", #""\ud800""#, #""\x""#,
        "1 2",
        "\"a\tb\"", "{'a':1}",
    ])
    func whatIsNoJSONIsRefused(_ text: String) {
        #expect(throws: ExactJSONError.self) { try ExactJSON(parsing: text) }
    }
}
