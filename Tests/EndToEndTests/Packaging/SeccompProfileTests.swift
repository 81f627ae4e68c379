import Foundation
import Testing

/// The container under `deploy/seccomp.json`.
@Suite(.serialized, .timeLimit(.minutes(20)))
struct SeccompProfileTests {
    /// The profile, but that the kernel ends a process that makes a call which is not allowed: nothing goes unnoticed.
    private func strictProfile(_ pod: Pod) throws -> String {
        let text = try String(contentsOfFile: Project.path("deploy/seccomp.json"), encoding: .utf8)
        let strict = text.replacing(
            #""defaultAction": "SCMP_ACT_ERRNO""#,
            with: #""defaultAction": "SCMP_ACT_KILL_PROCESS""#
        )
        try #require(strict != text)
        let file = pod.folder.appendingPathComponent("strict.json")
        try Data(strict.utf8).write(to: file)
        return file.path
    }

    @Test(arguments: ["check", "discover"], Backend.allCases)
    func nothingIsRefused(_ operation: String, _ backend: Backend) async throws {
        try await Pod.with(operation) { pod in
            let options = [
                "--seccomp", try strictProfile(pod), "--env", "SIDECAR_IO_BACKEND=\(backend.rawValue)",
            ]
            let podman = try await pod.startPodman(.sampleSource, .hardened, options)
            let outcome = try await pod.outcome(of: podman.process)
            #expect(outcome.exitCode == 0 && outcome.requests("success").count == 1, "\(outcome)")
            #expect(outcome.console.contains("on \(backend.rawValue)"), "\(outcome)")
            #expect(!outcome.console.contains("(SIGSYS"), "\(outcome)")
            #expect(outcome.isMarked)
        }
    }

    @Test func nothingIsRefusedAtTheEndOfAPod() async throws {
        try await Pod.with("check") { pod in
            let options = ["--seccomp", try strictProfile(pod)]
            let podman = try await pod.startPodman(.script("line still here\nsleep 300"), .hardened, options)
            #expect(try await podman.process.waitForOutput("still here"))
            podman.process.send(SIGTERM)
            let outcome = try await pod.outcome(of: podman.process)
            #expect(outcome.exitCode == 143 && outcome.requests("failure").count == 1, "\(outcome)")
            #expect(outcome.isMarked)
        }
    }

    /// The counter-proof: a call that the sidecar does not make, which podman's own profile allows.
    @Test(arguments: [true, false])
    func whatNobodyNeedsIsRefused(_ isProfiled: Bool) async throws {
        try await Pod.with("check") { pod in
            let options = isProfiled ? ["--seccomp", Project.path("deploy/seccomp.json")] : []
            let podman = try await pod.startPodman(.script("line still here\nsleep 300"), .hardened, options)
            #expect(try await podman.process.waitForOutput("still here"))
            var answer = "done"
            do {
                let command = ["busybox", "ln", "-s", "target", "/config/link"]
                _ = try await podman.podman(["exec", "job-connector-sidecar"] + command)
            } catch let trouble as Trouble {
                answer = trouble.description
            }
            #expect(answer.contains("Operation not permitted") == isProfiled, "\(answer)")
            #expect((answer == "done") != isProfiled)
            podman.process.send(SIGTERM)
            _ = try await pod.outcome(of: podman.process)
        }
    }
}
