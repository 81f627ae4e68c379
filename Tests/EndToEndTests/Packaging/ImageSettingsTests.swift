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
}
