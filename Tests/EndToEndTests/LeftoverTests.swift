import Foundation
import Testing

/// What the process could leave to somebody who gets at it later: descriptors, other programs, old tokens in its memory.
@Suite(.enabled(if: geteuid() == 0, "only root can mount, trace and read another process"))
struct LeftoverTests {
    private static let service = "airbyte-server-svc"

    private func useTokens(_ pod: Pod) {
        pod.environment["CONTROL_PLANE_TOKEN_ENDPOINT"] =
            "\(pod.controlPlane.baseURL)/api/v1/dataplanes/token"
        pod.environment["DATAPLANE_CLIENT_ID"] = "dataplane-7"
        pod.environment["DATAPLANE_CLIENT_SECRET"] = "correct-horse-battery-staple"
    }

    /// proc(5): the flags of open(2), octal.
    private func flags(ofDescriptorsOf pid: pid_t) throws -> [String: Int] {
        let folder = "/proc/\(pid)/fdinfo"
        var flags: [String: Int] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            guard let number = Int(name), number > STDERR_FILENO,
                let text = try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8),
                let line = text.split(separator: "\n").first(where: { $0.hasPrefix("flags:") })
            else { continue }
            let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\(name)")
            flags["\(name) \(link ?? "")"] = Int(
                line.dropFirst(6).trimmingCharacters(in: .whitespaces),
                radix: 8
            )
        }
        return flags
    }

    @Test(arguments: Backend.allCases, [Project.sidecar, Project.release])
    func descriptorsAreClosedOnExec(_ backend: Backend, _ program: String) async throws {
        try await Pod.with("check", backend: backend, controlPlane: ["--auth"]) { pod in
            useTokens(pod)
            let sidecar = try pod.startSidecar(command: [program])
            try await pod.controlPlane.wait(for: "heartbeat", count: 2)
            let flags = try flags(ofDescriptorsOf: sidecar.pid)
            #expect(
                flags.count > 5,
                "workspace, loop, timer, signals, output, inotify, a connection: \(flags)"
            )
            for (descriptor, flags) in flags {
                #expect(flags & Int(O_CLOEXEC) != 0, "\(descriptor)")
            }
            try pod.startConnector(.script(StorageFault.succeeded))
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
        }
    }

    /// Also of libcurl and c-ares, and of the process that writes to local storage; no other program is ever started.
    @Test func socketsAndPipesAreClosedOnExecFromTheStart() async throws {
        try await Pod.with("check", controlPlane: ["--auth"]) { pod in
            useTokens(pod)
            pod.useLocalStorage()
            pod.environment["INTERNAL_API_HOST"] = "http://\(Self.service):\(try pod.controlPlanePort)"
            _ = try await pod.useNameServer([
                "\(Self.service).airbyte.svc.cluster.local": .addresses(["127.0.0.1"])
            ])
            let trace = pod.folder.appendingPathComponent("trace")
            let calls =
                "trace=execve,execveat,socket,socketpair,accept,accept4,pipe,pipe2,eventfd,eventfd2,fcntl,dup,close"
            pod.launcher += ["/usr/bin/strace", "--follow-forks", "--output", trace.path, "-e", calls]
            let outcome = try await pod.runRelease(.sampleSource)
            #expect(outcome.exitCode == 0, "\(outcome)")
            let lines = String(decoding: try Data(contentsOf: trace), as: UTF8.self).split(separator: "\n")
            let executed = lines.filter { $0.contains(" execve") }
            #expect(executed.count == 1, "\(executed)")
            var asksForNames = false
            for (place, line) in lines.enumerated()
            where ["execve", "fcntl(", "close("].allSatisfy({ !line.contains($0) }) {
                guard line.contains("("), let result = line.split(separator: "= ").last,
                    let number = Int(result)
                else { continue }
                asksForNames = asksForNames || line.contains("SOCK_DGRAM")
                // c-ares says so in a second call. Where it asks for an address of its own, its socket lives for one call.
                let rest = lines[(place + 1)...]
                let isSaidLater = rest.contains { $0.contains("fcntl(\(number), F_SETFD, FD_CLOEXEC)") }
                let isGone = rest.first?.contains("close(\(number))") == true
                #expect(line.contains("CLOEXEC") || isSaidLater || isGone, "\(line)")
            }
            #expect(asksForNames, "\(lines)")
        }
    }

    // MARK: Memory

    /// The numbers (`jti`) of the control plane's tokens that stand somewhere in the memory that the process can write to.
    private func tokens(inMemoryOf pid: pid_t) throws -> Set<Int> {
        let head =
            Data(Data(#"{"alg": "HS256"}"#.utf8).base64EncodedString().prefix { $0 != "=" }.utf8) + [0x2E]
        let memory = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/\(pid)/mem"))
        var numbers: Set<Int> = []
        for line in try String(contentsOfFile: "/proc/\(pid)/maps", encoding: .utf8).split(separator: "\n") {
            let fields = line.split(separator: " ")
            let bounds = fields[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            guard fields[1].hasPrefix("rw"), bounds.count == 2 else { continue }
            try memory.seek(toOffset: bounds[0])
            // A mapping can be gone by now.
            guard let bytes = try? memory.read(upToCount: Int(bounds[1] - bounds[0])) else { continue }
            var rest = bytes[...]
            while let found = rest.range(of: head) {
                rest = rest[found.upperBound...]
                if let number = Self.number(ofClaims: rest.prefix(4_096).prefix { $0 != 0x2E }) {
                    numbers.insert(number)
                }
            }
        }
        return numbers
    }

    /// RFC 7519: the claims are JSON in base64url.
    private static func number(ofClaims text: Data) -> Int? {
        var base64 = String(decoding: text, as: UTF8.self)
            .replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
        guard let bytes = Data(base64Encoded: base64),
            let claims = try? JSON(parsing: String(decoding: bytes, as: UTF8.self))
        else {
            return nil
        }
        return claims["jti"].text.flatMap { Int($0) }
    }

    /// What is shipped overwrites freed memory, and forgets a token that was replaced twice: only then none of its copies is
    /// left, libcurl's included.
    @Test(arguments: Backend.allCases)
    func oldTokensLeaveTheMemory(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend, controlPlane: ["--auth", "--token-seconds", "2"]) {
            pod in
            useTokens(pod)
            let sidecar = try pod.startSidecar(command: [Project.release])
            try await pod.controlPlane.wait(for: "running")
            let deadline = ContinuousClock.now + .seconds(60)
            // Between the end of a token and the next call there is none.
            var left = try tokens(inMemoryOf: sidecar.pid)
            while left.isEmpty, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(20))
                left = try tokens(inMemoryOf: sidecar.pid)
            }
            #expect(!left.isEmpty, "the search finds what is there")
            try await pod.controlPlane.wait(for: "token", count: 4)
            // The next heartbeats use the memory of the earlier ones.
            left = try tokens(inMemoryOf: sidecar.pid)
            while left.contains(1), ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(100))
                left = try tokens(inMemoryOf: sidecar.pid)
            }
            #expect(!left.contains(1), "\(left)")
            try pod.startConnector(.script(StorageFault.succeeded))
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
        }
    }
}
