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
}
