import Foundation
import Testing

/// The files of `deploy/` that are not run under podman.
@Suite struct ManifestTests {
    @Test func manifestsFitPublishedSchemas() async throws {
        try await ScratchFolder.with { scratch in
            let checker = try await scratch.checker()
            let script = Project.path("Tests/EndToEndTests/Fixtures/deploy/check_manifests.py")
            let result = try await scratch.run([checker, script, Project.path("deploy")])
            #expect(result.exitCode == 0 && !result.output.contains("FAIL"), "\(result.output)")
            for kind in ["Pod ", "NetworkPolicy ", "ClusterPolicy ", "MutatingAdmissionPolicy "] {
                #expect(result.output.contains("ok   \(kind)"), "\(result.output)")
            }
        }
    }

    @Test func seccompProfileFitsTheProgramsFilter() async throws {
        try await ScratchFolder.with { scratch in
            _ = try await scratch.output([Project.path("scripts/seccomp-profile"), "--check"])
        }
    }

    /// The example is a settings file that the sidecar starts with.
    @Test func exampleSettingsAreAccepted() async throws {
        try await Pod.with("check") { pod in
            pod.environment["SIDECAR_SETTINGS_FILE"] = Project.path("deploy/settings/settings.env")
            // Its receiver is in a cluster.
            pod.environment["OTEL_COLLECTOR_ENDPOINT"] = "\(pod.controlPlane.baseURL)/_admin/requests"
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(!outcome.console.contains("cannot be used"), "\(outcome)")
        }
    }

    /// Every file that the roll-out's document names is there.
    @Test func documentNamesWhatThereIs() throws {
        let document = try String(contentsOfFile: Project.path("deploy/README.md"), encoding: .utf8)
        let paths = document.matches(of: /(?:^|[\s(])((?:deploy|scripts|docs)\/[\w.\/-]*\w)/).map {
            String($0.1)
        }
        let rows = document.matches(of: /\n\| (`[^|]*`) \|/).flatMap { row in
            row.1.matches(of: /`([\w.-]+\/?)`/).map { "deploy/\($0.1)" }
        }
        #expect(paths.count > 10 && rows.count > 5, "\(paths) \(rows)")
        for path in Set(paths + rows) {
            #expect(FileManager.default.fileExists(atPath: Project.path(path)), "\(path)")
        }
    }
}
