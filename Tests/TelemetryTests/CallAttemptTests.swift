import HTTP
import Testing

@testable import Telemetry

@Suite struct CallAttemptTests {
    private static let running = "http://api:8007/api/v1/workload/running"

    private func attempt(
        _ call: RequestPurpose.Call? = .running,
        number: Int = 1,
        maxRetries: Int = 2,
        url: String = running
    ) -> CallAttempt {
        let purpose = call.map { RequestPurpose($0, attempt: number, maxRetries: maxRetries) }
        return CallAttempt(method: "PUT", url: url, purpose: purpose)
    }

    private func answer(_ status: Int) -> CallAttempt.Answer { .success(HTTPResponse(status: status)) }

    private func failure(_ kind: HTTPTransportError.Kind) -> CallAttempt.Answer {
        .failure(HTTPTransportError(kind: kind, message: "no"))
    }

    private func names(_ measurements: [Measurement]) -> [String] { measurements.map(\.metric.name) }

    // MARK: The platform's counters

    @Test func anAnsweredAttemptHasAllTags() {
        let measurements = attempt(number: 2).measurements(answer(204))
        #expect(
            measurements == [
                Measurement(
                    .workloadAPISuccess,
                    1,
                    [
                        Tag(.maxRetries, "2"), Tag(.retryAttempt, "2"), Tag(.method, "PUT"),
                        Tag(.url, Self.running),
                    ]
                )
            ]
        )
    }

    @Test(arguments: [204, 404, 410, 429, 500, 503])
    func anyStatusOfTheWorkloadAPIIsAnAnswer(_ status: Int) {
        #expect(
            names(attempt().measurements(answer(status))) == ["airbyte.workload-api-client.success"]
        )
    }

    @Test(arguments: [(200, true), (404, true), (499, true), (500, false), (503, false)])
    func theServerAPIAnswersBelow500(_ status: Int, _ isAnswer: Bool) {
        let measurements = attempt(.writeOutput, url: "http://s/api/v1/x").measurements(answer(status))
        #expect(names(measurements) == [isAnswer ? "airbyte.api-client.success" : "airbyte.api-client.abort"])
    }

    @Test func anAttemptWithoutAnAnswerHasNoURLAndNoMethod() {
        let measurements = attempt().measurements(failure(.connect))
        #expect(
            measurements == [
                Measurement(
                    .workloadAPIAbort,
                    1,
                    [Tag(.maxRetries, "2"), Tag(.retryAttempt, "1"), Tag(.method, "unknown")]
                )
            ]
        )
    }

    @Test func theLastAttemptIsAFailureToo() {
        let measurements = attempt(number: 3).measurements(failure(.timeout))
        #expect(
            names(measurements) == [
                "airbyte.workload-api-client.abort", "airbyte.workload-api-client.failure",
            ]
        )
        #expect(measurements.allSatisfy { $0.tags.contains(Tag(.retryAttempt, "3")) })
    }

    @Test func whatNoRetryCanHelpIsAFailureAtOnce() {
        #expect(attempt().measurements(failure(.refusedByProxy)).count == 2)
    }

    /// Heartbeats are repeated for minutes.
    @Test func endlessAttemptsMakeNoNewSeries() {
        let tags = attempt(.heartbeat, number: 40).measurements(failure(.connect))[0].tags
        #expect(tags.contains(Tag(.retryAttempt, "3")))
    }

    @Test func queryAndPasswordAreNotShown() {
        let attempt = attempt(url: "http://user:pw@api/api/v1/workload/running?sig=abc#part")
        let text = "\(attempt.measurements(answer(204))) \(attempt.attributes(answer(204)))"
        #expect(text.contains("http://api/api/v1/workload/running"))
        for secret in ["pw", "abc", "part"] { #expect(!text.contains("\(secret)\"")) }
    }

    @Test func anIDAtTheEndOfAURLIsATagOfItsOwn() {
        let id = "5f1e2d3c-0000-4000-8000-0123456789AB"
        let tags = attempt(url: "http://api/workload/\(id)").measurements(answer(200))[0].tags
        #expect(tags.suffix(2) == [Tag(.url, "http://api/workload/"), Tag(.workloadID, id)])
        let other = attempt(url: "http://api/workload/\(id)0").measurements(answer(200))[0].tags
        #expect(other.last == Tag(.url, "http://api/workload/\(id)0"))
    }

    @Test(arguments: [.token, .storage, nil] as [RequestPurpose.Call?])
    func otherServicesHaveNoCounters(_ call: RequestPurpose.Call?) {
        #expect(attempt(call).measurements(answer(200)).isEmpty)
        #expect(attempt(call).measurements(failure(.connect)).isEmpty)
    }

    // MARK: The span

    @Test func spanOfACall() {
        let attempt = attempt(number: 2)
        #expect(attempt.spanName == "PUT /api/v1/workload/running")
        #expect(
            attempt.attributes(answer(503)) == [
                Attribute("http.request.method", "PUT"), Attribute("url.full", Self.running),
                Attribute("server.address", "api"), Attribute("server.port", .int(8007)),
                Attribute("airbyte.call", "running"), Attribute("http.request.resend_count", .int(1)),
                Attribute("http.response.status_code", .int(503)), Attribute("error.type", "503"),
            ]
        )
        #expect(attempt.status(answer(503)) == .error("503"))
        #expect(attempt.status(answer(204)) == .unset)
        #expect(attempt.status(failure(.timeout)) == .error("timeout"))
    }

    /// Keys have ids, which would make as many names as objects.
    @Test func aStoresPathIsNoName() {
        #expect(attempt(.storage, url: "https://bucket.s3.amazonaws.com/a/b").spanName == "PUT")
        #expect(attempt(nil, url: "http://169.254.169.254/latest").spanName == "PUT")
    }

    @Test(
        arguments: [
            ("https://host/x", "host", 443), ("http://host", "host", 80), ("http://h:1/x", "h", 1),
            ("http://[::1]:8007/x", "::1", 8007), ("https://[fe80::1]/x", "fe80::1", 443),
        ] as [(String, String, Int64)]
    )
    func serverOfAURL(_ url: String, _ host: String, _ port: Int64) {
        let attributes = attempt(url: url).attributes(answer(200))
        #expect(attributes.contains(Attribute("server.address", host)))
        #expect(attributes.contains(Attribute("server.port", .int(port))))
    }
}
