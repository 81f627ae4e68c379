import Testing

/// Whom the program asks past the proxy.
@Suite struct ProxyExemptionTests {
    /// The discard service's port: nobody listens there, so that whatever goes through the proxy is told.
    private static let deadProxy = "127.0.0.1:9"

    /// Why the output could not be handed to a server with that address.
    private func reason(server: String, _ settings: [String: String] = [:]) async throws -> String {
        try await Pod.with("check") { pod in
            pod.environment.merge([
                "HTTP_PROXY": "http://user:s3cr3t@\(Self.deadProxy)",
                "https_proxy": "http://\(Self.deadProxy)",
                "INTERNAL_API_HOST": server, "AIRBYTE_API_MAX_RETRIES": "0",
            ]) { $1 }
            pod.environment.merge(settings) { $1 }
            let outcome = try await pod.run(.script(StorageFault.succeeded))
            #expect(outcome.exitCode == 1, "\(outcome)")
            #expect(!outcome.console.contains("s3cr3t"))
            // The workload API is on a loopback address, past the proxy.
            let failure = try #require(outcome.requests("failure").first, "\(outcome)")
            return failure["body"]["reason"].text ?? ""
        }
    }

    @Test(arguments: [
        "http://airbyte-server", "http://server-svc.airbyte:8001", "https://server.airbyte.svc",
        "http://server.airbyte.svc.cluster.local",
    ])
    func aClustersOwnNamesNeedNoProxy(_ server: String) async throws {
        let reason = try await reason(server: server)
        #expect(reason.contains("no address is known for host"), "\(reason)")
        #expect(!reason.contains("proxy"), "\(reason)")
    }

    @Test(arguments: ["http://api.invalid", "https://api.invalid"])
    func othersGoThroughTheProxy(_ server: String) async throws {
        let through = try await reason(server: server)
        #expect(through.contains("proxy \(Self.deadProxy)") || through.contains("http://\(Self.deadProxy)"))
        let past = try await reason(server: server, ["NO_PROXY": "10.0.0.0/8, *.invalid"])
        #expect(past.contains("no address is known for host api.invalid"), "\(past)")
    }
}
