import Foundation
import StoragePeers
import Testing

/// Outputs that a connector, or whatever it left running, changes after they were read and before the result that is in
/// them is delivered.
@Suite struct ChangedOutputTests {
    private static let spec = LargeSpec(bytes: 2_000_000, damaged: false, seed: 7)

    /// Something that is done to the file in the meantime.
    enum Change: CaseIterable, Sendable {
        case firstByte, middle, lastByte, truncated, emptied

        func perform(on pod: Pod) throws {
            let file = try FileHandle(forUpdating: pod.outputFile)
            let size = try file.seekToEnd()
            switch self {
            // Of the result itself, `{` becomes `[`: the line is as long as before.
            case .firstByte: try Self.write("[", at: UInt64(#"{"type":"SPEC","spec":"#.utf8.count), file)
            case .middle: try Self.write("changed", at: size / 2, file)
            case .lastByte: try Self.write("]", at: size - 3, file)
            case .truncated: try file.truncate(atOffset: size / 2)
            case .emptied: try file.truncate(atOffset: 0)
            }
            try file.close()
        }

        private static func write(_ text: String, at offset: UInt64, _ file: FileHandle) throws {
            try file.seek(toOffset: offset)
            try file.write(contentsOf: Data(text.utf8))
        }
    }

    /// A body that was begun and broken off is the one thing that may be wrong with what the control plane got.
    private func noteViolation(_ violation: JSON) {
        if violation["what"].text?.hasPrefix("the connection ended") != true { Pod.recordIssue(violation) }
    }

    /// What is said of the change in each of the texts: once.
    private func expectOneReason(_ outcome: Outcome, _ beginning: String) throws {
        #expect(outcome.exitCode == 1, "\(outcome)")
        let failures = outcome.requests("failure")
        #expect(failures.count == 1 && outcome.requests("success").isEmpty, "\(outcome)")
        let failure = try #require(failures.first)["body"]
        #expect(failure["source"] == "airbyte_platform")
        let reason = try #require(failure["reason"].text)
        #expect(reason.hasPrefix(beginning), "\(reason)")
        #expect(reason.ranges(of: "the connector's output was changed").count == 1, "\(reason)")
    }

    /// Runs a pod whose first call of that name is held until the file has been changed; then it is carried out, or
    /// answered with the status.
    private func run(
        _ pod: Pod,
        _ connector: Connector,
        holding call: String,
        status: Int? = nil,
        _ change: () throws -> Void
    ) async throws -> Outcome {
        let answer = status.map { #", "status": \#($0)"# } ?? ""
        pod.deliversAtTheEnd()
        try await pod.controlPlane.addFault(
            #"{"call": "\#(call)", "times": 1, "fault": "hold"\#(answer)}"#
        )
        let sidecar = try pod.startSidecar()
        try pod.startConnector(connector)
        try await pod.controlPlane.waitForArrival(of: call)
        try change()
        try await pod.controlPlane.removeFaults()
        return try await pod.outcome(of: sidecar)
    }

    // MARK: Specifications

    @Test(arguments: Change.allCases)
    func changedSpecIsNotTriedAgain(_ change: Change) async throws {
        try await Pod.with("spec", onViolation: noteViolation) { pod in
            let connector = try pod.connector(writing: [Self.spec.line])
            let outcome = try await run(pod, connector, holding: "output", status: 503) {
                try change.perform(on: pod)
            }
            try expectOneReason(outcome, "The job output could not be saved: the server API: ")
            #expect(outcome.requests("output").allSatisfy { $0["status"] != 204 })
            #expect(try await pod.controlPlane.outputIDs() == [])
        }
    }

    /// The first place did not take it, and the second must not take something else.
    @Test(arguments: [true, false])
    func changedSpecIsNotStoredLocally(_ damaged: Bool) async throws {
        let spec = LargeSpec(bytes: 2_000_000, damaged: damaged, seed: 7)
        try await Pod.with("spec") { pod in
            pod.useLocalStorage()
            pod.environment["SIDECAR_OUTPUT_SINK"] = "api"
            let connector = try pod.connector(writing: [spec.line])
            let outcome = try await run(pod, connector, holding: "output", status: 403) {
                try Change.lastByte.perform(on: pod)
            }
            try expectOneReason(outcome, "The job output could not be saved: the server API: ")
            #expect(try pod.localOutputs() == [], "no part of it is left")
        }
    }

    @Test func changedSpecIsNotStoredInObjectStorage() async throws {
        let spec = LargeSpec(bytes: 6_000_000, damaged: false, seed: 8)
        try await Pod.with("spec") { pod in
            let proxy = try FaultProxy(before: StorageService.s3.port)
            try StorageService.s3.use(pod, at: proxy.origin, bucket: "changed-spec")
            pod.environment["SIDECAR_OUTPUT_SINK"] = "api"
            let connector = try pod.connector(writing: [spec.line])
            let outcome = try await run(pod, connector, holding: "output", status: 403) {
                try Change.lastByte.perform(on: pod)
            }
            try expectOneReason(outcome, "The job output could not be saved: the server API: ")
            #expect(try StorageService.s3.output(in: "changed-spec") == nil)
            let asked = try proxy.requests()
            #expect(asked.contains { $0.contains("partNumber=1") }, "the first part was sent: \(asked)")
            #expect(asked.last?.hasPrefix("DELETE ") == true, "and is given up: \(asked)")
        }
    }

    /// What is changed outside of the result does no harm.
    @Test func whatStandsBesideTheResultMayChange() async throws {
        try await Pod.with("spec") { pod in
            let noise = Array(String(repeating: "noise\n", count: 50_000).utf8)
            let connector = try pod.connector(writing: [noise, Self.spec.line, noise])
            let outcome = try await run(pod, connector, holding: "output", status: 503) {
                let file = try FileHandle(forUpdating: pod.outputFile)
                try file.write(contentsOf: Data("NOISE".utf8))
                try file.truncate(atOffset: UInt64(noise.count + 1 + Self.spec.line.count))
            }
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(try Self.spec.isDelivered(in: Array(try await pod.controlPlane.storedOutput().utf8)))
        }
    }

    /// The file that was read is the one that counts, whatever has its name by now.
    @Test(arguments: Backend.allCases)
    func replacedSpecIsDeliveredFromTheOldFile(_ backend: Backend) async throws {
        try await Pod.with("spec", backend: backend) { pod in
            let connector = try pod.connector(writing: [Self.spec.line])
            let outcome = try await run(pod, connector, holding: "output", status: 503) {
                try pod.write("something else\n", to: "jobOutput.json", byRename: true)
            }
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(try Self.spec.isDelivered(in: Array(try await pod.controlPlane.storedOutput().utf8)))
        }
    }

    // MARK: Catalogs

    private static let catalog = {
        var catalog = LargeCatalog(isSource: true, damaged: false, seed: 9)
        for number in 0..<1_000 { catalog.add(number, schemaBytes: 1_500) }
        return catalog.line
    }()

    /// A configuration that is not the one of the input: its update comes before the catalog.
    private static let newConfiguration = Array(
        #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":{"a":1}}}}"#
            .utf8
    )

    @Test(arguments: [Change.middle, .truncated], Backend.allCases)
    func changedCatalogIsNotHandedOver(_ change: Change, _ backend: Backend) async throws {
        try await Pod.with("discover", backend: backend, onViolation: noteViolation) { pod in
            let connector = try pod.connector(writing: [Self.newConfiguration, Self.catalog])
            let outcome = try await run(pod, connector, holding: "sources/get") {
                try change.perform(on: pod)
            }
            try expectOneReason(outcome, "The discovered catalog could not be written to the platform: ")
            #expect(outcome.requests("sources/catalog").isEmpty, "no catalog arrives as a whole")
            let stored = outcome.output["failureReason"]
            #expect(stored["failureOrigin"] == "airbyte_platform")
            let message = stored["externalMessage"].text ?? ""
            #expect(
                message.hasPrefix("The discovered catalog could not be written to the platform: "),
                "\(message)"
            )
            #expect(outcome.output["discoverCatalogId"] == .null)
        }
    }
}

extension Pod {
    var outputFile: URL { workspace.appendingPathComponent("jobOutput.json") }

    /// The names in the folder for outputs of local storage.
    func localOutputs() throws -> [String] {
        let folder = localStorage.appendingPathComponent("workload/output").path
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder)
    }
}
