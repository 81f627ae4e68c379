import Foundation
import Testing

/// The image's debug variant beside a running sidecar, as `kubectl debug --target=connector-sidecar` starts it.
@Suite(.serialized, .timeLimit(.minutes(20)))
struct DebugImageTests {
    private static let image = "localhost/airbyte-connector-sidecar:debug"

    /// A container that shares the sidecar's processes and the pod's network, and nothing else.
    private func debug(_ podman: PodmanPod, _ options: [String] = [], _ command: String...) async throws
        -> String
    {
        try await podman.podman(
            ["run", "--rm", "--pod", "job", "--pid", "container:job-connector-sidecar"] + options
                + ["--entrypoint", command[0], Self.image] + command.dropFirst()
        )
    }

    @Test func looksAtARunningPod() async throws {
        let layout = try await ContainerImage.shared.layout
        try await Pod.with("check") { pod in
            let podman = try await pod.startPodman(.script("line still here\nsleep 300"), .hardened)
            #expect(try await podman.process.waitForOutput("still here"))
            try await ScratchFolder.with { scratch in
                let archive = scratch.path("debug.tar")
                try await scratch.output([
                    "/usr/bin/skopeo", "copy", "--quiet", "oci:\(layout.path):dev-debug",
                    "docker-archive:\(archive):\(Self.image)",
                ])
                _ = try await podman.podman("load", "--quiet", "--input", archive)
            }

            // The job's verdict is not what counts here.
            let inspect = "sidecarctl inspect /proc/1/root/config || true"
            let text = try await debug(podman, [], "sh", "-c", inspect)
            #expect(text.contains("CHECK of") && text.contains("jobOutput.json: 11 bytes"), "\(text)")

            let variables = try await debug(podman, [], "as-sidecar", "busybox", "env")
            let lines = variables.split(separator: "\n")
            #expect(lines.contains("WORKLOAD_API_HOST=\(pod.controlPlane.baseURL)"), "\(variables)")
            #expect(lines.contains("AIRBYTE_CONFIG_DIR=/proc/1/root/config"), "\(variables)")

            let examine =
                "as-sidecar sidecarctl doctor --only configuration,workspace,workload-api,clock || true"
            let findings = try await debug(podman, [], "sh", "-c", examine)
            #expect(findings.contains("WORKLOAD_API_HOST = \(pod.controlPlane.baseURL)"), "\(findings)")
            #expect(findings.contains("/health was answered with 200"), "\(findings)")
            #expect(findings.contains("CHECK of"), "\(findings)")
            #expect(!findings.contains("cannot be used"), "\(findings)")

            // The sidecar itself lets nobody in, and root without SYS_PTRACE gets into nobody.
            let intoTheSidecar =
                "busybox ls /proc/$(busybox pidof airbyte-connector-sidecar)/root/ 2>&1 || true"
            #expect(try await debug(podman, [], "sh", "-c", intoTheSidecar).contains("Permission denied"))
            let root = ["--user", "0"]
            let intoProcess1 = "busybox ls /proc/1/root/ 2>&1 || true"
            #expect(try await debug(podman, root, "sh", "-c", intoProcess1).contains("Permission denied"))
            let tracer = root + ["--cap-add", "SYS_PTRACE"]
            #expect(try await debug(podman, tracer, "sh", "-c", intoTheSidecar).contains("config"))

            // Without --target, the processes are the debug container's own.
            let alone = [
                "run", "--rm", "--network", "host", "--entrypoint", "as-sidecar", Self.image, "true",
            ]
            do {
                _ = try await podman.podman(alone)
                Issue.record("as-sidecar has found a sidecar")
            } catch let trouble as Trouble {
                #expect(trouble.description.contains("--target=connector-sidecar"), "\(trouble)")
            }

            podman.process.send(SIGTERM)
            _ = try await pod.outcome(of: podman.process)
        }
    }
}
