import Foundation
import Testing

/// A careless connector: nothing that the sidecar writes or sends holds a secret of its configuration.
@Suite struct MaskingTests {
    private static let config =
        #"{"host": "h", "password": "tr0ub4dor&3", "api_key": "quote\"d secret", "note": "harmless"}"#
    private static let leaks = [
        "tr0ub4dor", "tr0ub4dor%263", #"quote"d"#, #"quote\"d"#, #"quote\\\"d"#, "pass-in-url",
    ]

    private static let script = #"""
        line plain tr0ub4dor&3 and harmless
        line {"type":"LOG","log":{"level":"INFO","message":"config: {\"api_key\": \"quote\\\"d secret\"}"}}
        line {"type":"LOG","log":{"level":"ERROR","message":"GET /?p=tr0ub4dor%263","stack_trace":"login(tr0ub4dor&3)"}}
        line connecting with password=pass-in-url to h
        dribble 400 tr0ub4dor&3 in pieces\n
        raw across a border of chunks \n
        fill 65510
        raw tr0ub4dor&3 behind it\n
        line {"type":"TRACE","trace":{"type":"ERROR","emitted_at":1,"error":{"message":"tr0ub4dor&3 is wrong","internal_message":"quote\"d secret","stack_trace":"login(tr0ub4dor&3)"}}}
        exit 1
        """#

    @Test(arguments: ["text", "json"], Backend.allCases)
    func noSecretIsWrittenOrSent(_ format: String, _ backend: Backend) async throws {
        try await Pod.with("check", config: Self.config, backend: backend) { pod in
            pod.environment["LOG_LEVEL"] = "TRACE"
            pod.environment["PLATFORM_LOG_FORMAT"] = format
            pod.environment["SIDECAR_TRACE"] = "1"
            pod.useLocalStorage()
            pod.environment["SIDECAR_OUTPUT_SINK"] = "api"
            let outcome = try await pod.run(.script(Self.script))
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.output["failureReason"]["externalMessage"] == "********** is wrong")
            #expect(outcome.console.contains("plain ********** and harmless"))
            #expect(outcome.console.contains("********** in pieces"))
            #expect(outcome.console.contains("********** behind it"))
            let stored = try pod.storedFiles()
            #expect(stored.contains("plain ********** and harmless"), "the job's log is stored")
            let sent = outcome.requests.map { "\($0["body"])" }.joined()
            for leak in Self.leaks {
                #expect(!outcome.console.contains(leak), "\(leak) on the console")
                #expect(!outcome.errors.contains(leak), "\(leak) on standard error")
                #expect(!sent.contains(leak), "\(leak) was sent")
                #expect(!stored.contains(leak), "\(leak) was stored")
            }
        }
    }

    @Test func newSecretIsHiddenOnceItIsKnown() async throws {
        let script = #"""
            line {"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":{"token":"brand-new-one"}}}}
            line now with brand-new-one
            line {"type":"TRACE","trace":{"type":"ERROR","emitted_at":1,"error":{"message":"brand-new-one is wrong"}}}
            exit 1
            """#
        let outcome = try await Pod.with("check", config: Self.config) { try await $0.run(.script(script)) }
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(outcome.console.contains("now with **********"))
        #expect(!outcome.console.contains("brand-new-one"))
        #expect(outcome.output["failureReason"]["externalMessage"] == "********** is wrong")
    }

    @Test func reasonOfAFailureHidesThemToo() async throws {
        try await Pod.with("check", config: Self.config) { pod in
            try pod.write("", to: "jobOutput.json")
            try pod.write("tr0ub4dor&3\n", to: "exitCode.txt", byRename: true)
            let outcome = try await pod.outcome(of: try pod.startSidecar())
            #expect(outcome.exitCode == 1, "\(outcome)")
            let reason = try #require(outcome.requests("failure").first)["body"]["reason"].text
            #expect(try #require(reason).contains("**********"))
            #expect(!outcome.description.contains("tr0ub4dor"))
        }
    }

    // MARK: The sidecar's own credentials

    private static let ownSecrets = [
        "DATAPLANE_CLIENT_SECRET": "client-s3cret/of+the&plane",
        "AWS_SECRET_ACCESS_KEY": "aws/s3cret+access-key", "AWS_SESSION_TOKEN": "IQoJb3JpZ2lu/session+token==",
        "AZURE_STORAGE_CONNECTION_STRING":
            "BlobEndpoint=https://a.blob.core.windows.net;SharedAccessSignature=sv=1&sig=s1gn%2Bature%3D",
        "GOOGLE_APPLICATION_CREDENTIALS":
            #"{"type": "authorized_user", "client_secret": "g00gle-secret", "refresh_token": "g00gle-refresh"}"#,
    ]

    /// Of each credential, a part that no form changes, and that is longer than what may stay at a cut.
    private static let ownLeaks = [
        "client-s3cret", "s3cret+access", "s3cret%2Baccess", "IQoJb3", "s1gn%2B", "s1gn+", "g00gle",
        "eyJhbGciOi", "Y2xpZW50LXMzY3JldC",
    ]

    private func useOwnSecrets(_ pod: Pod, _ proxy: HostileProxy) {
        pod.environment.merge(Self.ownSecrets) { $1 }
        pod.environment["DATAPLANE_CLIENT_ID"] = "dataplane-7"
        pod.environment["CONTROL_PLANE_TOKEN_ENDPOINT"] = "\(proxy.origin)/api/v1/dataplanes/token"
        pod.environment["WORKLOAD_API_HOST"] = proxy.origin
        pod.environment["INTERNAL_API_HOST"] = proxy.origin
        pod.environment["LOG_LEVEL"] = "TRACE"
        pod.environment["SIDECAR_TRACE"] = "1"
    }

    private func expectNoLeak(_ outcome: Outcome, stored: String) {
        // The token's own request has the secret.
        let sent = outcome.requests.filter { $0["call"].text != "token" }.map { "\($0["body"])" }.joined()
        for leak in Self.ownLeaks {
            #expect(!outcome.console.contains(leak), "\(leak) on the console")
            #expect(!outcome.errors.contains(leak), "\(leak) on standard error")
            #expect(!sent.contains(leak), "\(leak) was sent")
            #expect(!stored.contains(leak), "\(leak) was stored")
        }
    }

    /// The server quotes in its refusals what it has been sent, and everything else that it knows.
    @Test(arguments: ["text", "json"], Backend.allCases)
    func serverThatQuotesCredentialsMakesNoneVisible(_ format: String, _ backend: Backend) async throws {
        try await Pod.with("check", backend: backend, controlPlane: ["--auth"]) { pod in
            let proxy = try await HostileProxy(
                in: pod,
                [
                    .quote(call: "workload/running", times: 3), .quote(call: "heartbeat"),
                    .quote(call: "output"),
                ],
                quoting: Array(Self.ownSecrets.values)
            )
            useOwnSecrets(pod, proxy)
            pod.environment["PLATFORM_LOG_FORMAT"] = format
            pod.useLocalStorage()
            try Data().write(to: pod.localStorage.appendingPathComponent("workload"))
            let outcome = try await pod.run(
                .script("sleep 1\n\(StorageFault.succeeded)")
            )
            #expect(outcome.exitCode == 1, "\(outcome)")
            let reason = try #require(outcome.requests("failure").last)["body"]["reason"].text
            #expect(reason?.contains("**********") == true, "\(reason ?? "none")")
            let stored = try pod.storedFiles()
            #expect(stored.contains("**********"), "the job's log is stored")
            expectNoLeak(outcome, stored: stored)
        }
    }

    /// The same of object storage, whose refusals go into the log and, where no other place takes the output, into the
    /// report.
    @Test(arguments: StorageService.allCases)
    func storeThatQuotesCredentialsMakesNoneVisible(_ service: StorageService) async throws {
        try await Pod.with("check") { pod in
            let proxy = try await HostileProxy(
                in: pod,
                before: service.port,
                [.quote(call: "workload|storage/v1")],
                quoting: [try service.secret]
            )
            try service.use(pod, at: proxy.origin, bucket: "quoting")
            let secret = try service.secret
            pod.environment["LOG_LEVEL"] = "TRACE"
            pod.environment["SIDECAR_TRACE"] = "1"
            pod.environment["INTERNAL_API_HOST"] = ""
            let outcome = try await pod.run(.script(StorageFault.succeeded))
            #expect(outcome.exitCode == 1, "\(outcome)")
            let reason = try #require(outcome.requests("failure").last)["body"]["reason"].text
            #expect(reason?.contains("**********") == true, "\(reason ?? "none")")
            for text in [outcome.console, outcome.errors, reason ?? ""] {
                #expect(!text.contains(secret), "\(text)")
                #expect(!text.contains("Bearer ya29"), "\(text)")
            }
        }
    }

    @Test func startErrorQuotesNoCredential() async throws {
        try await Pod.with("check") { pod in
            pod.environment["DATAPLANE_CLIENT_SECRET"] = "client-s3cret"
            pod.environment["SIDECAR_IO_BACKEND"] = "client-s3cret"
            let outcome = try await pod.outcome(of: try pod.startSidecar())
            #expect(outcome.exitCode == 78, "\(outcome)")
            #expect(outcome.errors.contains("SIDECAR_IO_BACKEND=**********"), "\(outcome)")
            #expect(!outcome.description.contains("client-s3cret"), "\(outcome)")
        }
    }
}
