import Foundation
import Testing

/// One attack on a sidecar, and what it must still do.
///
/// Some things hold whatever happens, and `run` checks them for each attack: the sidecar ends by itself, no more than
/// one kind of report is made, `TERMINATED` is a regular file, the bait beside the workspace is neither opened nor
/// changed, no secret is shown, and memory is bounded.
struct Attack: Sendable, CustomTestStringConvertible {
    enum Report: Sendable {
        case success
        /// The reason contains the text.
        case failure(String)
        /// Either of them, as the race decides.
        case any
        case none
    }

    /// What the attack does.
    var name: String
    var operation = "check"
    var config = Pod.goodConfig
    /// The connector's steps; nil: there is no main container.
    var steps: String?
    var settings: [String: String] = [:]
    /// Options of `Fixtures/measured`.
    var descriptors: [String] = []
    /// Whether the connector starts once the sidecar has read its input, which must not be missing then.
    var waitsForRunning = false
    /// What stands in front of the sidecar's command.
    var launcher: [String] = []
    /// The control plane's answers go through a hostile server with these rules.
    var server: [HostileProxy.Rule] = []
    var prepare: @Sendable (Pod) throws -> Void = { _ in }
    /// The exit codes that are right.
    var exits: Set<Int32>
    var report: Report
    /// Must not be shown besides the bait's and the configuration's.
    var secrets: [String] = []
    /// At the peak, in MiB.
    var maxMemory = 48
    var hasHeartbeats = false

    var testDescription: String { name }

    static let result = StorageFault.succeeded
    static let attacker = "shell \(Project.path("Tests/EndToEndTests/Fixtures/attacker"))"

    /// A sidecar that has not ended by then hangs. Each attack takes a few seconds, more on a busy machine.
    private static let limit: Duration = .seconds(150)
    private static let baitText = "b4it-content"

    func run(_ backend: Backend) async throws {
        try await Pod.with(operation, config: config, backend: backend) { pod in
            let bait = pod.folder.appendingPathComponent("bait")
            try Data("\(Self.baitText)\n".utf8).write(to: bait)
            let peak = pod.folder.appendingPathComponent("peak").path
            pod.launcher =
                [Project.path("Tests/EndToEndTests/Fixtures/measured"), peak] + descriptors + launcher
            pod.environment.merge(settings) { $1 }
            if !server.isEmpty {
                let proxy = try await HostileProxy(in: pod, server)
                pod.environment["WORKLOAD_API_HOST"] = proxy.origin
                pod.environment["INTERNAL_API_HOST"] = proxy.origin
            }
            try prepare(pod)
            let opens = try OpenWatch(bait)
            let sidecar = try pod.startSidecar()
            if waitsForRunning { try await pod.controlPlane.wait(for: "running") }
            if let steps { try pod.startConnector(.script(steps)) }
            let deadline = ContinuousClock.now + Self.limit
            while sidecar.isRunning, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(10))
            }
            guard !sidecar.isRunning else {
                Issue.record("still running after \(Self.limit): \(sidecar.output.suffix(2_000))")
                return
            }
            let outcome = try await pod.outcome(of: sidecar)
            check(outcome)
            #expect(pod.information("TERMINATED").map { $0.st_mode & S_IFMT } == S_IFREG, "\(brief(outcome))")
            #expect(opens.count == 0, "the bait was opened")
            #expect(try String(contentsOf: bait, encoding: .utf8) == "\(Self.baitText)\n")
            let memory = (try? String(contentsOfFile: peak, encoding: .utf8)).flatMap { Int($0) } ?? .max
            #expect(memory / 1_024 <= maxMemory, "MiB at the peak")
        }
    }

    private func check(_ outcome: Outcome) {
        #expect(exits.contains(outcome.exitCode), "\(brief(outcome))")
        // One that was lost is repeated, one that was refused is not.
        let kinds = ["success", "failure"].filter { !outcome.requests($0).isEmpty }
        #expect(kinds.count <= 1, "\(brief(outcome))")
        switch report {
        case .success: #expect(kinds == ["success"], "\(brief(outcome))")
        case .failure(let text):
            let reason = outcome.requests("failure").last?["body"]["reason"].text
            #expect(kinds == ["failure"] && reason?.contains(text) == true, "\(brief(outcome))")
        case .none: #expect(kinds == [], "\(brief(outcome))")
        case .any: break
        }
        if hasHeartbeats { #expect(!outcome.requests("heartbeat").isEmpty, "\(brief(outcome))") }
        let sent = outcome.requests.filter { $0["path"].text?.contains("update") != true }
        let texts = [outcome.console, outcome.errors, sent.map { "\($0["body"])" }.joined()]
        for secret in secrets + [Self.baitText, "correct-horse"] {
            #expect(!texts.contains { $0.contains(secret) }, "\(secret) is shown")
        }
    }

    /// An outcome can have megabytes.
    private func brief(_ outcome: Outcome) -> String {
        let text = outcome.description
        return text.utf8.count < 8_000 ? text : "\(text.prefix(3_000))\n…\n\(text.suffix(4_000))"
    }
}

/// Counts how often a file was opened, read or changed.
private final class OpenWatch {
    private let descriptor: Int32

    init(_ file: URL) throws {
        descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        let events = UInt32(IN_OPEN | IN_ACCESS | IN_MODIFY | IN_ATTRIB)
        guard descriptor >= 0, inotify_add_watch(descriptor, file.path, events) >= 0 else {
            throw Trouble("\(file.path) cannot be watched: \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(descriptor) }

    /// So far; identical events in a row count once.
    var count: Int {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let bytes = read(descriptor, &buffer, buffer.count)
        return bytes > 0 ? bytes / MemoryLayout<inotify_event>.size : 0
    }
}
