import ProtocolTestSupport
import TestSupport
import Testing

@testable import AirbyteProtocol

/// What a transcript knows where there is no proper result.
@Suite struct MissingResultTests {
    private func transcript(_ lines: String...) -> Transcript {
        var reader = TranscriptReader(digestSeed: 1)
        _ = reader.read(Array(lines.joined(separator: "\n").utf8))
        _ = reader.finish()
        return reader.transcript
    }

    private func log(_ level: LogLevel, _ message: String) -> String {
        #"{"type":"LOG","log":{"level":"\#(level.rawValue)","message":"\#(message)"}}"#
    }

    @Test func keepsTheFirstLineOfTheLastFatalOrErrorMessage() {
        let transcript = transcript(
            log(.error, "first"),
            log(.fatal, #"cannot log in\nTraceback:\n  at x"#),
            log(.warn, "later")
        )
        #expect(transcript.lastFatalOrErrorLine { $0 } == "cannot log in")
        #expect(self.transcript(log(.info, "x"), "ERROR plain").lastFatalOrErrorLine { $0 } == nil)
    }

    @Test func passesOverMessagesWithoutText() {
        let transcript = transcript(
            log(.error, #" \r\n\n  reason \nmore"#),
            log(.error, #"\n \t\n"#),
            log(.fatal, "")
        )
        #expect(transcript.lastFatalOrErrorLine { $0 } == "reason")
    }

    /// A secret of several lines is hidden as a whole: its first line alone is not one that the mask knows.
    @Test func masksBeforeItTakesTheLine() {
        let transcript = transcript(log(.error, #"key is one\ntwo!"#))
        #expect(transcript.lastFatalOrErrorLine { $0.replacing("one\ntwo", with: "***") } == "key is ***!")
    }

    @Test func doesNotKeepEndlessMessages() {
        let endless = String(repeating: "x", count: MessageDecoder.maximumQuotedBytes + 1)
        let transcript = transcript(log(.error, "short"), log(.error, endless))
        #expect(transcript.lastFatalOrErrorLine { $0 } == "short")
    }

    @Test(arguments: [
        (
            #"{"type":"CATALOG","catalog":{"streams":[{"na"#, Operation.discover,
            "a CATALOG was seen in a malformed line"
        ),
        (#"{"type":"CATALOG"#, .discover, "a CATALOG was seen in a malformed line"),
        (
            #"{'type': 'DESTINATION_CATALOG', 'destination_catalog': {}}"#, .discover,
            "a DESTINATION_CATALOG was seen in a malformed line"
        ),
        (
            #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"OK"}}"#, .check,
            "a CONNECTION_STATUS was seen in a malformed line"
        ),
        (#"body: {\"type\":\"SPEC\",\"spec\":{}"#, .spec, "a SPEC was seen in a malformed line"),
        (#"{"type":"CATALOG","catalog":{"streams":null}}"#, .discover, "a CATALOG without streams was seen"),
        (
            #"{"type":"DESTINATION_CATALOG","destination_catalog":{}}"#, .discover,
            "a DESTINATION_CATALOG without operations was seen"
        ),
        (
            #"{"type":"CONNECTION_STATUS","connectionStatus":{}}"#, .check,
            "a CONNECTION_STATUS without status was seen"
        ),
    ])
    func tellsOfResultsThatAreNone(_ line: String, _ operation: Operation, _ flaw: String) {
        #expect(transcript(line).resultFlaw(for: operation)?.description == flaw)
        for other in Operation.allCases where other != operation {
            #expect(transcript(line).resultFlaw(for: other) == nil)
        }
    }

    @Test(arguments: [
        "Reading the CATALOG", #"{"type":"CATALOGUE"}"#, #"CATALOG"}"#, #""MY_CATALOG""#,
        #"{"type":"LOG","log":{}}"#,
        #"{"type":"SPECS""#,
    ])
    func namesNoOtherLines(_ line: String) {
        for operation in Operation.allCases { #expect(transcript(line).resultFlaw(for: operation) == nil) }
    }

    @Test func tellsOfTheLastFlaw() {
        let broken = #"{"type":"CATALOG","#
        let empty = #"{"type":"DESTINATION_CATALOG","destination_catalog":{}}"#
        let catalog = #"{"type":"CATALOG","catalog":{"streams":[]}}"#
        #expect(
            transcript(broken, empty).resultFlaw(for: .discover)?.description.contains("operations") == true
        )
        #expect(transcript(empty, broken, "more").resultFlaw(for: .discover) == .malformedLine(.catalog))
        #expect(transcript(empty, catalog, broken).resultFlaw(for: .discover) == nil)
    }

    @Test func errorTracesLackDetailsWithoutAnyMessage() {
        #expect(ErrorTrace(emittedAt: 1, hasError: false).lacksDetails)
        #expect(ErrorTrace(message: "", internalMessage: nil, stackTrace: "s", emittedAt: 1).lacksDetails)
        #expect(!ErrorTrace(message: "m", emittedAt: nil).lacksDetails)
        #expect(!ErrorTrace(internalMessage: "i", emittedAt: nil).lacksDetails)
    }

    // MARK: - Salvaged messages

    private let status = ConnectionStatus(status: .succeeded)

    @Test func lastSalvagedResultCounts() {
        var transcript = Transcript()
        transcript.consume(.salvaged(.connectionStatus(ConnectionStatus(status: .failed)), textBefore: "1"))
        transcript.consume(.salvaged(.connectionStatus(status), textBefore: "2"))
        let expected = SalvagedResult(result: .connectionStatus(status), textBefore: "2")
        #expect(transcript.result(for: .check) == nil)
        #expect(transcript.salvagedResult(for: .check) == expected)
        #expect(transcript.salvagedResult(for: .spec) == nil)
        transcript.consume(.message(.connectionStatus(ConnectionStatus(status: .failed, message: "proper"))))
        #expect(transcript.salvagedResult(for: .check) == nil)
    }

    @Test func salvagedErrorTraceGivesWayToAProperOne() {
        var transcript = Transcript()
        transcript.consume(
            .salvaged(.errorTrace(ErrorTrace(message: "behind", emittedAt: 1)), textBefore: "x")
        )
        #expect(transcript.errorTrace?.message == "behind")
        transcript.consume(.message(.errorTrace(ErrorTrace(message: "proper", emittedAt: 2))))
        #expect(transcript.errorTrace?.message == "proper")
    }
}
