import Testing

/// Answers that are not the platform's own, or not answers to what was asked, and requests that the platform sees twice.
@Suite struct GatewayAnswerTests {
    private static let waitingConnector = """
        wait-for go
        line {"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}
        """

    /// A rule that answers the call with a sign-in page, as gateways do.
    private static func page(_ call: String, times: Int? = nil) -> String {
        let times = times.map { #""times": \#($0), "# } ?? ""
        return #"""
            {"call": "\#(call)", \#(times)"status": 200, "headers": {"Content-Type": "text/html"},
             "body": "<!DOCTYPE html>\r\n<html><head><title>Sign in &amp; go on</title></head></html>\r\n"}
            """#
    }

    private static let complaint =
        "was answered with 200: Sign in & go on; this is a gateway's answer: the service itself answers with "

    @Test(arguments: Backend.allCases)
    func pageIsNoAnswerToAnyCall(_ backend: Backend) async throws {
        let calls = ["running", "sources/catalog", "output", "success"]
        try await Pod.with("discover", backend: backend) { pod in
            pod.deliversAtTheEnd()
            for call in calls { try await pod.controlPlane.addFault(Self.page(call, times: 2)) }
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            for call in calls { #expect(outcome.requests(call).count == 3, "\(call): \(outcome)") }
            #expect(
                outcome.console.matches(of: #/api/v1/[a-z_/]+ was answered with 200: Sign in/#).count == 8
            )
            #expect(!outcome.console.contains("<html") && !outcome.console.contains(#"\r"#))
        }
    }

    @Test func pageInPlaceOfHeartbeatsIsNoContact() async throws {
        try await Pod.with("check") { pod in
            pod.environment["SIDECAR_HEARTBEAT_TIMEOUT_MINUTES"] = "0.025"
            try await pod.controlPlane.addFault(Self.page("heartbeat"))
            let outcome = try await pod.run(.script(Self.waitingConnector))
            #expect(outcome.exitCode == 1, "\(outcome)")
            #expect(outcome.console.contains(Self.complaint + "204"))
            #expect(outcome.requests("failure").isEmpty)
        }
    }

    @Test func pageInPlaceOfATokenIsTriedAgain() async throws {
        try await Pod.with("check", controlPlane: ["--auth"]) { pod in
            pod.environment["CONTROL_PLANE_TOKEN_ENDPOINT"] =
                "\(pod.controlPlane.baseURL)/api/v1/dataplanes/token"
            pod.environment["DATAPLANE_CLIENT_ID"] = "dataplane-7"
            pod.environment["DATAPLANE_CLIENT_SECRET"] = "correct-horse-battery-staple"
            try await pod.controlPlane.addFault(Self.page("token", times: 1))
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.requests("token").count == 2)
            // Its body could hold the secret that was sent.
            #expect(!outcome.console.contains("Sign in"))
        }
    }

    @Test func outputThatOnlyAGatewayTakesFailsTheWorkload() async throws {
        try await Pod.with("check") { pod in
            pod.environment["AIRBYTE_API_MAX_RETRIES"] = "1"
            pod.deliversAtTheEnd()
            try await pod.controlPlane.addFault(Self.page("output"))
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 1, "\(outcome)")
            #expect(outcome.requests("output").count == 2)
            let failure = try #require(outcome.requests("failure").first)["body"]
            #expect(failure["source"] == "airbyte_platform")
            #expect(failure["reason"].text?.contains(Self.complaint + "204") == true)
        }
    }

    /// The workload API's own successes, as some versions of its framework write them.
    @Test(arguments: [#""body": """#, #""body": {"ok": true}"#])
    func workloadAPIMayAnswerOK(_ body: String) async throws {
        try await Pod.with("check") { pod in
            for call in ["running", "heartbeat", "success"] {
                try await pod.controlPlane.addFault(#"{"call": "\#(call)", "status": 200, \#(body)}"#)
            }
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls == ["running", "output", "success"])
        }
    }

    // MARK: Bytes between requests

    /// libcurl 7.88.1 takes what comes on an idle connection for the answer to the next request: the first heartbeat's
    /// late bytes would end the job without a report, or make heartbeats fail.
    @Test(
        arguments: [
            #""late": "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n""#,
            #""headers": {"Transfer-Encoding": "chunked"}, "late": "0\r\n\r\n""#,
        ],
        Backend.allCases
    )
    func lateBytesAnswerNoHeartbeat(_ rule: String, _ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.deliversAtTheEnd()
            try await pod.controlPlane.addFault(
                #"{"call": "heartbeat", "times": 2, "status": 204, \#(rule)}"#
            )
            let sidecar = try pod.startSidecar()
            try pod.startConnector(.script(Self.waitingConnector))
            try await pod.controlPlane.wait(for: "heartbeat", count: 5, status: 204)
            try pod.write("", to: "go")
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls == ["running", "output", "success"])
            #expect(outcome.platformWarnings.isEmpty, "no heartbeat has failed")
        }
    }

    // MARK: Repetitions

    /// The server has done what it was asked for, and closes the connection without an answer. libcurl 7.88.1 would send
    /// the request again by itself, since it has used the connection before: the server would see two requests where
    /// the log knows one.
    @Test(arguments: ["sources/catalog", "sources/update", "output"], Backend.allCases)
    func postIsRepeatedByTheRetrierOnly(_ call: String, _ backend: Backend) async throws {
        let config = #"{"host": "api.example.com", "api_key": "correct-horse", "rotate_key": true}"#
        try await Pod.with("discover", config: config, backend: backend) { pod in
            pod.deliversAtTheEnd()
            try await pod.controlPlane.addFault(
                #"{"call": "\#(call)", "times": 1, "fault": "close", "performed": true}"#
            )
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            let requests = outcome.requests(call)
            #expect(requests.count == 2)
            #expect(
                (requests.first?["requestOnConnection"].number ?? 0) > 1,
                "the connection was used before"
            )
            #expect(outcome.retries.count == 1, "\(outcome)")
            #expect(outcome.retries.first?.contains("the connection was closed without an answer") == true)
        }
    }
}
