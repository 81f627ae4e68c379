import AirbyteProtocol
import HTTP
import Logging
import Scheduling
import TestSupport
import Testing

@testable import Workload

/// Calls against a transport that answers what the test says, in time that passes when the test says so.
@Suite struct ControlPlaneClientTests {
    let transport = FakeTransport()
    let scheduler = FakeScheduler()
    let log = CapturedLog()
    let answers = Answers()

    final class Answers {
        var outcomes: [CallOutcome] = []
        var count: Int { outcomes.count }
    }

    func client(_ variables: [String: String] = [:]) throws -> ControlPlaneClient {
        controlPlaneClient(variables, transport, scheduler, log.logger)
    }

    static let server = ["INTERNAL_API_HOST": "http://server:8001"]
    static let token = [
        "CONTROL_PLANE_TOKEN_ENDPOINT": "http://user:hunter3@server:8001/api/v1/dataplanes/token",
        "DATAPLANE_CLIENT_ID": "client-1", "DATAPLANE_CLIENT_SECRET": "hunter2",
    ]

    func attempt(_ client: ControlPlaneClient, _ call: PlatformCall = heartbeat) {
        client.attempt(call) { answers.outcomes.append($0) }
    }

    func perform(_ client: ControlPlaneClient, _ call: PlatformCall = success) {
        client.perform(call) { answers.outcomes.append($0) }
    }

    static let heartbeat = PlatformCall.contact(
        .heartbeat,
        workloadID: "w-1",
        timeout: .seconds(10)
    )
    static let success = PlatformCall.report(.success, workloadID: "w-1")
    static let write = PlatformCall.writeOutput(OutputDocument([0x7B, 0x7D]), workloadID: "w-1")

    func grant(_ token: String) { transport.answer(200, #"{"access_token":"\#(token)"}"#) }

    // MARK: Requests

    @Test func requestWithoutTokens() throws {
        attempt(try client(["AIRBYTE_VERSION": "1.8.2"]))
        let request = try #require(transport.requests.first)
        #expect(request.method == "PUT")
        #expect(request.url == "http://workload-api:8007/api/v1/workload/heartbeat")
        #expect(request.bodyText == #"{"workloadId":"w-1"}"#)
        #expect(request.header("X-Airbyte-Version") == "1.8.2")
        #expect(request.header("Content-Type") == "application/json")
        #expect(request.header("Accept") == "application/json")
        #expect(request.header("Authorization") == nil)
        #expect(answers.count == 0, "never from within the call")
        transport.answer(204)
        #expect(answers.outcomes == [.accepted(body: [])])
    }

    @Test func timeLimits() throws {
        let client = try client(
            Self.server.merging([
                "WORKLOAD_API_CONNECT_TIMEOUT_SECONDS": "3", "WORKLOAD_API_READ_TIMEOUT_SECONDS": "40",
                "AIRBYTE_API_CONNECT_TIMEOUT_SECONDS": "20", "AIRBYTE_API_READ_TIMEOUT_SECONDS": "50",
            ]) { $1 }
        )
        attempt(client, Self.heartbeat)
        attempt(client, Self.success)
        attempt(client, Self.write)
        #expect(transport.requests.map(\.connectTimeout) == [.seconds(3), .seconds(3), .seconds(20)])
        #expect(transport.requests.map(\.totalTimeout) == [.seconds(10), .seconds(43), .seconds(70)])
    }

    @Test func connectTimeoutOfAContactIsShort() throws {
        attempt(try client())
        #expect(transport.requests[0].connectTimeout == .seconds(10))
    }

    @Test func serverCallsNeedTheServer() throws {
        perform(try client(), Self.write)
        #expect(answers.count == 0, "never from within the call")
        scheduler.advance(by: .zero)
        #expect(answers.outcomes.first?.problem?.contains("INTERNAL_API_HOST is not set") == true)
        #expect(transport.requests.isEmpty)
    }

    @Test func serverCallsGoToTheServer() throws {
        perform(try client(Self.server), Self.write)
        #expect(transport.requests[0].url == "http://server:8001/api/v1/workload_output/write")
        transport.answer(204)
        #expect(answers.outcomes == [.accepted(body: [])])
    }

    // MARK: Gateways

    /// Sign-in pages and portals: the call has not reached the service.
    @Test func pageOfAGatewayIsTriedAgain() throws {
        let page = "<html><head><title>Sign in</title></head></html>"
        let html = [HTTPHeader("Content-Type", "text/html")]
        let client = try client(
            Self.server.merging(["WORKLOAD_API_MAX_RETRIES": "2", "AIRBYTE_API_MAX_RETRIES": "1"]) { $1 }
        )
        for (call, retries) in [(Self.success, 2), (Self.write, 1)] {
            answers.outcomes = []
            perform(client, call)
            for _ in 0..<retries {
                transport.answer(200, page, headers: html)
                #expect(answers.count == 0)
                scheduler.advanceToNext()
            }
            transport.answer(200, page, headers: html)
            guard case .unavailable(let problem, _)? = answers.outcomes.first else {
                Issue.record("\(answers.outcomes)")
                continue
            }
            #expect(problem.contains("was answered with 200: Sign in; this is a gateway's answer"))
        }
        #expect(transport.unanswered == 0)
    }

    @Test func pageOfAGatewayIsNoContact() throws {
        attempt(try client())
        transport.answer(200, "<html></html>", headers: [HTTPHeader("Content-Type", "text/html")])
        guard case .unavailable? = answers.outcomes.first else {
            Issue.record("\(answers.outcomes)")
            return
        }
    }

    @Test func pageInPlaceOfATokenIsTriedAgain() throws {
        perform(try client(Self.token))
        transport.answer(200, "<html></html>", headers: [HTTPHeader("Content-Type", "text/html")])
        #expect(answers.count == 0)
        scheduler.advanceToNext()
        grant("t-1")
        transport.answer(204)
        #expect(answers.outcomes == [.accepted(body: [])])
    }

    // MARK: Retries

    @Test func attemptTriesOnce() throws {
        attempt(try client())
        transport.answer(503)
        #expect(answers.count == 1)
        #expect(scheduler.delays.isEmpty)
    }

    @Test func performTriesAgainWithGrowingDelays() throws {
        perform(try client())
        for retry in 1...5 {
            transport.answer(503, "busy")
            let full = Duration.seconds(1 << retry)
            let delay = try #require(scheduler.delays.first)
            #expect(delay >= full / 2 && delay <= full)
            #expect(transport.unanswered == 0)
            #expect(answers.count == 0)
            scheduler.advance(by: delay)
            #expect(transport.requests.count == retry + 1)
        }
        transport.answer(204)
        #expect(answers.outcomes == [.accepted(body: [])])
        #expect(log.count(of: "answered with 503: busy; retrying in") == 5)
        #expect(log.count(of: "(retry 5 of 5)") == 1)
    }

    @Test(arguments: [0, 1, 3])
    func retriesEnd(_ retries: Int) throws {
        perform(try client(["WORKLOAD_API_MAX_RETRIES": "\(retries)"]))
        for _ in 0..<retries {
            transport.fail(.connect)
            scheduler.advanceToNext()
        }
        #expect(answers.count == 0)
        transport.fail(.connect, "host: refused")
        #expect(
            answers.outcomes == [
                .unavailable(
                    "PUT http://workload-api:8007/api/v1/workload/success failed: host: refused",
                    retryAfter: nil
                )
            ]
        )
        #expect(scheduler.delays.isEmpty)
    }

    @Test func retryAfterIsHonoured() throws {
        perform(try client())
        transport.answer(429, headers: [HTTPHeader("Retry-After", "33")])
        #expect(scheduler.delays == [.seconds(33)])
        scheduler.advanceToNext()
        transport.answer(503, headers: [HTTPHeader("Retry-After", "100000")])
        #expect(scheduler.delays == [RetryPolicy.maxRetryAfter])
    }

    @Test(arguments: [400, 404, 409, 410, 422, 301, 401, 403])
    func otherAnswersAreFinal(_ status: Int) throws {
        perform(try client())
        transport.answer(status)
        #expect(answers.count == 1)
        #expect(scheduler.delays.isEmpty)
        #expect(transport.unanswered == 0)
    }

    @Test func eachAPIHasItsOwnRetries() throws {
        let client = try client(
            Self.server.merging(["AIRBYTE_API_MAX_RETRIES": "0", "WORKLOAD_API_MAX_RETRIES": "1"]) { $1 }
        )
        perform(client, Self.write)
        transport.answer(500)
        #expect(answers.count == 1)
        perform(client, Self.success)
        transport.answer(500)
        #expect(answers.count == 1)
        #expect(scheduler.delays.count == 1)
    }

    // MARK: Access tokens

    @Test func tokenIsFetchedFirst() throws {
        attempt(try client(Self.token))
        let fetch = try #require(transport.requests.first)
        #expect(fetch.method == "POST")
        #expect(fetch.url == "http://user:hunter3@server:8001/api/v1/dataplanes/token")
        #expect(fetch.bodyText == #"{"client_id":"client-1","client_secret":"hunter2"}"#)
        #expect(fetch.header("Content-Type") == "application/json")
        #expect(fetch.header("Authorization") == nil)
        #expect(fetch.totalTimeout == .seconds(10))
        grant("t-1")
        #expect(transport.requests[1].header("Authorization") == "Bearer t-1")
        transport.answer(204)
        #expect(answers.outcomes == [.accepted(body: [])])
    }

    @Test func tokenIsKept() throws {
        let client = try client(Self.token.merging(Self.server) { $1 })
        attempt(client)
        grant("t-1")
        transport.answer(204)
        attempt(client, Self.write)
        #expect(transport.requests.count == 3)
        #expect(transport.requests[2].header("Authorization") == "Bearer t-1", "for both APIs")
    }

    @Test func oneFetchForAllThatWait() throws {
        let client = try client(Self.token.merging(Self.server) { $1 })
        attempt(client)
        perform(client, Self.success)
        perform(client, Self.write)
        #expect(transport.requests.count == 1)
        grant("t-1")
        #expect(transport.requests.count == 4)
        #expect(transport.requests.dropFirst().allSatisfy { $0.header("Authorization") == "Bearer t-1" })
        for _ in 0..<3 { transport.answer(204) }
        #expect(answers.count == 3)
    }

    @Test func tokenIsRenewedBeforeItsEnd() throws {
        let client = try client(Self.token)
        attempt(client)
        grant(webToken(#"{"iat":100,"exp":400}"#))
        transport.answer(204)
        scheduler.advance(by: .seconds(269))
        attempt(client)
        #expect(transport.calls.last == "PUT /api/v1/workload/heartbeat")
        transport.answer(204)
        scheduler.advance(by: .seconds(1))
        attempt(client)
        #expect(transport.calls.last == "POST /api/v1/dataplanes/token")
        grant("t-2")
        #expect(transport.requests.last?.header("Authorization") == "Bearer t-2")
    }

    @Test(arguments: [401, 403])
    func staleTokenIsReplacedOnce(_ status: Int) throws {
        attempt(try client(Self.token))
        grant("t-1")
        transport.answer(status)
        #expect(answers.count == 0)
        #expect(transport.calls.last == "POST /api/v1/dataplanes/token")
        grant("t-2")
        #expect(transport.requests.last?.header("Authorization") == "Bearer t-2")
        transport.answer(204)
        #expect(answers.outcomes == [.accepted(body: [])])
        #expect(transport.requests.count == 4)
    }

    @Test(arguments: [401, 403])
    func freshTokenThatIsRefusedIsFinal(_ status: Int) throws {
        perform(try client(Self.token))
        grant("t-1")
        transport.answer(status)
        grant("t-2")
        transport.answer(status, "no rights")
        #expect(
            answers.outcomes == [
                .unauthorized(
                    "PUT http://workload-api:8007/api/v1/workload/success was answered with \(status): no rights"
                )
            ]
        )
        #expect(transport.unanswered == 0)
        #expect(scheduler.delays.isEmpty)
    }

    @Test func lateRefusalOfAnOldTokenKeepsTheNewOne() throws {
        let client = try client(Self.token)
        attempt(client)
        grant("t-1")
        attempt(client)
        transport.answer(401)
        // The first call fetches anew; the second, still out with the old token, is refused too.
        transport.answer(401)
        grant("t-2")
        #expect(transport.calls.count { $0 == "POST /api/v1/dataplanes/token" } == 2)
        #expect(
            transport.requests.suffix(2).map { $0.header("Authorization") } == ["Bearer t-2", "Bearer t-2"]
        )
        transport.answer(204)
        transport.answer(204)
        #expect(answers.outcomes == [.accepted(body: []), .accepted(body: [])])
    }

    @Test func retriesUseTheTokenOfTheirTime() throws {
        perform(try client(Self.token))
        grant(webToken(#"{"iat":100,"exp":102}"#))
        transport.answer(503)
        scheduler.advanceToNext()
        // The token has ended in the meantime.
        #expect(transport.calls.last == "POST /api/v1/dataplanes/token")
        grant("t-2")
        transport.answer(204)
        #expect(answers.outcomes == [.accepted(body: [])])
    }

    // MARK: Secrets

    @Test func secretsAreNeverTold() throws {
        let variables = Self.token.merging([
            "WORKLOAD_API_HOST": "http://user:hunter4@workload-api:8007",
            "INTERNAL_API_HOST": "http://user:hunter5@server:8001",
        ]) { $1 }
        // Whatever goes wrong at each of the two steps.
        let tokenAnswers: [(Int, String)] = [
            (200, #"{"access_token":"hunter6"}"#), (200, "hunter6"), (500, "hunter2"), (401, "hunter2"),
        ]
        for (status, body) in tokenAnswers {
            for call in [Self.heartbeat, Self.success, Self.write] {
                let client = try client(variables)
                perform(client, call)
                transport.answer(status, body)
                if transport.unanswered > 0 { transport.answer(401) }
                if transport.unanswered > 0 { transport.answer(200, #"{"access_token":"hunter7"}"#) }
                if transport.unanswered > 0 { transport.fail(.tls, "server:8001: bad certificate") }
                while scheduler.advanceToNext() != nil {
                    while transport.unanswered > 0 { transport.answer(500) }
                }
            }
        }
        #expect(answers.count == tokenAnswers.count * 3)
        let told = log.text + answers.outcomes.compactMap(\.problem).joined()
        #expect(!told.contains("hunter"))
        #expect(told.contains("http://workload-api:8007/api/v1/workload/success"))
    }
}
