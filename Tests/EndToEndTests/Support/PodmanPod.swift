import Foundation

/// How the containers of a pod are confined.
enum Confinement: CaseIterable, Sendable {
    /// What Kubernetes does where nothing is asked for: the connector is root, the sidecar is its image's user.
    case standard
    /// User 1000 everywhere, no capabilities, read-only root file systems, 16 MiB of memory for the sidecar.
    case hardened

    fileprivate var options: [String] { self == .hardened ? ["--hardened"] : [] }
}

extension Pod {
    /// Starts the job in a real pod: `scripts/run-pod`. When it has ended, the volume's files are in `workspace`.
    ///
    /// - Parameter options: further options of the script.
    func startPodman(
        _ connector: Connector,
        _ confinement: Confinement,
        _ options: [String] = []
    ) async throws -> PodmanPod {
        let image = try await ContainerImage.shared
        let things = folder.appendingPathComponent("podman").path
        // The launcher decides on the workspace, the seccomp profile on the loop's driver.
        let others = ["PATH", "AIRBYTE_CONFIG_DIR", "SIDECAR_IO_BACKEND"]
        let names = environment.keys.filter { !others.contains($0) }
        var command = [Project.path("scripts/run-pod"), "--folder", things, "--check-interval", "0.5"]
        command += ["--image", "\(image.layout.path):dev"]
        command += confinement.options + options + names.sorted().flatMap { ["--env", $0] }
        command += [workspace.path, try podmanCommand(connector)]
        return PodmanPod(
            process: try startSidecar(command: command),
            podman: things + "/podman",
            folder: folder
        )
    }

    /// The connector's command in the main container, which sees the project and the workspace's files.
    private func podmanCommand(_ connector: Connector) throws -> String {
        switch connector {
        case .sampleSource: return Project.path("demo/connectors/sample_source")
        case .command(let command): return command
        case .script(let steps):
            try write(steps, to: "scenario.txt")
            return Project.path("demo/connectors/scripted_connector") + " scenario.txt"
        }
    }
}

/// A pod that podman runs.
struct PodmanPod {
    /// `scripts/run-pod`: its output is the sidecar's, and so is its exit code. SIGTERM stops the pod.
    let process: ChildProcess
    /// podman for this pod.
    fileprivate let podman: String
    /// Takes the outputs of podman's commands.
    fileprivate let folder: URL

    /// Kills every process of the main container, as the kernel does that is out of memory.
    ///
    /// - Returns: when it was done.
    func killMain() async throws -> Date {
        _ = try await podman("kill", "--signal", "KILL", "job-main")
        return Date()
    }

    /// The bytes of memory that the kernel allows the sidecar's container, read from its cgroup.
    func sidecarMemoryLimit() async throws -> Int? {
        let cgroup = try await podman("inspect", "job-connector-sidecar", "--format", "{{.State.CgroupPath}}")
        // The two versions of the hierarchy.
        let files = ["memory\(cgroup)/memory.limit_in_bytes", "\(cgroup)/memory.max"]
        let texts = files.compactMap { try? String(contentsOfFile: "/sys/fs/cgroup/\($0)", encoding: .utf8) }
        return texts.first.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    /// What one of podman's commands prints.
    func podman(_ arguments: String...) async throws -> String { try await podman(arguments) }

    func podman(_ arguments: [String]) async throws -> String {
        let file = folder.appendingPathComponent("podman-\(UUID().uuidString).log")
        let child = try ChildProcess(podman, arguments, environment: ["PATH": "/usr/bin:/bin"], log: file)
        guard await child.exitCode == 0 else { throw Trouble("podman \(arguments): \(child.output)") }
        return child.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
