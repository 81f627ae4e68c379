import Foundation
import Testing

/// Local storage on a disk that is slow, or does not answer: strace delays its sync.
@Suite struct LocalStorageTests {
    private static let output = "workload/output"

    /// Local storage alone, whose first sync in each process takes that long.
    private func useSlowStorage(_ pod: Pod, delay: Duration) throws {
        pod.useLocalStorage()
        pod.environment["SIDECAR_OUTPUT_SINK"] = "storage"
        pod.environment["INTERNAL_API_HOST"] = ""
        // New folders are synced, too.
        try FileManager.default.createDirectory(
            at: pod.localStorage.appendingPathComponent(Self.output),
            withIntermediateDirectories: true
        )
        pod.launcher = [
            "/usr/bin/strace", "-f", "-o", "/dev/null", "-e", "trace=fsync", "-e",
            "inject=fsync:delay_enter=\(delay.components.seconds)000000:when=1",
        ]
    }

    private func outputs(_ pod: Pod) throws -> [String] {
        try FileManager.default.contentsOfDirectory(
            atPath: pod.localStorage.appendingPathComponent(Self.output).path
        )
    }

    @Test(arguments: Backend.allCases)
    func heartbeatsGoOnWhileTheDiskIsSlow(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            try useSlowStorage(pod, delay: .seconds(8))
            let sidecar = try pod.startSidecar()
            try pod.startConnector(.sampleSource)
            while try outputs(pod).isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            let count = try await pod.controlPlane.requests("heartbeat").count
            try await pod.controlPlane.wait(for: "heartbeat", count: count + 3)
            #expect(try !outputs(pod).contains(Pod.workloadID), "the output is still being stored")
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(try outputs(pod) == [Pod.workloadID])
        }
    }

    @Test(arguments: Backend.allCases)
    func aDiskThatDoesNotAnswerIsAFailedDelivery(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            try useSlowStorage(pod, delay: .seconds(10))
            pod.environment["SIDECAR_STORAGE_READ_TIMEOUT_SECONDS"] = "1"
            // strace ends once the delay is over.
            let outcome = try await pod.run(.sampleSource)
            #expect(outcome.exitCode == 1, "\(outcome)")
            let reason = outcome.requests("failure").first?["body"]["reason"].text ?? ""
            #expect(reason.contains("could not be saved"), "\(outcome)")
            #expect(reason.contains("nothing was written for 1 second"))
            #expect(try !outputs(pod).contains(Pod.workloadID), "the child was killed")
        }
    }

    /// A large output is read by the child from the connector's own file.
    @Test(arguments: Backend.allCases)
    func largeSpecificationIsStoredByTheChild(_ backend: Backend) async throws {
        try await Pod.with("spec", backend: backend) { pod in
            pod.useLocalStorage()
            pod.environment["SIDECAR_OUTPUT_SINK"] = "storage"
            let text = String(repeating: "x", count: 8_000_000)
            try pod.write(
                #"{"type":"SPEC","spec":{"connectionSpecification":{"title":"\#(text)"}}}"# + "\n",
                to: "prepared.json"
            )
            let outcome = try await pod.run(.command("cat prepared.json; true"))
            #expect(outcome.exitCode == 0, "\(outcome)")
            let stored = pod.localStorage.appendingPathComponent("\(Self.output)/\(Pod.workloadID)")
            #expect(try String(contentsOf: stored, encoding: .utf8).contains(text))
        }
    }
}
