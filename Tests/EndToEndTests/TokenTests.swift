import Testing

/// Access tokens: fetched, sent, renewed, and never shown.
@Suite struct TokenTests {
    private static let secret = "correct-horse-battery-staple"

    private func useTokens(_ pod: Pod) {
        pod.environment["CONTROL_PLANE_TOKEN_ENDPOINT"] =
            "\(pod.controlPlane.baseURL)/api/v1/dataplanes/token"
        pod.environment["DATAPLANE_CLIENT_ID"] = "dataplane-7"
        pod.environment["DATAPLANE_CLIENT_SECRET"] = Self.secret
        pod.environment["LOG_LEVEL"] = "TRACE"
        pod.environment["SIDECAR_TRACE"] = "1"
    }

    @Test(arguments: Backend.allCases)
    func everyCallCarriesAToken(_ backend: Backend) async throws {
        try await Pod.with("discover", backend: backend, controlPlane: ["--auth"]) { pod in
            useTokens(pod)
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.requests("token").count == 1)
            #expect(outcome.requests.allSatisfy { $0["status"].number.map { $0 < 300 } ?? false })
            #expect(!outcome.console.contains(Self.secret) && !outcome.errors.contains(Self.secret))
            #expect(!outcome.console.contains("eyJ") && !outcome.errors.contains("eyJ"))
        }
    }

    @Test(arguments: Backend.allCases)
    func tokenThatEndsIsRenewedInTime(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend, controlPlane: ["--auth", "--token-seconds", "2"]) {
            pod in
            useTokens(pod)
            let sidecar = try pod.startSidecar()
            try pod.startConnector(
                .script(
                    "wait-for go\nline {\"type\":\"CONNECTION_STATUS\",\"connectionStatus\":{\"status\":\"SUCCEEDED\"}}"
                )
            )
            try await pod.controlPlane.wait(for: "token", count: 3)
            try pod.write("", to: "go")
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.requests.allSatisfy { $0["status"].number != 401 }, "\(outcome)")
        }
    }

    @Test func tokenThatIsRefusedIsReplacedOnce() async throws {
        try await Pod.with("check", controlPlane: ["--auth"]) { pod in
            useTokens(pod)
            pod.deliversAtTheEnd()
            try await pod.controlPlane.addFault(#"{"call": "output", "times": 1, "status": 401}"#)
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.requests("token").count == 2)
            #expect(outcome.requests("output").count == 2)
        }
    }

    // MARK: No token

    /// An installation without authentication takes calls without a token, whatever its token endpoint says.
    @Test(
        arguments: [
            #"{"call": "token", "status": 401}"#, #"{"call": "token", "status": 404}"#,
            #"{"call": "token", "status": 500}"#, #"{"call": "token", "fault": "garbage"}"#,
            #"{"call": "token", "fault": "close"}"#,
            #"{"call": "token", "status": 200, "body": {"token": "x"}}"#,
            #"{"call": "token", "status": 200, "headers": {"Content-Type": "text/html"}, "body": "<html>sign in</html>"}"#,
        ],
        [Backend.epoll]
    )
    func withoutATokenTheJobGoesOn(_ fault: String, _ backend: Backend) async throws {
        try await Pod.with("discover", backend: backend) { pod in
            useTokens(pod)
            pod.environment["LOG_LEVEL"] = "INFO"
            pod.deliversAtTheEnd()
            try await pod.controlPlane.addFault(fault)
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.requests("success").count == 1)
            #expect(outcome.output["discoverCatalogId"].text != nil)
            #expect(
                outcome.requests.allSatisfy { $0["headers"]["authorization"] == .null },
                "no header is sent"
            )
            let told = outcome.warnings.filter { $0.contains("making calls without one") }
            #expect(told.count == 1, "\(outcome)")
            #expect(told.first?.contains("WARN  platform > No access token could be fetched (") == true)
            #expect(!outcome.console.contains("**********"), "our own message is whole")
            #expect(!outcome.console.contains(Self.secret))
        }
    }

    @Test(arguments: [("", ""), ("id", " \n"), ("", "s")])
    func withoutCredentialsTheJobGoesOn(_ id: String, _ secret: String) async throws {
        try await Pod.with("check") { pod in
            useTokens(pod)
            pod.environment["LOG_LEVEL"] = "INFO"
            pod.environment["DATAPLANE_CLIENT_ID"] = id
            pod.environment["DATAPLANE_CLIENT_SECRET"] = secret
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.requests("token").isEmpty)
            #expect(outcome.calls.sorted() == ["output", "running", "success"])
            #expect(outcome.warnings.count == 1, "\(outcome)")
            #expect(outcome.warnings.first?.hasSuffix("calls are made without an access token") == true)
        }
    }

    /// An endpoint that is down for a while costs nothing where tokens are needed.
    @Test func anEndpointThatComesBackIsWaitedFor() async throws {
        try await Pod.with("check", controlPlane: ["--auth"]) { pod in
            useTokens(pod)
            pod.environment["LOG_LEVEL"] = "INFO"
            try await pod.controlPlane.addFault(#"{"call": "token", "times": 3, "status": 503}"#)
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.requests("output").allSatisfy { $0["status"].number == 204 }, "\(outcome)")
            #expect(!outcome.console.contains("making calls without"), "\(outcome)")
        }
    }

    /// Whatever a gateway in front of the endpoint says once.
    @Test(
        arguments: [
            #""status": 400"#, #""status": 401"#, #""status": 404"#, #""fault": "garbage""#,
            #""fault": "close""#,
            #""status": 200, "body": {"token": "x"}"#, #""status": 200, "body": "no JSON""#,
        ]
    )
    func anEndpointThatFailsOnceEndsNothing(_ fault: String) async throws {
        try await Pod.with("check", controlPlane: ["--auth"]) { pod in
            useTokens(pod)
            try await pod.controlPlane.addFault(#"{"call": "token", "times": 1, \#(fault)}"#)
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.requests("success").contains { $0["status"].number == 204 }, "\(outcome)")
        }
    }

    /// A secret made with `echo` ends in a newline.
    @Test func whiteSpaceAroundCredentialsDoesNotCount() async throws {
        try await Pod.with("check", controlPlane: ["--auth"]) { pod in
            useTokens(pod)
            pod.environment["DATAPLANE_CLIENT_ID"]? += "\n"
            pod.environment["DATAPLANE_CLIENT_SECRET"]? += "\n"
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.requests("token").count == 1)
        }
    }

    @Test func wrongSecretIsToldWithoutBeingShown() async throws {
        try await Pod.with("check", controlPlane: ["--auth", "--client-secret", "another"]) { pod in
            useTokens(pod)
            pod.environment["SIDECAR_HEARTBEAT_TIMEOUT_MINUTES"] = "0.01"
            let outcome = try await pod.run(.script("wait-for go"))
            #expect(outcome.exitCode == 1, "\(outcome)")
            #expect(outcome.console.contains("DATAPLANE_CLIENT_SECRET"))
            #expect(!outcome.console.contains(Self.secret))
        }
    }
}
