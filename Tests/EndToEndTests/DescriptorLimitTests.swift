import Foundation
import Testing

/// Too few descriptors: whatever cannot be opened, nothing ends silently and nothing hangs.
@Suite struct DescriptorLimitTests {
    private static let script = """
        line {"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}
        """

    /// From what the dynamic linker needs (4, for one library after the other) to what is enough for a job.
    @Test(
        .timeLimit(.minutes(20)),
        arguments: [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 20],
        Backend.allCases
    )
    func everyRunEndsWithAReason(_ limit: Int, _ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.environment["SIDECAR_HEARTBEAT_TIMEOUT_MINUTES"] = "0.05"
            pod.environment["SIDECAR_RESCAN_SECONDS"] = "0.2"
            pod.environment["SIDECAR_LOST_CONNECTOR_GRACE_SECONDS"] = "1"
            pod.environment["SIDECAR_START_TIMEOUT_MINUTES"] = "0.2"
            pod.environment["WORKLOAD_API_MAX_RETRIES"] = "1"
            pod.environment["AIRBYTE_API_MAX_RETRIES"] = "1"
            pod.launcher = ["/usr/bin/prlimit", "--nofile=\(limit)"]
            let outcome = try await pod.run(.script(Self.script))
            #expect(outcome.isMarked, "\(outcome)")
            let report = outcome.requests("success").count + outcome.requests("failure").count
            switch outcome.exitCode {
            case 0:
                #expect(outcome.output["checkConnection"]["status"] == "succeeded", "\(outcome)")
                #expect(outcome.requests("success").count == 1)
            case 78:
                #expect(outcome.errors.contains("EMFILE"), "\(outcome)")
                #expect(outcome.requests.isEmpty)
            case 1 where outcome.console.isEmpty:
                #expect(outcome.errors.contains("EMFILE"), "\(outcome)")
                #expect(outcome.requests.isEmpty)
            case 1, 2:
                #expect(outcome.console.contains("Exiting with code \(outcome.exitCode)."), "\(outcome)")
                #expect(report <= 1)
            default:
                Issue.record("\(outcome)")
            }
            if limit == 20 { #expect(outcome.exitCode == 0, "\(outcome)") }
        }
    }
}
