import Foundation
import FoundationNetworking

/// The control plane in a box, `demo/control-plane/control_plane.py`, and its admin interface.
struct ControlPlane {
    let baseURL: String
    let process: ChildProcess
    private let session = URLSession(configuration: .ephemeral)

    /// Starts one on a free port and waits until it listens.
    static func start(_ arguments: [String], folder: URL) async throws -> ControlPlane {
        let log = folder.appendingPathComponent("control-plane.log")
        let process = try ChildProcess(
            "/usr/bin/python3",
            [Project.path("demo/control-plane/control_plane.py"), "--auto-create"] + arguments,
            environment: ["PYTHONUNBUFFERED": "1", "PATH": "/usr/bin:/bin"],
            log: log
        )
        let greeting = "listening on "
        guard try await process.waitForOutput("\n") else { throw Trouble(process.output) }
        let line = process.output.split(separator: "\n").first ?? ""
        guard line.hasPrefix(greeting) else { throw Trouble("no greeting: \(process.output)") }
        return ControlPlane(baseURL: String(line.dropFirst(greeting.count)), process: process)
    }

    private init(baseURL: String, process: ChildProcess) {
        self.baseURL = baseURL
        self.process = process
    }

    var port: Int { baseURL.split(separator: ":").last.flatMap { Int($0) } ?? 0 }

    func stop() async {
        session.invalidateAndCancel()
        await process.stop()
    }

    // MARK: The admin interface

    /// Makes requests go wrong; the rule is JSON as `faults.py` describes it.
    func addFault(_ rule: String) async throws {
        _ = try await admin("POST", "faults", body: rule)
    }

    func removeFaults() async throws {
        _ = try await admin("DELETE", "faults")
    }

    func cancelWorkload() async throws {
        _ = try await admin("POST", "workloads/\(Pod.workloadID)/cancel", body: "{}")
    }

    func createWorkload(state: String) async throws {
        _ = try await admin("POST", "workloads", body: #"{"id": "\#(Pod.workloadID)", "state": "\#(state)"}"#)
    }

    /// What was received, in order.
    func requests(_ call: String? = nil) async throws -> [JSON] {
        let query = call.map { "?call=\($0)" } ?? ""
        return try JSON(parsing: try await admin("GET", "requests\(query)")).elements
    }

    /// What broke the API's own documents.
    func violations() async throws -> [JSON] {
        try JSON(parsing: try await admin("GET", "violations")).elements
    }

    /// What was received of a workload, in order; numbers keep every digit, and long bodies are there.
    func exactRequests(of workload: String) async throws -> [ExactJSON] {
        let listed = try ExactJSON(parsing: try await admin("GET", "requests?workload=\(workload)")).elements
        var requests: [ExactJSON] = []
        for request in listed {
            guard case .object(var members) = request, request["bodyListed"] == .bool(false),
                case .number(let number) = request["number"]
            else {
                requests.append(request)
                continue
            }
            members["body"] = try ExactJSON(parsing: try await admin("GET", "requests/\(number)/body"))
            requests.append(.object(members))
        }
        return requests
    }

    /// What a workload's requests broke of the API's own documents.
    func violations(of workload: String) async throws -> [ExactJSON] {
        try ExactJSON(parsing: try await admin("GET", "violations?workload=\(workload)")).elements
    }

    /// Sends a request as a sidecar would, and returns the answer's status.
    func send(_ method: String, _ path: String, body: String) async throws -> Int {
        guard let url = URL(string: "\(baseURL)\(path)") else { throw Trouble("bad URL for \(path)") }
        var request = URLRequest(url: url)
        request.httpMethod = method
        request.httpBody = Data(body.utf8)
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        let (_, response) = try await session.data(for: request)
        return (response as? HTTPURLResponse)?.statusCode ?? 0
    }

    func workloadState() async throws -> String? {
        try JSON(parsing: try await admin("GET", "workloads/\(Pod.workloadID)"))["state"].text
    }

    /// The document that the server API stored.
    func storedOutput() async throws -> String {
        try await admin("GET", "outputs/\(Pod.workloadID)")
    }

    /// The workloads whose outputs the server API has stored.
    func outputIDs() async throws -> [JSON] {
        try JSON(parsing: try await admin("GET", "outputs")).elements
    }

    /// The request's body that handed over a catalog, as it came.
    func catalogRequest(_ id: String) async throws -> Data {
        Data(try await admin("GET", "catalogs/\(id)").utf8)
    }

    /// Waits until a call was answered so many times, with that status where one is given.
    func wait(for call: String, count: Int = 1, status: Int? = nil) async throws {
        let status = status.map { "&status=\($0)" } ?? ""
        _ = try await admin("GET", "wait?call=\(call)&count=\(count)&timeout=60\(status)")
    }

    /// Waits until a call has arrived, answered or not.
    func waitForArrival(of call: String) async throws {
        _ = try await admin("GET", "wait?call=\(call)&received=1&timeout=60")
    }

    private func admin(_ method: String, _ path: String, body: String? = nil) async throws -> String {
        guard let url = URL(string: "\(baseURL)/_admin/\(path)") else { throw Trouble("bad URL for \(path)") }
        var request = URLRequest(url: url)
        request.httpMethod = method
        request.httpBody = body.map { Data($0.utf8) }
        request.timeoutInterval = 90
        let (data, response) = try await session.data(for: request)
        let text = String(decoding: data, as: UTF8.self)
        guard let status = (response as? HTTPURLResponse)?.statusCode, (200..<300).contains(status) else {
            throw Trouble("\(method) \(path): \(text)\n\(process.output)")
        }
        return text
    }
}

/// Something that a test needs went wrong.
struct Trouble: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Where things are.
enum Project {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    static func path(_ relative: String) -> String { root + "/" + relative }

    /// The program under test: what was built beside the tests, or what `SIDECAR_BINARY` names.
    static let sidecar: String =
        ProcessInfo.processInfo.environment["SIDECAR_BINARY"]
        ?? beside("airbyte-connector-sidecar")

    /// A program that was built beside the tests.
    static func beside(_ name: String) -> String {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent(name).path
    }

    /// What `scripts/release` has built. `scripts/test` says where; by itself, the script leaves it in `.build`.
    static let release: String =
        ProcessInfo.processInfo.environment["SIDECAR_RELEASE"]
        ?? path(".build/static/program/airbyte-connector-sidecar")
}
