import Foundation
import TestSupport
import Testing

/// What is left to somebody who has taken over the sidecar's process: `confined-probe` is that process, and tries.
@Suite struct ConfinementTests {
    /// What the probe may do, whatever else.
    private static let needed = [
        "open a file of the workspace", "create a file in the workspace", "internet socket",
    ]

    /// What it must not do, and how the kernel answers.
    private static let refused = [
        "open a file outside": "EACCES", "write a file outside": "EACCES", "create a file outside": "EACCES",
        "remove a file outside": "EACCES", "list a folder outside": "EACCES",
        "open a link of the workspace": "EACCES",
        "start a program": "EPERM", "make a process": "EPERM", "Unix socket": "EPERM",
        "netlink socket": "EPERM",
        "packet socket": "EPERM", "listen on a port": "EPERM", "signal a process": "EPERM",
        "map executable memory": "EPERM", "change the root": "EPERM", "set up a ring": "EPERM",
    ]

    private static let refusedByTheRing = [
        "open through the ring": "EACCES", "connect through the ring": "EACCES",
        "restrict the ring anew": "EPERM",
    ]

    /// The probe's lines by the names of its attempts.
    private func probe(_ pod: Pod, _ more: [String: String] = [:]) async throws -> [String: String] {
        let outside = pod.folder.appendingPathComponent("outside")
        try FileManager.default.createDirectory(at: outside, withIntermediateDirectories: true)
        try Data("secret".utf8).write(to: outside.appendingPathComponent("file"))
        try FileManager.default.createSymbolicLink(
            at: pod.workspace.appendingPathComponent("link"),
            withDestinationURL: outside.appendingPathComponent("file")
        )
        let child = try ChildProcess(
            Project.beside("confined-probe"),
            environment: pod.environment.merging(["PROBE_OUTSIDE": outside.path].merging(more) { $1 }) { $1 },
            log: pod.folder.appendingPathComponent("probe.log")
        )
        #expect(await child.exitCode == 0, "\(child.output)")
        var lines: [String: String] = [:]
        for line in child.output.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { lines[String(parts[0])] = parts[1].trimmingCharacters(in: .whitespaces) }
        }
        return lines
    }

    @Test(arguments: Backend.allCases)
    func takesWhatTheProgramDoesNotNeed(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            let lines = try await probe(pod)
            for name in Self.needed { #expect(lines[name] == "done", "\(name)") }
            for (name, error) in Self.refused { #expect(lines[name] == error, "\(name)") }
            guard backend == .ioUring else { return }
            #expect(lines["do nothing through the ring"] == "done")
            for (name, error) in Self.refusedByTheRing { #expect(lines[name] == error, "\(name)") }
        }
    }

    /// The counter-proof: the attempts do succeed where nothing stops them. The ring stays restricted.
    @Test func canBeSwitchedOff() async throws {
        try await Pod.with("check", backend: .ioUring) { pod in
            let lines = try await probe(pod, ["SIDECAR_CONFINEMENT": "false"])
            let allowed = [
                "open a file outside", "write a file outside", "list a folder outside",
                "open a link of the workspace",
                "Unix socket", "netlink socket", "map executable memory", "set up a ring",
            ]
            for name in Self.needed + allowed { #expect(lines[name] == "done", "\(name)") }
            #expect(lines["open through the ring"] == "EACCES")
        }
    }

    @Test func localStorageNeedsAProcessButNoProgram() async throws {
        try await Pod.with("check") { pod in
            pod.useLocalStorage()
            let lines = try await probe(pod)
            #expect(lines["make a process"] == "done")
            for name in ["start a program", "open a file outside", "Unix socket"] {
                #expect(lines[name] == Self.refused[name], "\(name)")
            }
        }
    }

    @Test func unixSocketsAreForStatsDOnly() async throws {
        try await Pod.with("check") { pod in
            let lines = try await probe(
                pod,
                [
                    "MICROMETER_METRICS_ENABLED": "true", "MICROMETER_METRICS_STATSD_ENABLED": "true",
                    "DD_DOGSTATSD_URL": "unix:///var/run/datadog/dsd.socket",
                ]
            )
            #expect(lines["Unix socket"] == "done")
            #expect(lines["netlink socket"] == "EPERM")
        }
    }

    /// The kubelet writes a new folder, and turns the link `..data` to it.
    @Test func tokenIsReadAfterTheKubeletHasReplacedIt() async throws {
        try await Pod.with("check") { pod in
            let volume = pod.folder.appendingPathComponent("secrets")
            try writeVersion("1", "first", in: volume)
            try FileManager.default.createSymbolicLink(
                atPath: volume.appendingPathComponent("token").path,
                withDestinationPath: "..data/token"
            )
            let token = volume.appendingPathComponent("token").path
            let output = pod.folder.appendingPathComponent("outside")
            try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
            let input = Foundation.Pipe()
            let child = Process()
            child.executableURL = URL(fileURLWithPath: Project.beside("confined-probe"))
            child.environment = pod.environment.merging([
                "PROBE_OUTSIDE": output.path, "PROBE_REREAD": token, "STORAGE_TYPE": "AZURE",
                "STORAGE_BUCKET_WORKLOAD_OUTPUT": "output", "AZURE_CLIENT_ID": "client",
                "AZURE_TENANT_ID": "tenant",
                "AZURE_STORAGE_CONNECTION_STRING": "BlobEndpoint=http://127.0.0.1:9",
                "AZURE_FEDERATED_TOKEN_FILE": token,
            ]) { $1 }
            let lines = Foundation.Pipe()
            child.standardInput = input
            child.standardOutput = lines
            try child.run()
            var text = ""
            while !text.contains("read "), let more = try lines.fileHandleForReading.read(upToCount: 1) {
                text += String(decoding: more, as: UTF8.self)
            }
            try writeVersion("2", "second", in: volume)
            try FileManager.default.removeItem(at: volume.appendingPathComponent("..1"))
            try input.fileHandleForWriting.write(contentsOf: Data("\n\n".utf8))
            text += String(decoding: try lines.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            child.waitUntilExit()
            #expect(text.contains("read first"), "\(text)")
            #expect(text.contains("read second"), "\(text)")
        }
    }

    // MARK: The program itself

    @Test func programIsConfinedAndLeavesNoDumps() async throws {
        let program = try await look([:])
        #expect(program.status.contains("Seccomp:\t2"))
        #expect(program.status.contains("NoNewPrivs:\t1"))
        #expect(program.environment.contains("Permission denied"), "\(program.environment)")
    }

    @Test func debuggersCanBeLetIn() async throws {
        let program = try await look(["SIDECAR_DEBUGGABLE": "true"])
        #expect(program.status.contains("Seccomp:\t2"))
        #expect(program.environment.contains("SIDECAR_DEBUGGABLE=true"), "\(program.environment)")
    }

    @Test func withoutConfinementDumpsAreStillOff() async throws {
        let program = try await look(["SIDECAR_CONFINEMENT": "false"])
        #expect(program.status.contains("Seccomp:\t0"))
        #expect(program.environment.contains("Permission denied"), "\(program.environment)")
    }

    /// The program once its announcement is answered: its lines in `/proc`, and its environment or the error that another
    /// program of the same user gets.
    private func look(_ settings: [String: String]) async throws -> (status: String, environment: String) {
        try await Pod.with("check") { pod in
            pod.environment.merge(settings) { $1 }
            let user = try pod.asUser(65534)
            let sidecar = try pod.startSidecar(command: user + [Project.sidecar])
            #expect(try await sidecar.waitForOutput("The workload is running"), "\(sidecar.errorOutput)")
            let file = URL(fileURLWithPath: "/proc/\(sidecar.pid)/status")
            let status = String(decoding: try Data(contentsOf: file), as: UTF8.self)
            let reader = try ChildProcess(
                user[0],
                Array(user.dropFirst()) + ["/usr/bin/cat", "/proc/\(sidecar.pid)/environ"],
                environment: [:],
                log: pod.folder.appendingPathComponent("reader.log")
            )
            _ = await reader.exitCode
            return (status, reader.output)
        }
    }

    /// A connector that links its output to files outside gets none of them opened.
    @Test(arguments: Backend.allCases)
    func hostileRunOpensNothingElse(_ backend: Backend) async throws {
        try await Pod.with("discover", backend: backend) { pod in
            let trace = pod.folder.appendingPathComponent("strace.txt")
            pod.launcher = [
                "/usr/bin/strace", "--follow-forks", "--output", trace.path, "--decode-fds=path",
                "-e", "trace=open,openat,openat2,execve,io_uring_setup,seccomp",
            ]
            pod.useLocalStorage()
            let secret = pod.folder.appendingPathComponent("secret")
            try Data("secret".utf8).write(to: secret)
            let outcome = try await pod.run(
                .script(
                    """
                    line hello
                    run ln -sf \(secret.path) exitCode.txt
                    run ln -sf /etc/shadow TERMINATED
                    run ln -sf \(secret.path) .TERMINATED.spare
                    exit 0
                    """
                )
            )
            #expect(!outcome.console.contains("was refused"), "\(outcome)")
            let lines = try String(contentsOf: trace, encoding: .utf8).split(separator: "\n")
            let start = try #require(lines.firstIndex { $0.contains("seccomp(") })
            let allowed = [
                pod.workspace.path, pod.localStorage.path, "/proc/self/status",
                "/proc/sys/fs/protected_regular",
                "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/ssl/",
                "/dev/null", "/dev/urandom",
            ]
            for line in lines[(start + 1)...] where line.contains("open") {
                #expect(allowed.contains { line.contains($0) }, "opened: \(line)")
            }
            #expect(
                !lines[(start + 1)...].contains { $0.contains("execve(") || $0.contains("io_uring_setup(") }
            )
        }
    }

    private func writeVersion(_ number: String, _ token: String, in volume: URL) throws {
        let version = volume.appendingPathComponent("..\(number)")
        try FileManager.default.createDirectory(at: version, withIntermediateDirectories: true)
        try Data(token.utf8).write(to: version.appendingPathComponent("token"))
        let link = volume.appendingPathComponent("..data_tmp").path
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "..\(number)")
        try #require(rename(link, volume.appendingPathComponent("..data").path) == 0)
    }
}
