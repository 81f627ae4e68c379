import AirbyteProtocol
import HTTP
import ProtocolTestSupport
import Scheduling
import TestSupport
import Testing

@testable import Workload

/// Calls to a receiver that takes no body without a length (411, RFC 9110, section 15.5.12).
@Suite struct LengthRequiredTests {
    private let transport = FakeTransport()
    private let scheduler = FakeScheduler()
    private let log = CapturedLog()
    private let output = LongOutput.spec()
    private let answers = Answers()

    private final class Answers {
        var outcomes: [CallOutcome] = []
    }

    private func perform(_ variables: [String: String] = [:], _ document: OutputDocument? = nil) throws {
        let server = ["INTERNAL_API_HOST": "http://server:8001"]
        let client = controlPlaneClient(server.merging(variables) { $1 }, transport, scheduler, log.logger)
        let call = PlatformCall.writeOutput(document ?? output.jobOutput, workloadID: "w-1")
        client.perform(call, CallBody(call.body, source: output.source)) { answers.outcomes.append($0) }
    }

    /// What was sent, with the length where one was told.
    private var lengths: [Int64?] { transport.requests.map { $0.body?.count } }

    /// Why the call was refused for good; nil where it was not.
    private var refusal: String? {
        guard case .refused(let problem)? = answers.outcomes.first else { return nil }
        return problem
    }

    private var length: Int64 {
        get throws { Int64(try output.text(of: output.request).count) }
    }

    @Test func lengthIsCountedAndTheCallRepeatedAtOnce() throws {
        try perform()
        transport.answer(411)
        #expect(lengths == [nil, try length])
        #expect(answers.outcomes.isEmpty && scheduler.delays.isEmpty)
        transport.answer(204)
        #expect(answers.outcomes == [.accepted(body: [])])
        #expect(log.text.isEmpty, "nothing went wrong")
    }

    @Test func lengthIsToldWithEachTryFromThenOn() throws {
        try perform()
        transport.answer(411)
        for _ in 0..<2 {
            transport.answer(503)
            scheduler.advanceToNext()
        }
        transport.answer(204)
        #expect(lengths == [nil, try length, try length, try length])
        #expect(answers.outcomes == [.accepted(body: [])])
    }

    /// Proxies break chunked bodies off that they would refuse with 413 if they knew the length.
    @Test(arguments: [HTTPTransportError.Kind.interrupted, .timeout, .protocolViolation])
    func lengthIsToldAfterTheBodyWasBrokenOff(_ kind: HTTPTransportError.Kind) throws {
        try perform()
        transport.fail(kind)
        #expect(lengths == [nil])
        scheduler.advanceToNext()
        #expect(lengths == [nil, try length])
        transport.answer(413)
        #expect(lengths.count == 2 && scheduler.delays.isEmpty)
        #expect(
            refusal?.hasSuffix(
                "was answered with 413; a gateway or proxy limits the size of request bodies"
            ) == true
        )
    }

    /// Nobody has seen the body.
    @Test(arguments: [HTTPTransportError.Kind.nameResolution, .connect, .tls])
    func lengthIsNotToldWhereNobodyWasReached(_ kind: HTTPTransportError.Kind) throws {
        try perform()
        transport.fail(kind)
        scheduler.advanceToNext()
        transport.answer(503)
        scheduler.advanceToNext()
        #expect(lengths == [nil, nil, nil])
    }

    @Test func changedOutputIsNotSentAgainAfterItWasBrokenOff() throws {
        try perform()
        transport.fail(.interrupted)
        output.spoil()
        while answers.outcomes.isEmpty, scheduler.advanceToNext() != nil {}
        #expect(transport.requests.count == 1)
        #expect(refusal?.contains("was changed") == true)
    }

    @Test func whoeverIsToldTheLengthAndStillWantsItIsNotAskedAgain() throws {
        try perform()
        transport.answer(411)
        transport.answer(411, "no")
        #expect(transport.unanswered == 0 && scheduler.delays.isEmpty)
        #expect(refusal?.hasSuffix("was answered with 411: no") == true)
    }

    @Test func heldBodyIsNotSentAgain() throws {
        try perform([:], OutputDocument([0x7B, 0x7D]))
        transport.answer(411)
        #expect(transport.unanswered == 0)
        #expect(answers.outcomes.count == 1)
    }

    @Test func changedOutputIsNotSentAgain() throws {
        try perform()
        output.spoil()
        transport.answer(411)
        #expect(transport.requests.count == 1)
        #expect(answers.outcomes.isEmpty, "never from within the call")
        scheduler.advance(by: .zero)
        #expect(
            refusal?.hasPrefix(
                "/api/v1/workload_output/write cannot be called: the connector's output was changed"
            ) == true
        )
    }

    /// A proxy that wants a length says so before anybody has looked at the token.
    @Test func staleTokenIsReplacedAfterwardsToo() throws {
        try perform([
            "CONTROL_PLANE_TOKEN_ENDPOINT": "http://server:8001/token", "DATAPLANE_CLIENT_ID": "client-1",
            "DATAPLANE_CLIENT_SECRET": "hunter2",
        ])
        transport.answer(200, #"{"access_token":"t-1"}"#)
        transport.answer(411)
        transport.answer(401)
        #expect(answers.outcomes.isEmpty)
        transport.answer(200, #"{"access_token":"t-2"}"#)
        transport.answer(204)
        #expect(answers.outcomes == [.accepted(body: [])])
        let tokens = transport.requests.map { $0.header("Authorization") }
        #expect(tokens == [nil, "Bearer t-1", "Bearer t-1", nil, "Bearer t-2"])
        #expect(lengths.last == (try length))
    }
}
