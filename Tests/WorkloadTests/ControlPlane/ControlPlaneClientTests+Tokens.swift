import HTTP
import TestSupport
import Testing
import Workload

/// What calls do while the token endpoint gives no token.
extension ControlPlaneClientTests {
    @Test(arguments: [408, 429, 500, 503])
    func busyTokenEndpointIsTriedAgain(_ status: Int) throws {
        perform(try client(Self.token))
        transport.answer(status, "hunter2", headers: [HTTPHeader("Retry-After", "20")])
        #expect(answers.count == 0)
        #expect(scheduler.delays == [.seconds(20)])
        scheduler.advanceToNext()
        grant("t-1")
        transport.answer(204)
        #expect(answers.outcomes == [.accepted(body: [])])
    }

    /// Installations without authentication take the call as it is.
    @Test(arguments: [400, 401, 403, 404, 410, 422])
    func withoutATokenTheCallIsMadeWithoutOne(_ status: Int) throws {
        let client = try client(Self.token.merging(Self.server) { $1 })
        perform(client)
        transport.answer(status, "hunter2")
        #expect(transport.calls.last == "PUT /api/v1/workload/success")
        #expect(transport.requests.last?.header("Authorization") == nil)
        transport.answer(204)
        perform(client, Self.write)
        #expect(transport.calls.last == "POST /api/v1/workload_output/write", "the endpoint has a pause")
        transport.answer(204)
        #expect(answers.outcomes == [.accepted(body: []), .accepted(body: [])])
        #expect(log.lines.count == 1, "one warning: \(log.text)")
        #expect(log.count(of: "warning No access token could be fetched (POST http://server:8001/") == 1)
        #expect(log.count(of: "DATAPLANE_CLIENT_SECRET right?); making calls without one") == 1)
        #expect(SecretMask().masked(log.text) == log.text)
        scheduler.advance(by: .seconds(30))
        perform(client)
        #expect(transport.calls.last == "POST /api/v1/dataplanes/token")
        grant("t-1")
        #expect(transport.requests.last?.header("Authorization") == "Bearer t-1")
    }

    @Test(arguments: ["{}", #"{"access_token":"hunter2\n"}"#])
    func withAnUnusableTokenTheCallIsMadeWithoutOne(_ answer: String) throws {
        perform(try client(Self.token))
        transport.answer(200, answer)
        #expect(transport.requests.last?.header("Authorization") == nil)
        transport.answer(204)
        #expect(answers.outcomes == [.accepted(body: [])])
        #expect(
            log.count(
                of: "(the answer of the token endpoint http://server:8001/api/v1/dataplanes/token holds an"
            )
                == (answer == "{}" ? 0 : 1)
        )
    }

    /// A gateway's page says nothing about the endpoint: it may answer soon.
    @Test(arguments: ["", "<html>hunter2</html>"])
    func aGatewaysPageIsNoTokenYet(_ answer: String) throws {
        perform(try client(Self.token))
        transport.answer(200, answer)
        #expect(transport.unanswered == 0 && answers.count == 0)
        #expect(scheduler.delays.count == 1)
        scheduler.advanceToNext()
        grant("t-1")
        transport.answer(204)
        #expect(answers.outcomes == [.accepted(body: [])])
    }

    @Test func theLastAttemptIsMadeWithoutAToken() throws {
        perform(try client(Self.token.merging(["WORKLOAD_API_MAX_RETRIES": "1"]) { $1 }))
        transport.answer(500)
        #expect(transport.unanswered == 0)
        scheduler.advanceToNext()
        transport.answer(500)
        #expect(transport.calls.last == "PUT /api/v1/workload/success")
        #expect(transport.requests.last?.header("Authorization") == nil)
        transport.answer(204)
        #expect(answers.outcomes == [.accepted(body: [])])
    }

    /// A contact is repeated without end: after a few seconds it goes without a token.
    @Test func contactsWaitForTheEndpointForAWhile() throws {
        let client = try client(Self.token)
        for _ in 0..<3 {
            attempt(client)
            transport.answer(503)
            #expect(transport.unanswered == 0)
            scheduler.advance(by: .seconds(2))
        }
        #expect(answers.count == 3)
        for case .unavailable(let problem, _) in answers.outcomes {
            #expect(problem.hasPrefix("no access token could be fetched (POST http://server:8001/"))
            #expect(SecretMask().masked(problem) == problem)
        }
        attempt(client)
        #expect(transport.calls.last == "PUT /api/v1/workload/heartbeat")
        #expect(transport.requests.last?.header("Authorization") == nil)
        transport.answer(204)
        #expect(answers.outcomes.last == .accepted(body: []))
    }

    /// The platform does want a token, and the endpoint may have one soon: the call is repeated.
    @Test func aCallThatNeedsItsTokenIsRepeated() throws {
        let client = try client(Self.token)
        attempt(client)
        transport.answer(503)
        scheduler.advance(by: .seconds(5))
        perform(client)
        #expect(transport.calls.last == "PUT /api/v1/workload/success")
        transport.answer(401)
        #expect(transport.calls.last == "POST /api/v1/dataplanes/token", "it is asked again after all")
        transport.answer(503)
        #expect(transport.unanswered == 0)
        #expect(scheduler.delays.count == 1)
        scheduler.advanceToNext()
        #expect(transport.calls.last == "PUT /api/v1/workload/success")
        transport.answer(401)
        #expect(transport.calls.last == "POST /api/v1/dataplanes/token")
        grant("t-1")
        #expect(transport.requests.last?.header("Authorization") == "Bearer t-1")
        transport.answer(204)
        #expect(answers.outcomes.last == .accepted(body: []))
    }

    /// A refusal of the endpoint need not be its last word either.
    @Test func aCallThatNeedsATokenIsRepeatedWhateverTheEndpointAnswers() throws {
        perform(try client(Self.token))
        transport.answer(404)
        transport.answer(401, "no token")
        #expect(transport.calls.last == "POST /api/v1/dataplanes/token", "it is asked again at once")
        transport.answer(404)
        #expect(transport.unanswered == 0)
        #expect(answers.count == 0)
        scheduler.advanceToNext()
        #expect(transport.calls.last == "PUT /api/v1/workload/success")
        transport.answer(401)
        grant("t-1")
        transport.answer(204)
        #expect(answers.outcomes == [.accepted(body: [])])
    }

    @Test func aCallThatNeedsATokenThatNobodyGivesIsOver() throws {
        perform(try client(Self.token))
        var attempts = 0
        while answers.count == 0, attempts < 10 {
            attempts += 1
            while transport.unanswered > 0 { transport.answer(401, "no token") }
            if answers.count == 0 { scheduler.advanceToNext() }
        }
        #expect(attempts == 6)
        guard case .unavailable(let problem, _)? = answers.outcomes.first else {
            Issue.record("\(answers.outcomes)")
            return
        }
        #expect(
            problem.contains("/workload/success was answered with 401: no token; no access token could be")
        )
        #expect(problem.contains("DATAPLANE_CLIENT_SECRET right?"))
    }

    /// A call went without a token and is refused, in the pause of an endpoint that has refused as well.
    @Test func aRefusedCallIsNotSentTwiceWithoutAToken() throws {
        let client = try client(Self.token)
        attempt(client)
        transport.answer(401)
        transport.answer(401)
        transport.answer(401)
        attempt(client)
        #expect(transport.calls.last == "PUT /api/v1/workload/heartbeat")
        transport.answer(401)
        #expect(transport.calls.last == "POST /api/v1/dataplanes/token")
        transport.answer(401)
        #expect(transport.unanswered == 0)
        #expect(answers.count == 2)
    }

    @Test func everyWaitingCallHearsOfTheFailureAndTheNextTriesAgain() throws {
        let client = try client(Self.token)
        attempt(client)
        attempt(client)
        transport.fail(.timeout)
        #expect(answers.count == 2)
        attempt(client)
        #expect(transport.requests.count == 2)
        grant("t-1")
        transport.answer(204)
        #expect(answers.outcomes.last == .accepted(body: []))
    }
}
