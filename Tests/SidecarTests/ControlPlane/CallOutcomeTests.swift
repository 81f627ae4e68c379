import CurlTransport
import Testing

@testable import Sidecar

@Suite struct CallOutcomeTests {
    private func outcome(
        _ status: Int,
        _ body: String = "",
        headers: [HTTPHeader] = [],
        quotingBody: Bool = true
    ) -> CallOutcome {
        CallOutcome(
            .success(HTTPResponse(status: status, headers: headers, body: Array(body.utf8))),
            call: "PUT http://host/path",
            quotingBody: quotingBody
        )
    }

    @Test(arguments: [200, 201, 202, 204, 299])
    func accepted(_ status: Int) {
        #expect(outcome(status, "body") == .accepted(body: Array("body".utf8)))
        #expect(outcome(status).problem == nil)
    }

    @Test(arguments: [408, 429, 500, 501, 502, 503, 504, 599])
    func unavailable(_ status: Int) {
        #expect(
            outcome(status)
                == .unavailable("PUT http://host/path was answered with \(status)", retryAfter: nil)
        )
    }

    @Test(arguments: [401, 403])
    func unauthorized(_ status: Int) {
        #expect(outcome(status) == .unauthorized("PUT http://host/path was answered with \(status)"))
    }

    @Test(arguments: [
        100, 101, 301, 302, 304, 307, 308, 400, 402, 405, 406, 409, 411, 413, 415, 418, 422, 451, 499,
    ])
    func refused(_ status: Int) {
        #expect(outcome(status) == .refused("PUT http://host/path was answered with \(status)"))
    }

    @Test func goneAndNotFound() {
        #expect(outcome(410, "whatever") == .gone)
        #expect(outcome(404, "x") == .notFound("PUT http://host/path was answered with 404: x"))
        #expect(CallOutcome.gone.problem?.contains("410") == true)
    }

    @Test(arguments: [
        ("Retry-After", "7", Duration.seconds(7) as Duration?), ("retry-after", "0", .zero),
        ("Retry-After", "x", nil),
    ])
    func retryAfter(_ name: String, _ value: String, _ delay: Duration?) {
        guard case .unavailable(_, let asked) = outcome(503, headers: [HTTPHeader(name, value)]) else {
            Issue.record("503 is worth another try")
            return
        }
        #expect(asked == delay)
    }

    @Test(arguments: [
        HTTPTransportError.Kind.nameResolution, .connect, .timeout, .tls, .interrupted, .protocolViolation,
    ])
    func transportErrorsAreWorthAnotherTry(_ kind: HTTPTransportError.Kind) {
        let error = HTTPTransportError(kind: kind, message: "host:1: no luck")
        #expect(
            CallOutcome(.failure(error), call: "PUT http://host:1/path")
                == .unavailable("PUT http://host:1/path failed: host:1: no luck", retryAfter: nil)
        )
    }

    @Test(arguments: [HTTPTransportError.Kind.invalidRequest, .bodyUnavailable])
    func requestThatCannotBeSentIsNot(_ kind: HTTPTransportError.Kind) {
        let error = HTTPTransportError(kind: kind, message: "bad URL")
        #expect(CallOutcome(.failure(error), call: "PUT x") == .refused("PUT x cannot be sent: bad URL"))
    }

    // MARK: Quoting

    @Test func bodiesAreQuotedOnOneLine() {
        let problem = outcome(400, "  first\r\nsecond\u{1B}[31m red\u{0}  ").problem
        #expect(
            problem == #"PUT http://host/path was answered with 400: first\r\nsecond\u{1b}[31m red\u{0}"#
        )
    }

    @Test(arguments: [("", ""), (" \n ", ""), ("x", ": x")])
    func nothingIsQuotedOfNothing(_ body: String, _ quote: String) {
        #expect(outcome(400, body).problem == "PUT http://host/path was answered with 400\(quote)")
    }

    @Test func quotesAreBounded() throws {
        let exact = try #require(outcome(400, text(ofLength: 300)).problem)
        #expect(exact.hasSuffix(": " + text(ofLength: 300)))
        let cut = try #require(outcome(400, text(ofLength: 301)).problem)
        #expect(cut.hasSuffix(": " + text(ofLength: 300) + " …"))
        let huge = try #require(outcome(500, text(ofLength: 5_000_000)).problem)
        #expect(huge.utf8.count < 400)
    }

    @Test func cutWithinACharacterIsHarmless() throws {
        let problem = try #require(outcome(400, text(ofLength: 299) + "€uro").problem)
        #expect(problem.hasSuffix("x\u{FFFD} …"))
    }

    @Test func secretBodiesAreNotQuoted() {
        for status in [400, 401, 404, 500] {
            #expect(outcome(status, "hunter2", quotingBody: false).problem?.contains("hunter2") == false)
        }
    }
}
