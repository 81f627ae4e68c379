import Foundation
import StoragePeers
import Testing

/// Results on lines that are too long to be held: judged while they pass, and read again when they are delivered.
@Suite struct LargeResultTests {
    // MARK: Specifications

    private static let specBytes = 2_500_000

    @Test(arguments: Backend.allCases)
    func specGoesThroughTheServerAPI(_ backend: Backend) async throws {
        let spec = LargeSpec(bytes: Self.specBytes)
        try await Pod.with("spec", backend: backend) { pod in
            let outcome = try await pod.run(output: [spec.line])
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls == ["running", "output", "success"])
            let request = try #require(outcome.requests("output").first)
            #expect(request["headers"]["transfer-encoding"] == "chunked")
            #expect(try spec.isDelivered(in: Array(try await pod.controlPlane.storedOutput().utf8)))
        }
    }

    @Test func specWithNothingToRepairGoesThroughTheServerAPI() async throws {
        let spec = LargeSpec(bytes: Self.specBytes, damaged: false, seed: 2)
        try await Pod.with("spec") { pod in
            let outcome = try await pod.run(output: [spec.line])
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(try spec.isDelivered(in: Array(try await pod.controlPlane.storedOutput().utf8)))
        }
    }

    @Test(arguments: [true, false])
    func specGoesIntoLocalStorage(_ damaged: Bool) async throws {
        let spec = LargeSpec(bytes: Self.specBytes, damaged: damaged, seed: 3)
        try await Pod.with("spec") { pod in
            pod.useLocalStorage()
            pod.environment["SIDECAR_OUTPUT_SINK"] = "storage"
            let outcome = try await pod.run(output: [spec.line])
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls == ["running", "success"])
            #expect(try spec.isDelivered(in: pod.locallyStored()))
        }
    }

    /// One whose length is known at once, and one that has to be made to know it.
    @Test(arguments: zip([true, false], Backend.allCases))
    func specGoesIntoObjectStorageInParts(_ damaged: Bool, _ backend: Backend) async throws {
        let spec = LargeSpec(bytes: 6_000_000, damaged: damaged, seed: 4)
        let bucket = "large-spec-\(damaged)"
        try await Pod.with("spec", backend: backend) { pod in
            let proxy = try FaultProxy(
                before: StorageService.s3.port,
                [StorageService.s3.refusal("partNumber=1", 503, "SlowDown")]
            )
            try StorageService.s3.use(pod, at: proxy.origin, bucket: bucket)
            let outcome = try await pod.run(output: [spec.line])
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls == ["running", "success"])
            #expect(try proxy.requests().count { $0.contains("partNumber=") && $0.hasSuffix(" 200") } == 2)
            #expect(try spec.isDelivered(in: StorageService.s3.output(in: bucket) ?? []))
        }
    }

    /// The same for the others, whose second part is refused once: what was read before is made anew.
    @Test(arguments: [StorageService.gcs, .azure], [true, false])
    func specGoesIntoOtherObjectStorageInParts(_ service: StorageService, _ damaged: Bool) async throws {
        let spec = LargeSpec(bytes: 6_000_000, damaged: damaged, seed: 5)
        let bucket = "large-spec-\(service.rawValue)-\(damaged)"
        try await Pod.with("spec") { pod in
            let part = service.secondPart
            let fault = service.refusal(part.match, after: part.after, 503, "ServerBusy")
            let proxy = try FaultProxy(before: service.port, [fault])
            try service.use(pod, at: proxy.origin, bucket: bucket)
            let outcome = try await pod.run(output: [spec.line])
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls == ["running", "success"])
            let seen = try proxy.requests()
            #expect(seen.count { $0.hasSuffix(" 503") } == 1, "\(seen)")
            #expect(try spec.isDelivered(in: service.output(in: bucket) ?? []))
        }
    }

    // MARK: Catalogs

    private static func catalog(isSource: Bool) -> LargeCatalog {
        var catalog = LargeCatalog(isSource: isSource)
        for number in 0..<600 { catalog.add(number, schemaBytes: 1_000) }
        catalog.add(600, name: "twice", schemaBytes: 100)
        catalog.add(601, schemaBytes: 1_500_000, key: "missing_in_what_is_not_held")
        catalog.add(602, schemaBytes: 100, key: "missing")
        catalog.add(603, name: "twice", schemaBytes: 100)
        for number in 604..<700 { catalog.add(number, schemaBytes: 1_200) }
        return catalog
    }

    @Test(arguments: Backend.allCases)
    func sourceCatalogIsConverted(_ backend: Backend) async throws {
        let catalog = Self.catalog(isSource: true)
        try await Pod.with("discover", backend: backend) { pod in
            let outcome = try await pod.run(output: [catalog.line])
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls == ["running", "sources/catalog", "output", "success"])
            let id = try #require(outcome.requests("sources/catalog").first?["answer"]["catalogId"].text)
            #expect(outcome.output["discoverCatalogId"] == .string(id))
            let body = try await pod.controlPlane.catalogRequest(id)
            #expect(try catalog.difference(from: body) == nil)
            #expect(
                outcome.platformWarnings == [
                    #"Stream "Tablé 602" of namespace "n": its schema has no field ["missing"], which is in its primary key"#,
                    #"Stream "twice" of namespace "n": number 604 of the catalog has the same name as number 601"#,
                ]
            )
        }
    }

    @Test func destinationCatalogIsConverted() async throws {
        let catalog = Self.catalog(isSource: false)
        try await Pod.with("discover", input: ["--image", "airbyte/destination-hubspot:1"]) { pod in
            let outcome = try await pod.run(output: [catalog.line])
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.calls == ["running", "destinations/catalog", "output", "success"])
            let id = try #require(outcome.requests("destinations/catalog").first?["answer"]["catalogId"].text)
            #expect(outcome.output["discoverCatalogId"] == .string(id))
            let body = try await pod.controlPlane.catalogRequest(id)
            #expect(try catalog.difference(from: body) == nil)
            #expect(
                outcome.platformWarnings == [
                    #"Operation "object 602" (append_dedup): its schema has no field ["missing"], which is one of its matching keys"#,
                    #"Operation "twice" (append_dedup): number 604 of the catalog has the same name as number 601"#,
                ]
            )
        }
    }

    // MARK: Other long lines

    @Test(arguments: Backend.allCases)
    func longLinesThatAreNoResultAreToldOf(_ backend: Backend) async throws {
        let quoted = 1 << 20
        let plain = "x" + String(repeating: "é", count: 1_500_000)
        let record =
            #"{"type": "RECORD", "record": {"stream": "s", "data": "#
            + String(repeating: "secret ", count: 300_000)
        let message = String(repeating: "log ", count: 500_000)
        let lines = [
            plain, record, #"{"type":"LOG","log":{"level":"WARN","message":"\#(message)"}}"#,
            #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED","message":"fine"}}"#,
            plain,
        ]
        let outcome = try await Pod.with("check", backend: backend) { pod in
            try await pod.run(output: lines.map { Array($0.utf8) })
        }
        #expect(outcome.exitCode == 0, "exit code \(outcome.exitCode), \(outcome.errors)")
        #expect(outcome.output["checkConnection"]["message"] == "fine")
        let shown = outcome.console.components(separatedBy: "\n")
        // The cut is within a character, which is left out.
        let quotation =
            " INFO  source > " + plain.prefix(1 + (quoted - 1) / 2)
            + "… (\(plain.utf8.count - quoted + 1) more bytes)"
        #expect(shown.count { $0.hasSuffix(quotation) } == 2)
        #expect(outcome.console.range(of: "secret") == nil)
        #expect(shown.count { $0.contains(" WARN ") && $0.contains("looks like a record") } == 1)
        let beginning = message.prefix(quoted) + "… (\(message.utf8.count - quoted) more bytes)"
        #expect(shown.count { $0.hasSuffix(" WARN  source > " + beginning) } == 1)
    }
}

extension LargeSpec {
    /// Whether a job output has the specification in it as it is to be, and nothing else but what it must have.
    func isDelivered(in output: [UInt8]) throws -> Bool {
        let output = Data(output)
        guard let range = output.range(of: Data(delivered)) else { return false }
        var rest = output
        rest.replaceSubrange(range, with: Data("null".utf8))
        return try ExactJSON(parsing: Array(rest))
            == ExactJSON(parsing: #"{"outputType":"spec","spec":null,"connectorConfigurationUpdated":false}"#)
    }
}

extension Pod {
    /// Runs a connector that writes these lines.
    func run(output lines: [[UInt8]]) async throws -> Outcome {
        try await run(try connector(writing: lines))
    }

    /// A connector that writes these lines.
    func connector(writing lines: [[UInt8]]) throws -> Connector {
        let file = folder.appendingPathComponent("output")
        var output = Data()
        for line in lines {
            output.append(contentsOf: line)
            output.append(UInt8(ascii: "\n"))
        }
        try output.write(to: file)
        return .script("file \(file.path)")
    }

    /// The job output in local storage.
    func locallyStored() throws -> [UInt8] {
        Array(
            try Data(contentsOf: localStorage.appendingPathComponent("workload/output/\(Self.workloadID)"))
        )
    }
}

extension Outcome {
    /// The texts of the platform's warnings, in order, but for that of a slow machine.
    var platformWarnings: [String] {
        console.split(separator: "\n").compactMap { line in
            line.firstRange(of: " WARN  platform > ").map { String(line[$0.upperBound...]) }
        }.filter { !$0.hasPrefix("The event loop was busy") }
    }

    /// The lines that announce another try of a call; heartbeats have lines of their own.
    var retries: [Substring] {
        console.split(separator: "\n").filter { $0.contains("; retrying in ") && $0.contains("(retry ") }
    }
}
