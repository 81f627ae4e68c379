import Foundation
import StoragePeers
import Testing

/// Large bodies on the way to the server API: broken off, refused in the middle, or not taken without a length.
@Suite struct LargeRequestTests {
    typealias Rule = FaultProxy.Rule

    private static let spec = LargeSpec(bytes: 2_000_000, damaged: false, seed: 5)

    /// Delivers the specification through a proxy that does this.
    private func deliver(
        _ rules: [Rule],
        backend: Backend = .epoll,
        _ check: (Outcome, _ asked: [String]) throws -> Void
    ) async throws {
        try await Pod.with("spec", backend: backend) { pod in
            let proxy = try FaultProxy(before: pod.controlPlane.port, rules)
            pod.environment["INTERNAL_API_HOST"] = proxy.origin
            let outcome = try await pod.run(output: [Self.spec.line])
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls == ["running", "output", "success"])
            let stored = Array(try await pod.controlPlane.storedOutput().utf8)
            #expect(try Self.spec.isDelivered(in: stored))
            try check(outcome, proxy.requests())
        }
    }

    private static let path = "/api/v1/workload_output/write"
    private static let write = "POST \(path)"

    @Test(
        arguments: [
            (Rule.reset(path, times: 2), "reset"), (.answer(path, times: 2, 503).by("early"), "503"),
            (.answer(path, times: 2, 503), "503"),
        ],
        Backend.allCases
    )
    func bodyThatIsBrokenOffIsSentFromItsBeginning(
        _ fault: (rule: Rule, name: String),
        _ backend: Backend
    ) async throws {
        try await deliver([fault.rule], backend: backend) { outcome, asked in
            #expect(
                asked == ["\(Self.write) \(fault.name)", "\(Self.write) \(fault.name)", "\(Self.write) 204"]
            )
            #expect(outcome.retries.count == 2, "\(outcome)")
            #expect(outcome.platformWarnings.isEmpty, "what comes of it matters")
        }
    }

    /// A proxy's limit, told and the connection closed while the body is still on its way.
    @Test(arguments: Backend.allCases)
    func refusalInTheMiddleOfABodyIsHeard(_ backend: Backend) async throws {
        try await Pod.with("spec", backend: backend) { pod in
            let rule = Rule.answer(Self.path, times: .max, 413, "too large").by("early")
            let proxy = try FaultProxy(before: pod.controlPlane.port, [rule])
            pod.environment["INTERNAL_API_HOST"] = proxy.origin
            let outcome = try await pod.run(output: [Self.spec.line])
            #expect(outcome.exitCode == 1, "\(outcome)")
            #expect(try proxy.requests() == ["\(Self.write) 413"], "it is final")
            let failure = try #require(outcome.requests("failure").first)["body"]
            #expect(failure["source"] == "airbyte_platform")
            let reason =
                "was answered with 413: too large; a gateway or proxy limits the size of request bodies"
            #expect(failure["reason"].text?.contains(reason) == true)
        }
    }

    /// A proxy that lets no chunks through and says nothing, but names its limit to who tells the length.
    @Test(arguments: Backend.allCases)
    func bodyInChunksThatIsBrokenOffIsSentWithItsLength(_ backend: Backend) async throws {
        try await Pod.with("spec", backend: backend) { pod in
            let broken = Rule.reset(Self.path, times: .max).ofChunks
            let refusal = Rule.answer(Self.path, times: .max, 413).by("early")
            let proxy = try FaultProxy(before: pod.controlPlane.port, [broken, refusal])
            pod.environment["INTERNAL_API_HOST"] = proxy.origin
            let outcome = try await pod.run(output: [Self.spec.line])
            #expect(outcome.exitCode == 1, "\(outcome)")
            #expect(try proxy.requests() == ["\(Self.write) reset", "\(Self.write) 413"])
            let reason = outcome.requests("failure").first?["body"]["reason"].text
            #expect(reason?.contains("was answered with 413; a gateway or proxy limits") == true)
        }
    }

    @Test func specThatTheServerRefusesGoesIntoStorage() async throws {
        try await Pod.with("spec") { pod in
            let rule = Rule.answer(Self.path, times: .max, 413).by("early")
            let proxy = try FaultProxy(before: pod.controlPlane.port, [rule])
            pod.useLocalStorage()
            pod.environment["INTERNAL_API_HOST"] = proxy.origin
            pod.environment["SIDECAR_OUTPUT_SINK"] = "api"
            let outcome = try await pod.run(output: [Self.spec.line])
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls == ["running", "success"])
            #expect(try Self.spec.isDelivered(in: pod.locallyStored()))
        }
    }

    @Test(arguments: ["answer", "early"], Backend.allCases)
    func lengthIsToldToWhoeverDemandsIt(_ fault: String, _ backend: Backend) async throws {
        let rule = Rule.answer(Self.path, times: .max, 411).by(fault).ofChunks
        try await deliver([rule], backend: backend) { outcome, asked in
            #expect(asked == ["\(Self.write) 411", "\(Self.write) 204"])
            let request = try #require(outcome.requests("output").first)
            #expect(request["headers"]["transfer-encoding"] == .null)
            let bytes = try #require(request["bodyBytes"].number)
            #expect(request["headers"]["content-length"].text == "\(Int(bytes))")
            #expect(outcome.platformWarnings.isEmpty && outcome.retries.isEmpty, "nothing is wrong")
        }
    }

    /// Once the length is known it stays so.
    @Test func lengthIsToldAgainWhenTheBodyIsBrokenOff() async throws {
        let rules = [Rule.answer(Self.path, times: .max, 411).ofChunks, .reset(Self.path)]
        try await deliver(rules) { _, asked in
            #expect(asked == ["\(Self.write) 411", "\(Self.write) reset", "\(Self.write) 204"])
        }
    }

    @Test(arguments: Backend.allCases)
    func catalogReachesAServerThatDemandsALength(_ backend: Backend) async throws {
        var catalog = LargeCatalog(isSource: true, seed: 6)
        catalog.add(1, name: "twice", schemaBytes: 100)
        catalog.add(2, name: "twice", schemaBytes: 1_200_000)
        try await Pod.with("discover", backend: backend) { pod in
            let call = "sources/write_discover_catalog_result"
            let rules = [Rule.answer(call, times: .max, 411).ofChunks, .reset(call)]
            let proxy = try FaultProxy(before: pod.controlPlane.port, rules)
            pod.environment["INTERNAL_API_HOST"] = proxy.origin
            let outcome = try await pod.run(output: [catalog.line])
            #expect(outcome.exitCode == 0, "\(outcome)")
            let id = try #require(outcome.requests("sources/catalog").first?["answer"]["catalogId"].text)
            let body = try await pod.controlPlane.catalogRequest(id)
            #expect(try catalog.difference(from: body) == nil)
            #expect(
                outcome.platformWarnings == [
                    #"Stream "twice" of namespace "n": number 2 of the catalog has the same name as number 1"#
                ]
            )
        }
    }
}
