import Foundation

/// Plays cases of the corpus, with one control plane for all: a workload of its own each.
struct CorpusRun {
    private static let actorID = "0c7b5b7e-2f0e-4c8e-9d3c-5d1f6a6f7b10"
    private static let connectorVersion = "1.2.3"
    private static let configHash = "hash-of-the-configuration"

    let controlPlane: ControlPlane
    let folder: URL
    let backend: Backend

    /// What a case left behind.
    struct Played {
        fileprivate let workload: Workload
        /// With everything that was there at the start, and the sidecar's marker.
        var workspace: URL { workload.workspace }
        let exitCode: Int32
        /// What the control plane received, in order.
        let requests: [ExactJSON]
        /// What the server calls the catalog; nil where none was written.
        var catalogID: String? { requests.lazy.compactMap { $0["answer"]["catalogId"].text }.first }
        let sidecar: ChildProcess

        func remove() { workload.remove() }
    }

    /// Runs the program on a case to its end.
    func play(_ testCase: CorpusCase) async throws -> Played {
        let workload = Workload(testCase, folder: folder, backend: backend)
        try workload.prepare(input: Self.sidecarInput(of: testCase, workloadID: workload.id))
        let sidecar = try ChildProcess(
            Project.sidecar,
            environment: [
                "PATH": "/usr/bin:/bin",
                "AIRBYTE_CONFIG_DIR": workload.workspace.path,
                "WORKLOAD_API_HOST": controlPlane.baseURL,
                // The path tells whose request it is; a catalog's body does not.
                "INTERNAL_API_HOST": "\(controlPlane.baseURL)/w/\(workload.id)",
                "SIDECAR_IO_BACKEND": backend.rawValue,
                "PLATFORM_LOG_FORMAT": "json",
            ],
            log: workload.folder.appendingPathComponent("sidecar.log"),
            errors: workload.folder.appendingPathComponent("sidecar.err")
        )
        return Played(
            workload: workload,
            exitCode: await sidecar.exitCode,
            requests: try await controlPlane.exactRequests(of: workload.id),
            sidecar: sidecar
        )
    }

    /// Every difference between what the case expects and what the program did.
    func differences(of testCase: CorpusCase) async throws -> [String] {
        let played = try await play(testCase)
        let (workload, requests) = (played.workload, played.requests)
        var check = Expectation(output: testCase.output, catalogID: played.catalogID)
        check.compare(.number(testCase.expected.exitCode), .number("\(played.exitCode)"), at: "exit code")
        check.compareCalls(requests, testCase, actorID: Self.actorID)
        check.compareJobOutput(requests, testCase)
        check.compareConsole(played.sidecar.output, played.sidecar.errorOutput, testCase)
        if !FileManager.default.fileExists(
            atPath: workload.workspace.appendingPathComponent("TERMINATED").path
        ) {
            check.report("TERMINATED is missing")
        }
        for violation in try await controlPlane.violations(of: workload.id) {
            check.report("API violation: \(violation.json)")
        }
        if check.differences.isEmpty { played.remove() }
        return check.differences
    }

    /// The members that every call of that name has, whatever the case.
    static func commonBody(of call: String, actorID: String) -> [ExactText: ExactJSON] {
        let id: ExactJSON = .string(ExactText(actorID))
        switch call {
        case "sources/get", "sources/update": return ["sourceId": id]
        case "destinations/get", "destinations/update": return ["destinationId": id]
        case "sources/catalog", "destinations/catalog":
            return [
                call == "sources/catalog" ? "sourceId" : "destinationId": id,
                "connectorVersion": .string(ExactText(connectorVersion)),
                "configurationHash": .string(ExactText(configHash)),
            ]
        default: return [:]
        }
    }

    /// The init container's file.
    private static func sidecarInput(of testCase: CorpusCase, workloadID: String) -> String {
        let actorType = testCase.isDestination ? "destination" : "source"
        let actorID = testCase.hasActorID ? "\"\(actorID)\"" : "null"
        let input =
            switch testCase.operation {
            case "check":
                #""checkConnectionInput": {"actorType": "\#(actorType)", "actorId": \#(actorID), "#
                    + #""connectionConfiguration": \#(testCase.config.json)}, "discoverCatalogInput": null"#
            case "discover":
                #""checkConnectionInput": null, "discoverCatalogInput": {"sourceId": \#(actorID), "#
                    + #""connectionConfiguration": \#(testCase.config.json), "#
                    + #""connectorVersion": "\#(connectorVersion)", "configHash": "\#(configHash)", "#
                    + #""actorContext": {"actorType": "\#(actorType)", "actorId": \#(actorID)}, "manual": true}"#
            default: #""checkConnectionInput": null, "discoverCatalogInput": null"#
            }
        return """
            {"workloadId": "\(workloadID)", "operationType": "\(testCase.operation.uppercased())",
             "logPath": "1/0/logs.log", "integrationLauncherConfig": {"jobId": "1", "attemptId": 0,
             "dockerImage": "airbyte/\(actorType)-corpus:1.2.3"}, \(input)}
            """
    }
}

/// A workspace with everything in place before the sidecar starts: no connector has to run.
private struct Workload: Sendable {
    let id: String
    let folder: URL
    private let testCase: CorpusCase

    var workspace: URL { folder.appendingPathComponent("workspace") }

    init(_ testCase: CorpusCase, folder: URL, backend: Backend) {
        self.testCase = testCase
        id = "\(testCase.name.replacingOccurrences(of: "/", with: "."))-\(backend.rawValue)"
        self.folder = folder.appendingPathComponent(id)
    }

    func prepare(input: String) throws {
        try FileManager.default.createDirectory(at: workspace, withIntermediateDirectories: true)
        try write(Data(input.utf8), "sidecarInput.json")
        try write(Data(testCase.output), "jobOutput.json")
        try write(Data(testCase.exitCodeFile.utf8), "exitCode.txt")
    }

    private func write(_ data: Data, _ name: String) throws {
        try data.write(to: workspace.appendingPathComponent(name))
    }

    func remove() {
        try? FileManager.default.removeItem(at: folder)
    }
}

extension Expectation {
    /// Which calls came, and what was in those that the case describes.
    fileprivate mutating func compareCalls(_ requests: [ExactJSON], _ testCase: CorpusCase, actorID: String) {
        let made = requests.compactMap { $0["call"].text }.filter { $0 != "heartbeat" }
        // The announcement goes to another API over a connection of its own: nothing waits for its answer, so it may
        // arrive behind the first call to the server API.
        let rest = made.filter { $0 != "running" }
        if rest != testCase.expected.calls.filter({ $0 != "running" })
            || made.count(where: { $0 == "running" }) != 1 || made.last == "running"
        {
            report("calls: expected \(testCase.expected.calls), found \(made)")
        }
        for request in requests {
            guard let call = request["call"].text, !["heartbeat", "output", "token"].contains(call) else {
                continue
            }
            var body = request["body"].members
            for (name, value) in CorpusRun.commonBody(of: call, actorID: actorID) {
                compare(value, body.removeValue(forKey: name), at: "\(call): /\(name)")
            }
            // Copied from the answer of get; the control plane checks them.
            if call.hasSuffix("/update") {
                body["name"] = nil
                body["resourceAllocation"] = nil
            }
            body["workloadId"] = nil
            compare(testCase.expected.bodies[call] ?? .object([:]), .object(body), at: "\(call): ")
        }
    }

    /// The job output, as the server API got it.
    fileprivate mutating func compareJobOutput(_ requests: [ExactJSON], _ testCase: CorpusCase) {
        let delivered = requests.last { $0["call"].text == "output" }?["body"]["output"].text
        var found: ExactJSON = .null
        if let delivered {
            do {
                found = try ExactJSON(parsing: delivered)
            } catch {
                report("job output: \(error)")
            }
        }
        compare(
            Self.withoutDefaults(resolvingSpec(of: testCase.expected.output)),
            Self.withoutDefaults(found),
            at: "job output: "
        )
        for text in testCase.expected.outputHas where !(delivered ?? "").contains(text) {
            report("job output: \"\(text)\" is nowhere in it")
        }
    }

    /// A spec that is a reference as a whole, replaced with what it refers to.
    private func resolvingSpec(of output: ExactJSON) -> ExactJSON {
        guard case .object(var members) = output, let spec = members["spec"],
            let referred = referred(by: spec)
        else { return output }
        members["spec"] = referred
        return .object(members)
    }

    /// Members of a spec that may be left out or not: readers take both.
    private static func withoutDefaults(_ output: ExactJSON) -> ExactJSON {
        guard case .object(var members) = output, case .object(var spec)? = members["spec"] else {
            return output
        }
        for name in ["supportsNormalization", "supportsDBT"] where spec[ExactText(name)] == .bool(false) {
            spec[ExactText(name)] = nil
        }
        if spec["supported_destination_sync_modes"] == .array([]) {
            spec["supported_destination_sync_modes"] = nil
        }
        members["spec"] = .object(spec)
        return .object(members)
    }

    /// The console: JSON events, one a line.
    fileprivate mutating func compareConsole(_ console: String, _ errors: String, _ testCase: CorpusCase) {
        if !errors.isEmpty { report("standard error: \(errors.prefix(400))") }
        let events = console.split(separator: "\n").compactMap { line in
            do {
                return try ExactJSON(parsing: String(line))
            } catch {
                report("console: \(error): \(line.prefix(200))")
                return nil
            }
        }
        if let expected = testCase.expected.connectorLog {
            let actor = testCase.isDestination ? "destination" : "source"
            let lines = events.filter { $0["logSource"].text == actor }.map { event in
                ExactJSON.string(ExactText("\(event["level"].text ?? "") \(event["message"].text ?? "")"))
            }
            compare(expected, .array(lines), at: "connector's log: ")
        }
        if let expected = testCase.expected.warnings {
            let warnings = events.filter { $0["logSource"].text == "platform" && $0["level"].text == "WARN" }
            compare(expected, .array(warnings.map { $0["message"] }), at: "warnings: ")
        }
        for text in testCase.expected.consoleLacks where console.contains(text) {
            report("console: \"\(text)\" is in it")
        }
    }
}
