import AirbyteProtocol

/// What `sidecarInput.json` says about this workload, as far as the sidecar needs it.
package struct SidecarInput: Sendable {
    package var workloadID: String
    package var operation: Operation
    /// Where the job's logs belong; empty where none was given.
    package var logPath: String
    package var connectorKind: ConnectorKind
    package var launcher: Launcher
    /// The source's or destination's id; absent where it has not been saved yet, and for a SPEC.
    package var actorID: String?
    /// The connector's configuration. It holds secrets in plain text and must never be shown.
    package var connectorConfiguration: JSONValue?
    /// Present for a DISCOVER.
    package var discover: Discover?

    /// `integrationLauncherConfig`, every member of which can be absent.
    package struct Launcher: Hashable, Sendable {
        package var jobID: String?
        package var attemptID: String?
        package var dockerImage: String?
    }

    /// What a discover's result is written with.
    package struct Discover: Hashable, Sendable {
        /// Empty when unknown.
        package var connectorVersion: String
        package var configHash: String?
        /// True when this discover runs within a sync.
        package var isWithinSync: Bool
    }

    /// Parses the bytes of `sidecarInput.json`. Unknown members are ignored.
    package init(parsing bytes: [UInt8]) throws(SidecarInputError) {
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(parsing: bytes)
        } catch {
            throw SidecarInputError(workloadID: nil, problem: "is not JSON: \(error)")
        }
        guard document.root.kind == .object else {
            throw SidecarInputError(workloadID: nil, problem: "is not a JSON object")
        }
        let root = Members(value: document.root, path: "", workloadID: nil)
        guard let workloadID = try root.text("workloadId"), !workloadID.isEmpty else {
            throw SidecarInputError(workloadID: nil, problem: "lacks workloadId")
        }
        self.workloadID = workloadID
        let known = Members(value: document.root, path: "", workloadID: workloadID)
        operation = try Self.operation(known)
        logPath = try known.text("logPath") ?? ""
        let launcherConfig = try known.object("integrationLauncherConfig")
        launcher = Launcher(
            jobID: try launcherConfig?.scalar("jobId"),
            attemptID: try launcherConfig?.scalar("attemptId"),
            dockerImage: try launcherConfig?.text("dockerImage")
        )
        let check = try known.object("checkConnectionInput")
        let discoverInput = try known.object("discoverCatalogInput")
        connectorKind = try Self.connectorKind(
            check: check,
            discover: discoverInput,
            dockerImage: launcher.dockerImage
        )
        switch operation {
        case .spec:
            break
        case .check:
            actorID = try check?.text("actorId").flatMap { $0.isEmpty ? nil : $0 }
            connectorConfiguration = try check?.object("connectionConfiguration")?.value
        case .discover:
            guard let discoverInput else {
                throw known.problem("lacks discoverCatalogInput, which a DISCOVER needs")
            }
            // For a destination discover this member holds the destination's id.
            actorID = try discoverInput.text("sourceId")
            connectorConfiguration = try discoverInput.object("connectionConfiguration")?.value
            discover = try Self.discover(discoverInput)
        }
    }

    private static func operation(_ root: Members) throws(SidecarInputError) -> Operation {
        guard let name = try root.text("operationType") else { throw root.problem("lacks operationType") }
        guard let operation = Operation(rawValue: name.lowercased()) else {
            throw root.problem("has the operationType \(name), which is not one of: SPEC, CHECK, DISCOVER")
        }
        return operation
    }

    /// The kind that the input names, or else the kind that follows from the image's name.
    private static func connectorKind(
        check: Members?,
        discover: Members?,
        dockerImage: String?
    ) throws(SidecarInputError) -> ConnectorKind {
        let holders = [check, try check?.object("actorContext"), try discover?.object("actorContext")]
        for case let holder? in holders {
            if let name = try holder.text("actorType"), let kind = ConnectorKind(rawValue: name.lowercased())
            {
                return kind
            }
        }
        return dockerImage?.hasPrefix("airbyte/destination") == true ? .destination : .source
    }

    private static func discover(_ input: Members) throws(SidecarInputError) -> Discover {
        guard try input.text("sourceId")?.isEmpty == false else {
            throw input.problem("lacks discoverCatalogInput.sourceId")
        }
        return Discover(
            connectorVersion: try input.text("connectorVersion") ?? "",
            configHash: try input.text("configHash"),
            isWithinSync: try input.flag("manual") == false
        )
    }
}

extension SidecarInput {
    /// The largest accepted `sidecarInput.json`, in bytes: no known configuration has megabytes.
    package static let maxFileLength = 64 * 1_024 * 1_024

    /// The input of a workload of which only the operation is known.
    package init(operation: Operation, connectorKind: ConnectorKind) {
        workloadID = ""
        self.operation = operation
        logPath = ""
        self.connectorKind = connectorKind
        launcher = Launcher()
    }

    /// The members of every log event that identify its job.
    package var logContext: [(name: String, value: String)] {
        [
            ("workloadId", workloadID), ("jobId", launcher.jobID), ("attemptId", launcher.attemptID),
            ("operation", operation.rawValue), ("connectorImage", launcher.dockerImage), ("logPath", logPath),
        ].compactMap { name, value in value.map { (name, $0) } }
    }
}

/// Why `sidecarInput.json` cannot be used.
package struct SidecarInputError: Error, Hashable, Sendable {
    /// Known when at least that could be read: the workload can then be reported as failed.
    package var workloadID: String?
    /// Continues a sentence that begins with the file's name.
    package var problem: String

    package init(workloadID: String? = nil, problem: String) {
        self.workloadID = workloadID
        self.problem = problem
    }
}

/// Typed access to the members of an object; null counts as absent.
private struct Members {
    let value: JSONValue
    let path: String
    let workloadID: String?

    func problem(_ text: String) -> SidecarInputError {
        SidecarInputError(workloadID: workloadID, problem: text)
    }

    func text(_ name: String) throws(SidecarInputError) -> String? {
        guard let member = present(name) else { return nil }
        guard let string = member.string else { throw wrongType(name, wanted: "a string") }
        return string
    }

    /// A string or a number, as text: ids come as either.
    func scalar(_ name: String) throws(SidecarInputError) -> String? {
        guard let member = present(name) else { return nil }
        if member.kind == .number { return String(decoding: member.rawJSON, as: UTF8.self) }
        return try text(name)
    }

    func flag(_ name: String) throws(SidecarInputError) -> Bool? {
        guard let member = present(name) else { return nil }
        guard let flag = member.bool else { throw wrongType(name, wanted: "true or false") }
        return flag
    }

    func object(_ name: String) throws(SidecarInputError) -> Members? {
        guard let member = present(name) else { return nil }
        guard member.kind == .object else { throw wrongType(name, wanted: "an object") }
        return Members(value: member, path: path + name + ".", workloadID: workloadID)
    }

    private func present(_ name: String) -> JSONValue? {
        guard let member = value[member: name], member.kind != .null else { return nil }
        return member
    }

    private func wrongType(_ name: String, wanted: String) -> SidecarInputError {
        problem("has a \(path)\(name) that is not \(wanted)")
    }
}
