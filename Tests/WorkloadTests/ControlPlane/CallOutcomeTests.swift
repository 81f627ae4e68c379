import HTTP
import TestSupport
import Testing

@testable import Workload

@Suite struct CallOutcomeTests {
    private func outcome(
        _ status: Int,
        _ body: String = "",
        headers: [HTTPHeader] = [],
        expecting expected: ExpectedAnswer = .noContent,
        quotingBody: Bool = true
    ) -> CallOutcome {
        CallOutcome(
            .success(HTTPResponse(status: status, headers: headers, body: Array(body.utf8))),
            call: "PUT http://host/path",
            expecting: expected,
            quotingBody: quotingBody
        )
    }

    // MARK: The service's own successes, and a gateway's

    private static let json = [HTTPHeader("Content-Type", "application/json; charset=utf-8")]
    private static let html = [HTTPHeader("Content-Type", "text/html")]

    private typealias Answer = (status: Int, headers: [HTTPHeader], body: String)

    @Test func noContentIsTheSuccessOfCallsThatGiveNothing() {
        #expect(outcome(204) == .accepted(body: []))
        #expect(outcome(204, expecting: .noContentOrOK) == .accepted(body: []))
        #expect(outcome(204).problem == nil)
    }

    @Test func documentIsTheSuccessOfCallsThatGiveOne() {
        let answers: [Answer] = [
            (200, Self.json, "{}"), (201, Self.json, "{}"), (200, [], "{}"), (200, [], " [1] "),
            (200, [HTTPHeader("content-type", "application/problem+json")], "{}"),
        ]
        for (status, headers, body) in answers {
            let outcome = outcome(status, body, headers: headers, expecting: .document)
            #expect(outcome == .accepted(body: Array(body.utf8)), "\(status) \(body)")
        }
    }

    @Test func workloadAPIMayAnswerOKForNoContent() {
        for (headers, body) in [([], ""), (Self.json, "{}"), ([], "{}"), (Self.html, "")] {
            let outcome = outcome(200, body, headers: headers, expecting: .noContentOrOK)
            #expect((outcome == .accepted(body: Array(body.utf8))) == (headers != Self.html), "\(headers)")
        }
    }

    /// A sign-in page, a portal, a health check of a load balancer: the service has not been reached.
    @Test(arguments: [ExpectedAnswer.noContent, .noContentOrOK, .document])
    func successOfAGatewayIsNone(_ expected: ExpectedAnswer) {
        let page = "<!DOCTYPE html>\r\n<html><head><title>Sign in</title></head></html>\r\n"
        let answers: [Answer] = [
            (200, Self.html, page), (200, [], page), (200, Self.json, page), (200, Self.html, "{}"),
            (200, [HTTPHeader("Content-Type", "text/plain")], "OK"), (200, [], "OK"), (202, [], ""),
            (203, Self.json, "{}"), (205, [], ""), (206, Self.json, "{}"), (299, [], ""),
        ]
        for (status, headers, body) in answers {
            let outcome = outcome(status, body, headers: headers, expecting: expected)
            guard case .unavailable(let problem, _) = outcome else {
                Issue.record("\(status) \(body): \(outcome)")
                continue
            }
            #expect(problem.hasPrefix("PUT http://host/path was answered with \(status)"))
            #expect(problem.contains("; this is a gateway's answer: the service itself answers with "))
            #expect(!problem.contains("<") && !problem.contains("\\r"))
            #expect(body != page || problem.contains("\(status): Sign in;"))
        }
    }

    @Test(arguments: [(200, ""), (200, "{}"), (201, "{}")])
    func serverAPIMayNotAnswerOKForNoContent(_ status: Int, _ body: String) {
        guard case .unavailable = outcome(status, body, headers: Self.json) else {
            Issue.record("the API's document says 204")
            return
        }
    }

    @Test(arguments: [(204, ""), (200, ""), (200, "{"), (201, "")])
    func noDocumentIsNoSuccessOfCallsThatGiveOne(_ status: Int, _ body: String) {
        guard case .unavailable = outcome(status, body, headers: Self.json, expecting: .document) else {
            Issue.record("the API's document says 200 and JSON")
            return
        }
    }

    @Test func gatewayMaySayWhenToComeBack() {
        let outcome = outcome(200, "busy", headers: [HTTPHeader("Retry-After", "7")])
        guard case .unavailable(_, .seconds(7)) = outcome else {
            Issue.record("\(outcome)")
            return
        }
    }

    // MARK: Other answers

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
        100, 101, 301, 302, 304, 307, 308, 400, 402, 405, 406, 409, 411, 415, 418, 422, 451, 499,
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
            CallOutcome(.failure(error), call: "PUT http://host:1/path", expecting: .noContent)
                == .unavailable("PUT http://host:1/path failed: host:1: no luck", retryAfter: nil)
        )
    }

    /// A gateway that does not wait for a long body.
    @Test(arguments: [true, false])
    func answerThatCameTooEarlyIsQuoted(_ quotingBody: Bool) {
        let answer = HTTPResponse(status: 200, headers: Self.html, body: Array("<title>Sign in</title>".utf8))
        let error = HTTPTransportError(kind: .interrupted, message: "host:1: too early", answer: answer)
        let outcome = CallOutcome(
            .failure(error),
            call: "PUT x",
            expecting: .noContent,
            quotingBody: quotingBody
        )
        let words = quotingBody ? ": Sign in" : ""
        #expect(outcome == .unavailable("PUT x failed: host:1: too early\(words)", retryAfter: nil))
    }

    @Test(arguments: [HTTPTransportError.Kind.invalidRequest, .bodyUnavailable])
    func requestThatCannotBeSentIsNot(_ kind: HTTPTransportError.Kind) {
        let error = HTTPTransportError(kind: kind, message: "bad URL")
        let outcome = CallOutcome(.failure(error), call: "PUT x", expecting: .noContent)
        #expect(outcome == .refused("PUT x cannot be sent: bad URL"))
    }

    @Test(arguments: [407, 413])
    func refusalsOfGatewaysAreFinal(_ status: Int) {
        guard case .refused(let problem) = outcome(status) else {
            Issue.record("\(status) is final")
            return
        }
        #expect(problem.hasPrefix("PUT http://host/path was answered with \(status); "))
    }

    @Test func secretBodiesAreNotQuoted() {
        for status in [200, 400, 401, 404, 500] {
            #expect(outcome(status, "hunter2", quotingBody: false).problem?.contains("hunter2") == false)
        }
    }
}
