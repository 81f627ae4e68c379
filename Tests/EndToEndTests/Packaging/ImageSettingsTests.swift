import Foundation
import Testing

/// Settings that are baked into an image.
@Suite struct ImageSettingsTests {
    @Test func settingsFileIsPutIntoTheImage() async throws {
        let shared = try await ContainerImage.shared
        try await ScratchFolder.with { scratch in
            // The packages of the base were fetched before.
            try FileManager.default.copyItem(atPath: shared.packages.path, toPath: scratch.path("packages"))
            try Data("LOG_LEVEL=DEBUG\n".utf8).write(to: URL(fileURLWithPath: scratch.path("settings.env")))
            try await scratch.output([
                Project.path("scripts/image"), "--binary", Project.release, "--reuse-base", "--output",
                scratch.url.path,
                "--settings", scratch.path("settings.env"),
            ])
            let image = ContainerImage(folder: scratch.url)
            try await Pod.with("check") { pod in
                pod.environment["LOG_LEVEL"] = nil
                let container = try pod.startContainer(
                    image,
                    ["/app/airbyte-app/bin/airbyte-connector-sidecar"]
                )
                try pod.startConnector(.sampleSource)
                let outcome = try await pod.outcome(of: container.process)
                #expect(outcome.exitCode == 0 && outcome.console.contains(" DEBUG "), "\(outcome)")
            }
        }
    }

    /// The same with a container engine, from the file that deploy/ has for it.
    @Test func containerfileMakesAnImageWithTheSettings() async throws {
        try await Pod.with("check") { pod in
            // For its podman, which has the image.
            let podman = try await pod.startPodman(.script("line still here\nsleep 300"), .standard)
            #expect(try await podman.process.waitForOutput("still here"))
            let folder = Project.path("deploy/settings")
            let build = try documented(
                "podman build --build-arg IMAGE=registry.example.com/airbyte-connector-sidecar:dev --tag registry.example.com/airbyte-connector-sidecar:dev-settings deploy/settings",
                [
                    "IMAGE=registry.example.com/airbyte-connector-sidecar:dev ":
                        "IMAGE=localhost/airbyte-connector-sidecar:pod ",
                    "registry.example.com/airbyte-connector-sidecar:dev-settings": "localhost/settings",
                    "deploy/settings": folder,
                ]
            )
            _ = try await podman.podman(build.split(separator: " ").dropFirst().map(String.init))
            let text = try await podman.podman(
                "run",
                "--rm",
                "--network",
                "host",
                "--entrypoint",
                "busybox",
                "localhost/settings",
                "cat",
                "/etc/airbyte-connector-sidecar/settings.env"
            )
            let expected = try String(contentsOfFile: "\(folder)/settings.env", encoding: .utf8)
            #expect(text == expected.trimmingCharacters(in: .whitespacesAndNewlines))
            podman.process.send(SIGTERM)
            _ = try await pod.outcome(of: podman.process)
        }
    }
}
