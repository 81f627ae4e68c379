import Foundation
import Testing

/// Settings that the workload launcher does not pass on come from a file.
@Suite struct SettingsFileTests {
    /// Writes the file, and names it with what an `echo` would leave behind the name.
    private func use(_ pod: Pod, _ text: String) throws -> URL {
        let file = pod.folder.appendingPathComponent("settings.env")
        try Data(text.utf8).write(to: file)
        pod.environment["SIDECAR_SETTINGS_FILE"] = file.path + "\n"
        return file
    }

    @Test(arguments: Backend.allCases)
    func itsSettingsCountWhereTheEnvironmentHasNone(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            let workspace = pod.environment["AIRBYTE_CONFIG_DIR"] ?? ""
            pod.environment["AIRBYTE_CONFIG_DIR"] = ""
            pod.environment["SIDECAR_IO_BACKEND"] = nil
            pod.environment["LOG_LEVEL"] = "INFO"
            _ = try use(
                pod,
                """
                # where the pod's volume is
                AIRBYTE_CONFIG_DIR = \(workspace)\r

                SIDECAR_IO_BACKEND=\(backend.rawValue)
                PLATFORM_LOG_FORMAT=json
                LOG_LEVEL=ERROR
                """
            )
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 0 && outcome.isMarked, "\(outcome)")
            let lines = outcome.console.split(separator: "\n")
            #expect(lines.allSatisfy { $0.hasPrefix("{") }, "the file has asked for JSON")
            #expect(outcome.console.contains("on \(backend.rawValue)"), "the environment's level counts")
        }
    }

    /// The workspace is known from the environment, so that the main container is told to stop.
    @Test func malformedLinesStopTheStart() async throws {
        try await Pod.with("check") { pod in
            let file = try use(pod, "LOG_LEVEL=INFO\nhunter2 is no setting\n\n=hunter2\n")
            let outcome = try await pod.outcome(of: try pod.startSidecar())
            #expect(outcome.exitCode == 78 && outcome.isMarked, "\(outcome)")
            #expect(
                outcome.errors
                    == "airbyte-connector-sidecar: SIDECAR_SETTINGS_FILE=\(file.path): the file is "
                    + "malformed in line 2, 4: each line is NAME=value, a comment that begins with #, or blank\n"
            )
            #expect(outcome.requests.isEmpty)
        }
    }

    /// Nobody ever writes into it: opening it must not wait for that.
    @Test func aPipeIsNoFile() async throws {
        try await Pod.with("check") { pod in
            let file = try use(pod, "")
            try FileManager.default.removeItem(at: file)
            try #require(mkfifo(file.path, 0o600) == 0)
            let outcome = try await pod.outcome(of: try pod.startSidecar())
            #expect(outcome.exitCode == 78, "\(outcome)")
            #expect(outcome.errors.hasSuffix("the file is not a regular file\n"))
        }
    }
}
