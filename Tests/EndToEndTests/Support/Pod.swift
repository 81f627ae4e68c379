import Foundation
import Testing

/// Which of the loop's drivers the sidecar uses.
enum Backend: String, CaseIterable, Sendable {
    case ioUring = "io_uring"
    case epoll
}

/// The connector that runs in the main container.
enum Connector: Sendable {
    /// `demo/connectors/sample_source`, which needs `host` and `api_key`.
    case sampleSource
    /// `demo/connectors/scripted_connector` with these steps, one a line.
    case script(String)
    /// Any command.
    case command(String)
}

/// A pod without Kubernetes: a workspace, a control plane, a main container and a sidecar.
final class Pod {
    static let workloadID = "workload-1"
    static let goodConfig = #"{"host": "api.example.com", "api_key": "correct-horse"}"#

    let folder: URL
    let controlPlane: ControlPlane
    /// What the sidecar is started with; tests add to it.
    var environment: [String: String]
    /// What stands in front of the sidecar's command, such as strace.
    var launcher: [String] = []
    /// The same for the main container's command.
    var mainLauncher: [String] = []
    private var children: [ChildProcess] = []

    /// Makes the pod, hands it to the test and cleans up, whatever happens. Every request of every test is checked
    /// against the APIs' own documents: what the control plane found wrong fails the test.
    ///
    /// - Parameters:
    ///   - volume: a folder of the file system on which the workspace is to be.
    ///   - onViolation: for a test that provokes some.
    static func with<Result>(
        _ operation: String,
        config: String = Pod.goodConfig,
        backend: Backend = .epoll,
        controlPlane: [String] = [],
        input: [String] = [],
        on volume: URL = FileManager.default.temporaryDirectory,
        onViolation: (JSON) -> Void = Pod.recordIssue,
        _ body: (Pod) async throws -> Result
    ) async throws -> Result {
        try await PodSlots.shared.withSlot {
            let pod = try await Pod(
                operation,
                config: config,
                backend: backend,
                controlPlane: controlPlane,
                input: input,
                volume: volume
            )
            do {
                let result = try await body(pod)
                try await pod.controlPlane.violations().forEach(onViolation)
                pod.checkNothingWasRefused()
                await pod.remove()
                return result
            } catch {
                await pod.remove()
                throw error
            }
        }
    }

    static func recordIssue(_ violation: JSON) {
        Issue.record("a request broke its API's document: \(violation)")
    }

    /// A control plane alone, and a folder that is removed afterwards, for tests that make their own workspaces.
    static func withControlPlane<Result>(
        _ arguments: [String] = [],
        _ body: (ControlPlane, URL) async throws -> Result
    ) async throws -> Result {
        try await PodSlots.shared.withSlot {
            let folder = try makeFolder()
            let controlPlane = try await ControlPlane.start(arguments, folder: folder)
            do {
                let result = try await body(controlPlane, folder)
                try await controlPlane.violations().forEach(recordIssue)
                await controlPlane.stop()
                try? FileManager.default.removeItem(at: folder)
                return result
            } catch {
                await controlPlane.stop()
                try? FileManager.default.removeItem(at: folder)
                throw error
            }
        }
    }

    private static func makeFolder(on volume: URL = FileManager.default.temporaryDirectory) throws -> URL {
        let folder = volume.appendingPathComponent("sidecar-pod-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    private init(
        _ operation: String,
        config: String,
        backend: Backend,
        controlPlane arguments: [String],
        input: [String],
        volume: URL
    ) async throws {
        folder = try Self.makeFolder(on: volume)
        // As a volume that is mounted: nobody else makes it.
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("storage"),
            withIntermediateDirectories: true
        )
        let configFile = folder.appendingPathComponent("config.json")
        try Data(config.utf8).write(to: configFile)
        controlPlane = try await ControlPlane.start(arguments, folder: folder)
        environment = [
            // Where a test's writer is gone for long only because the machine is busy.
            "SIDECAR_LOST_CONNECTOR_GRACE_SECONDS": "300",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "AIRBYTE_CONFIG_DIR": folder.appendingPathComponent("workspace").path,
            "WORKLOAD_API_HOST": controlPlane.baseURL,
            "INTERNAL_API_HOST": controlPlane.baseURL,
            "SIDECAR_IO_BACKEND": backend.rawValue,
            "SIDECAR_HEARTBEAT_INTERVAL_SECONDS": "0.3",
            "WORKLOAD_API_RETRY_DELAY_SECONDS": "0.1",
            "AIRBYTE_API_RETRY_DELAY_SECONDS": "0.1",
        ]
        let inputs = try ChildProcess(
            Project.path("scripts/prepare-workspace"),
            [workspace.path, operation, "--config", configFile.path, "--workload", Self.workloadID] + input,
            environment: ["PATH": "/usr/bin:/bin"],
            log: folder.appendingPathComponent("prepare.log")
        )
        guard await inputs.exitCode == 0 else { throw Trouble(inputs.output) }
        self.operation = operation
    }

    private var operation = ""

    var workspace: URL { folder.appendingPathComponent("workspace") }

    /// The folder of `STORAGE_TYPE=LOCAL`.
    var localStorage: URL { folder.appendingPathComponent("storage") }

    func useLocalStorage() {
        environment["STORAGE_TYPE"] = "LOCAL"
        environment["SIDECAR_LOCAL_STORAGE_ROOT"] = localStorage.path
    }

    /// Gives the pod local storage that takes nothing of that kind: a file stands where the folder would be.
    func useLocalStorage(withoutRoomFor name: String) throws {
        useLocalStorage()
        try Data().write(to: localStorage.appendingPathComponent(name))
    }

    /// For tests of the delivery itself: with early deliveries, the number of attempts depends on when the connector ends.
    func deliversAtTheEnd() {
        environment["SIDECAR_EAGER_DELIVERY"] = "false"
    }

    /// Starts the main container with the connector.
    @discardableResult
    func startConnector(_ connector: Connector) throws -> ChildProcess {
        let command =
            switch connector {
            case .sampleSource: Project.path("demo/connectors/sample_source")
            case .command(let command): command
            case .script(let steps):
                "\(Project.path("demo/connectors/scripted_connector")) \(try scenario(steps).path)"
            }
        let main = mainLauncher + [Project.path("scripts/main-container"), operation]
        let child = try ChildProcess(
            main[0],
            Array(main.dropFirst()),
            environment: [
                "PATH": "/usr/local/bin:/usr/bin:/bin", "AIRBYTE_CONFIG_DIR": workspace.path,
                "AIRBYTE_ENTRYPOINT": command, "TERMINATION_CHECK_INTERVAL_SECONDS": "0.05",
            ],
            log: folder.appendingPathComponent("main.log")
        )
        children.append(child)
        return child
    }

    /// Starts the program under test.
    func startSidecar() throws -> ChildProcess {
        try startSidecar(command: launcher + [Project.sidecar])
    }

    /// Starts the program under test by another command.
    func startSidecar(command: [String]) throws -> ChildProcess {
        let child = try ChildProcess(
            command[0],
            Array(command.dropFirst()),
            environment: environment,
            log: folder.appendingPathComponent("sidecar.log"),
            errors: folder.appendingPathComponent("sidecar.err")
        )
        children.append(child)
        return child
    }

    /// Starts another program, which ends with the pod at the latest.
    func start(_ program: String, _ arguments: [String], log: String) throws -> ChildProcess {
        let child = try ChildProcess(
            program,
            arguments,
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHONUNBUFFERED": "1"],
            log: folder.appendingPathComponent(log)
        )
        children.append(child)
        return child
    }

    /// Starts both and waits for the sidecar's end.
    func run(_ connector: Connector) async throws -> Outcome {
        let sidecar = try startSidecar()
        try startConnector(connector)
        return try await outcome(of: sidecar)
    }

    /// Waits for the sidecar's end and gathers what it left.
    func outcome(of sidecar: ChildProcess) async throws -> Outcome {
        let exitCode = await sidecar.exitCode
        return Outcome(
            exitCode: exitCode,
            console: sidecar.output,
            errors: sidecar.errorOutput,
            requests: try await controlPlane.requests(),
            violations: try await controlPlane.violations(),
            isMarked: exists("TERMINATED")
        )
    }

    func exists(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: workspace.appendingPathComponent(name).path)
    }

    func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: workspace.appendingPathComponent(name)), as: UTF8.self)
    }

    /// Writes a file into the workspace; with a rename where it is to appear whole.
    func write(_ text: String, to name: String, byRename: Bool = false) throws {
        try Data(text.utf8).write(
            to: workspace.appendingPathComponent(name),
            options: byRename ? .atomic : []
        )
    }

    /// The start of a command line that runs a program as another user without capabilities. The workspace is everybody's
    /// then, as an `emptyDir` is.
    func asUser(_ user: uid_t) throws -> [String] {
        guard geteuid() == 0 else { throw Trouble("only root can start programs as other users") }
        for folder in [folder.path, workspace.path] where chmod(folder, 0o777) != 0 {
            throw Trouble("\(folder) cannot be opened up")
        }
        return ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", "--"]
    }

    /// What an entry of the workspace is, links not followed; nil where there is none.
    func information(_ name: String) -> stat? {
        var information = stat()
        return lstat(workspace.appendingPathComponent(name).path, &information) == 0 ? information : nil
    }

    private func scenario(_ steps: String) throws -> URL {
        let file = folder.appendingPathComponent("scenario.txt")
        try Data(steps.utf8).write(to: file)
        return file
    }

    /// The list of the sidecar's system calls is complete: none of its own is ever refused.
    private func checkNothingWasRefused() {
        let log = folder.appendingPathComponent("sidecar.log")
        let text = (try? String(decoding: Data(contentsOf: log), as: UTF8.self)) ?? ""
        for line in text.split(separator: "\n")
        where line.contains("the sidecar's own filter does not list it") {
            Issue.record("\(line)")
        }
    }

    private func remove() async {
        for child in children { await child.stop() }
        await controlPlane.stop()
        try? FileManager.default.removeItem(at: folder)
    }
}

/// What a workload left behind.
struct Outcome: CustomStringConvertible {
    var exitCode: Int32
    /// The sidecar's standard output.
    var console: String
    /// The sidecar's standard error.
    var errors: String
    /// What the control plane received, in order.
    var requests: [JSON]
    var violations: [JSON]
    /// Whether `TERMINATED` is there.
    var isMarked: Bool

    /// The names of the calls that were answered, heartbeats left out, since their number is a matter of time.
    var calls: [String] { requests.compactMap { $0["call"].text }.filter { $0 != "heartbeat" } }

    func requests(_ call: String) -> [JSON] { requests.filter { $0["call"].text == call } }

    /// The job output as it went through the server API.
    var output: JSON {
        guard let text = requests("output").last?["body"]["output"].text else { return .null }
        return (try? JSON(parsing: text)) ?? .null
    }

    var description: String {
        let lines = requests.map { "\($0["method"].text ?? "") \($0["path"].text ?? "") → \($0["status"])" }
        return "exit \(exitCode)\n\(console)\(errors)\n\(lines.joined(separator: "\n"))"
    }
}

/// So many pods at once: the machines that run the tests have two cores.
private actor PodSlots {
    static let shared = PodSlots(count: 4)
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(count: Int) {
        free = count
    }

    nonisolated func withSlot<Result>(_ body: () async throws -> Result) async throws -> Result {
        await take()
        do {
            let result = try await body()
            await giveBack()
            return result
        } catch {
            await giveBack()
            throw error
        }
    }

    private func take() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    private func giveBack() {
        if waiting.isEmpty {
            free += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}
