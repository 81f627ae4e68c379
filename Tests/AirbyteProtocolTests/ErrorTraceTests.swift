import TestSupport
import Testing

@testable import AirbyteProtocol

/// Error traces are never lost over what stands beside their message.
@Suite struct ErrorTraceTests {
    private func trace(_ line: String) -> ErrorTrace? {
        guard case .message(.errorTrace(let trace)) = MessageDecoder().decode(Array(line.utf8)) else {
            return nil
        }
        return trace
    }

    private func line(_ members: String, error: String = #"{"message":"m"}"#) -> String {
        #"{"type":"TRACE","trace":{"type":"ERROR",\#(members)"error":\#(error)}}"#
    }

    // MARK: Valid JSON

    @Test(arguments: [
        #""emitted_at":"soon","#, #""emitted_at":"****795","#, #""emitted_at":{},"#, #""emitted_at":true,"#,
        #""estimate":{"type":"NONE"},"#, #""stream_status":5,"#, #""analytics":[],"#,
    ])
    func passesOverBrokenMembers(_ members: String) {
        #expect(trace(line(members)) == ErrorTrace(message: "m", emittedAt: nil))
    }

    @Test(arguments: [
        (#"{"message":"m","stack_trace":[1]}"#, ErrorTrace(message: "m", emittedAt: 5)),
        (#"{"message":"m","failure_type":"user_error"}"#, ErrorTrace(message: "m", emittedAt: 5)),
        // A type that the platform has and the protocol has not.
        (#"{"message":"m","failure_type":"refresh_schema"}"#, ErrorTrace(message: "m", emittedAt: 5)),
        (#"{"message":"m","failure_type":7}"#, ErrorTrace(message: "m", emittedAt: 5)),
        (#"{"message":"m","stream_descriptor":"users"}"#, ErrorTrace(message: "m", emittedAt: 5)),
        (
            #"{"message":"m","stream_descriptor":{"name":["users"],"namespace":1}}"#,
            ErrorTrace(
                message: "m",
                streamDescriptor: StreamDescriptor(name: nil, namespace: "1"),
                emittedAt: 5
            )
        ),
        (#"{"message":{},"internal_message":"i"}"#, ErrorTrace(internalMessage: "i", emittedAt: 5)),
        (
            #"{"message":404,"internal_message":true}"#,
            ErrorTrace(message: "404", internalMessage: "true", emittedAt: 5)
        ),
        (#""boom""#, ErrorTrace(emittedAt: 5, hasError: false)),
        ("[]", ErrorTrace(emittedAt: 5, hasError: false)),
    ])
    func readsWhatItCan(_ error: String, _ expected: ErrorTrace) {
        #expect(trace(line(#""emitted_at":5,"#, error: error)) == expected)
    }

    @Test(arguments: [
        #""log":"hello","#, #""catalog":{"streams":[7]},"#, #""connectionStatus":{"status":"OK"},"#,
    ])
    func passesOverBrokenPayloadsOfOtherTypes(_ member: String) {
        let line =
            #"{\#(member)"type":"TRACE","trace":{"emitted_at":"x","error":{"message":"m"},"type":"ERROR"}}"#
        #expect(trace(line) == ErrorTrace(message: "m", emittedAt: nil))
    }

    @Test func readsTimesInText() {
        #expect(trace(line(#""emitted_at":" 1700000000000.9 ","#))?.emittedAt == 1_700_000_000_000)
    }

    @Test(arguments: [
        #"{"type":"TRACE","trace":{"type":"ESTIMATE","emitted_at":"soon","error":{"message":"m"}}}"#,
        #"{"type":"TRACE","trace":{"type":"OTHER","emitted_at":1,"error":{"message":"m"}}}"#,
        #"{"type":"TRACE","trace":{"type":7,"emitted_at":"x","error":{"message":"m"}}}"#,
        #"{"type":"LOG","log":5,"trace":{"type":"ERROR","emitted_at":1,"error":{"message":"m"}}}"#,
        #"{"type":"TRACE","trace":["ERROR"]}"#,
    ])
    func otherLinesStayNone(_ line: String) {
        guard case .notAMessage = MessageDecoder().decode(Array(line.utf8)) else {
            Issue.record("\(line)")
            return
        }
    }

    // MARK: What is no JSON any more

    /// As airbyte-cdk 7.39.1 writes it where a secret is `1`.
    @Test func readsTracesThatTheCDKHasBroken() {
        let line =
            #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":****795829486345,"error":{"message":"Something went wrong","#
            + #""internal_message":"cannot log in with \"****\"\n\u00e**** \u00e9 \q","stack_trace":"File \"main.py\", line 29****","#
            + #""failure_type":"config_error"}}}"#
        let expected = ErrorTrace(
            message: "Something went wrong",
            internalMessage: "cannot log in with \"****\"\n\\u00e**** é \\q",
            stackTrace: #"File "main.py", line 29****"#,
            failureType: .configError,
            emittedAt: nil
        )
        #expect(trace(line) == expected)
        #expect(
            trace(" \0\t" + line.replacing(#""TRACE","trace""#, with: #""TRACE" , "trace" "#)) == expected
        )
    }

    @Test(arguments: [
        // A number is taken where it is whole.
        (#""type":"ERROR","emitted_at":17,"error":{"message":"m"#, nil),
        (#""type":"ERROR","emitted_at":17,"error":{"message":"m""#, ErrorTrace(message: "m", emittedAt: 17)),
        (
            #""type":"ERROR","emitted_at":17****,"error":{"message":"m""#,
            ErrorTrace(message: "m", emittedAt: nil)
        ),
        (
            #""emitted_at":****,"type":"ERROR","error":{"message":"m"}}}"#,
            ErrorTrace(message: "m", emittedAt: nil)
        ),
        (
            #""emitted_at":****,"error":{"message":"m"},"type":"ERROR"}}"#,
            ErrorTrace(message: "m", emittedAt: nil)
        ),
        // What is cut off could end within a secret.
        (
            #""type":"ERROR","emitted_at":17,"error":{"message":"m","internal_message":"i","stack_trace":"cut"#,
            ErrorTrace(message: "m", internalMessage: "i", emittedAt: 17)
        ),
        (
            #""type":"ERROR","error":{"m****ssage":"m","internal_message":"i"****}"#,
            ErrorTrace(internalMessage: "i", emittedAt: nil)
        ),
        // A text that looks like a member is none.
        (
            #""type":"ERROR","error":{"message":"\"internal_message\":\"x\"","stack_trace":"\"failure_type\":\"config_error\""****}"#,
            ErrorTrace(
                message: #""internal_message":"x""#,
                stackTrace: #""failure_type":"config_error""#,
                emittedAt: nil
            )
        ),
        (#""message":"outside","type":"ERROR","emitted_at":****,"error":{}}}"#, nil),
        (#""type":"ERROR","emitted_at":****,"error":{"message":"","stack_trace":"s"}}}"#, nil),
        (#""type":"ESTIMATE","emitted_at":****,"error":{"message":"m"}}}"#, nil),
        (#""type":"ERR****R","emitted_at":****,"error":{"message":"m"}}}"#, nil),
        (#""emitted_at":****,"error":{"message":"m"}}}"#, nil),
    ])
    func readsBrokenTracesAsFarAsTheyGo(_ members: String, _ expected: ErrorTrace?) {
        #expect(trace(#"{"type":"TRACE","trace":{"# + members) == expected)
    }

    @Test(arguments: [
        #"x {"type":"TRACE","trace":{"type":"ERROR","emitted_at":****,"error":{"message":"m"}}}"#,
        #"{"type":"LOG","trace":{"type":"ERROR","emitted_at":****,"error":{"message":"m"}}}"#,
        #"{"log":****,"type":"TRACE","trace":{"type":"ERROR","error":{"message":"m"}}}"#,
        #"{"type":"TRACE","trace":["type":"ERROR","error":{"message":"m"}]}"#,
    ])
    func readsNothingButWhatBeginsAsATrace(_ line: String) {
        #expect(trace(line) == nil)
    }

    /// Secrets are looked for in whole texts, so nothing is taken that goes beyond what is looked at.
    @Test func looksAtABoundedPart() {
        let start =
            #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":****,"error":{"message":"m","stack_trace":""#
        let long =
            start + String(repeating: "s", count: BrokenTrace.maxLength) + #"","internal_message":"i"}}}"#
        #expect(trace(long) == ErrorTrace(message: "m", emittedAt: nil))
    }

    @Test func takesTheFirstOfTwoForOneFailure() {
        var reader = TranscriptReader(digestSeed: 1)
        let broken =
            #"{"type":"TRACE","trace":{"type":"ERROR","emitted_at":****,"error":{"message":"broken"}}}"#
        _ = reader.read(Array("\(broken)\n\(line("", error: #"{"message":"second"}"#))\n".utf8))
        #expect(reader.transcript.errorTrace?.message == "broken")
        // It counts as a message, and is not logged as a line that is none.
        #expect(reader.transcript.nonAirbyteMessageLogLine == 0)
    }
}
