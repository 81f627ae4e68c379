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

    /// The same with a container engine: deploy/README.md.
    @Test func containerfileAddsTheSettings() async throws {
        let shared = try await ContainerImage.shared
        try await ScratchFolder.with { scratch in
            let name = "registry.example.com/airbyte-connector-sidecar"
            try Data(#"{"default":[{"type":"insecureAcceptAnything"}]}"#.utf8)
                .write(to: URL(fileURLWithPath: scratch.path("policy.json")))
            try await scratch.output([
                "/usr/bin/skopeo", "--policy", scratch.path("policy.json"), "copy", "--quiet",
                "oci:\(shared.layout.path):dev", "docker-archive:\(scratch.path("image.tar")):\(name):dev",
            ])
            let podman =
                "podman --root '\(scratch.path("root"))' --runroot '\(scratch.path("run"))' --storage-driver vfs"
            let build = try documented(
                "podman build --build-arg IMAGE=registry.example.com/airbyte-connector-sidecar:dev --tag registry.example.com/airbyte-connector-sidecar:dev-settings deploy/settings",
                [
                    "podman build": "\(podman) build --isolation chroot",
                    "deploy/settings": Project.path("deploy/settings"),
                ]
            )
            let script = """
                set -e
                \(podman) load --quiet --input '\(scratch.path("image.tar"))'
                \(build)
                folder=$(\(podman) image mount \(name):dev-settings)
                cmp "$folder/etc/airbyte-connector-sidecar/settings.env" '\(Project.path("deploy/settings/settings.env"))'
                \(podman) image unmount --all
                """
            try await scratch.output(["/bin/sh", "-c", script])
        }
    }
}
