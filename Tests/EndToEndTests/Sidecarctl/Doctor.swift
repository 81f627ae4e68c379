import Foundation
import StoragePeers

/// Runs `sidecarctl doctor` with settings of the test's own, and reads what it has found.
final class Doctor {
    static let input = """
        {"workloadId": "w-1", "operationType": "CHECK",
         "integrationLauncherConfig": {"dockerImage": "airbyte/source-x:1.2.3"},
         "checkConnectionInput": {"actorType": "source", "connectionConfiguration": {}}}
        """

    /// What one run has found.
    struct Checkup {
        let status: Int32
        /// Both outputs.
        let output: String
        let json: JSON

        /// What is said with that status, by that check if one is named: text and advice.
        func all(_ status: String, _ check: String? = nil) -> [String] {
            json["findings"].elements.filter {
                $0["status"].text == status && (check == nil || $0["check"].text == check)
            }
            .map { [$0["text"].text, $0["advice"].text].compactMap { $0 }.joined(separator: "; ") }
        }

        /// Whether one line has all of the texts.
        func has(_ status: String, _ check: String, _ texts: String...) -> Bool {
            all(status, check).contains { line in texts.allSatisfy { line.contains($0) } }
        }

        /// `VALUE (SOURCE)`
        func setting(_ name: String) -> String? {
            let setting = json["settings"].elements.first { $0["name"].text == name }
            return setting.map { "\($0["value"].text ?? "") (\($0["source"].text ?? ""))" }
        }
    }

    let tool: Sidecarctl
    var environment: [String: String]
    private let controlPlane: ControlPlane?
    private var children: [ChildProcess] = []

    /// The workspace is an empty folder.
    init(_ tool: Sidecarctl, controlPlane: ControlPlane? = nil) throws {
        self.tool = tool
        self.controlPlane = controlPlane
        environment = ["AIRBYTE_CONFIG_DIR": tool.file("ws")]
        environment["WORKLOAD_API_HOST"] = controlPlane?.baseURL
        environment["INTERNAL_API_HOST"] = controlPlane?.baseURL
        try FileManager.default.createDirectory(atPath: tool.file("ws"), withIntermediateDirectories: true)
    }

    /// With a control plane, whose documents the doctor must not break.
    static func with(_ arguments: [String] = [], _ body: (Doctor) async throws -> Void) async throws {
        try await Pod.withControlPlane(arguments) { controlPlane, folder in
            let doctor = try Doctor(Sidecarctl(folder: folder), controlPlane: controlPlane)
            do {
                try await body(doctor)
                await doctor.stop()
            } catch {
                await doctor.stop()
                throw error
            }
        }
    }

    private func stop() async {
        for child in children { await child.stop() }
    }

    func run(_ arguments: [String] = [], launcher: [String] = []) async throws -> Checkup {
        let child = try tool.start(
            ["doctor", "--json"] + arguments,
            launcher: launcher,
            environment: environment
        )
        let status = await child.exitCode
        guard let json = try? JSON(parsing: child.output) else {
            throw Trouble("\(status): \(child.output)\(child.errorOutput)")
        }
        return Checkup(status: status, output: child.output + child.errorOutput, json: json)
    }

    /// A command line that mounts a tmpfs as the workspace, for the command that follows alone. Needs root.
    ///
    /// - Parameter script: a shell's, before the command starts.
    static func mounted(_ options: String, then script: String = "") -> [String] {
        let mount = #"mount -t tmpfs \#(options) tmpfs "$AIRBYTE_CONFIG_DIR"; \#(script) exec "$0" "$@""#
        return ["/usr/bin/unshare", "--mount", "/bin/sh", "-ec", mount]
    }

    // MARK: Servers

    func useTokens(secret: String = "correct-horse-battery-staple") {
        environment["CONTROL_PLANE_TOKEN_ENDPOINT"] = "\(controlPlane?.baseURL ?? "")/api/v1/dataplanes/token"
        environment["DATAPLANE_CLIENT_ID"] = "dataplane-7"
        environment["DATAPLANE_CLIENT_SECRET"] = secret
    }

    func use(_ service: StorageService, at origin: String, bucket: String) throws {
        environment.merge(try service.environment(at: origin, bucket: bucket, in: tool.folder)) { $1 }
    }

    /// Makes requests to the control plane go wrong.
    func plant(_ fault: String) async throws { try await controlPlane?.addFault(fault) }

    /// Puts TLS in front of the control plane. Returns the port.
    func startRelay(_ certificate: URL) async throws -> Int {
        let relay = try ChildProcess(
            Project.path("Tests/EndToEndTests/Fixtures/relay.py"),
            ["127.0.0.1", "\(controlPlane?.port ?? 0)", certificate.path],
            environment: ["PATH": "/usr/bin:/bin"],
            log: tool.folder.appendingPathComponent("relay.log")
        )
        children.append(relay)
        guard try await relay.waitForOutput("\n"),
            let port = Int(relay.output.trimmingCharacters(in: .whitespacesAndNewlines))
        else { throw Trouble(relay.output) }
        return port
    }

    /// Starts a name server that knows no name, and returns a command line that has the command that follows ask it alone.
    /// Needs root.
    func startNameServer() async throws -> [String] {
        try tool.write("{}", to: "zone.json")
        let server = try ChildProcess(
            Project.path("Tests/EndToEndTests/Fixtures/name_server.py"),
            [tool.file("zone.json"), tool.file("questions.log")],
            environment: ["PATH": "/usr/bin:/bin"],
            log: tool.folder.appendingPathComponent("name-server.log")
        )
        children.append(server)
        guard try await server.waitForOutput("\n") else { throw Trouble(server.output) }
        let address = server.output.trimmingCharacters(in: .whitespacesAndNewlines)
        try tool.write("nameserver \(address)\n", to: "resolv.conf")
        let mount = #"mount --bind "$0" /etc/resolv.conf; exec "$@""#
        return ["/usr/bin/unshare", "--mount", "/bin/sh", "-ec", mount, tool.file("resolv.conf")]
    }

    /// The names of what is in a folder, hidden ones too.
    func files(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: tool.file(folder)).sorted()
    }
}

extension StorageService {
    /// A new bucket.
    func makeBucket() throws -> String {
        let name = "doctor-\(UUID().uuidString.lowercased())"
        switch self {
        case .s3: try S3Server.shared.get().control(#"{"buckets": ["\#(name)"]}"#)
        case .gcs: try GCSServer.shared.get().makeBucket(name)
        case .azure: try AzureBlobServer.shared.get().control(#"{"containers": ["\#(name)"]}"#)
        }
        return name
    }

    /// The keys of what is in a bucket.
    func keys(in bucket: String) throws -> [String] {
        switch self {
        case .s3: try S3Server.shared.get().keys(bucket: bucket)
        case .gcs: try GCSServer.shared.get().keys(bucket: bucket)
        case .azure: try AzureBlobServer.shared.get().keys(container: bucket)
        }
    }
}
