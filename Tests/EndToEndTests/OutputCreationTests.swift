import Foundation
import Testing

/// The connector output that the sidecar creates before the main container does.
@Suite struct OutputCreationTests {
    private static let result = """
        line {"type":"CONNECTION_STATUS","connectionStatus":{"status":"SUCCEEDED"}}
        """

    /// Starts the sidecar and waits until it has come past the creation.
    private func startSidecar(in pod: Pod) async throws -> ChildProcess {
        let sidecar = try pod.startSidecar()
        try await pod.controlPlane.wait(for: "running")
        return sidecar
    }

    @Test(arguments: Backend.allCases)
    func outputIsThereEmptyAndForEverybodyWhateverTheUmask(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.launcher = ["/bin/sh", "-c", "umask 077; exec \"$0\""]
            let sidecar = try await startSidecar(in: pod)
            let information = try #require(pod.information("jobOutput.json"))
            #expect(information.st_mode == S_IFREG | 0o666)
            #expect(information.st_size == 0)
            try pod.startConnector(.script(Self.result))
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(try #require(pod.information("jobOutput.json")).st_ino == information.st_ino)
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
        }
    }

    /// A connector whose umask keeps others from what it makes, beside a sidecar of another user.
    @Test(arguments: Backend.allCases)
    func outputStaysReadableUnderTheConnectorsUmask(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.launcher = try pod.asUser(1_000)
            pod.mainLauncher = ["/bin/sh", "-c", "umask 077; exec \"$0\" \"$@\""]
            let sidecar = try await startSidecar(in: pod)
            // exitCode.txt is as unreadable as the output would be, so that it is written here.
            try pod.startConnector(.script(Self.result + "\nline done\nsleep 60"))
            #expect(try await sidecar.waitForOutput("done"))
            try pod.write("0\n", to: "exitCode.txt", byRename: true)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
        }
    }

    @Test(arguments: Backend.allCases)
    func outputThatIsThereIsUsedAsItIs(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            try pod.write(
                #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED"}}"#,
                to: "jobOutput.json"
            )
            let before = try #require(pod.information("jobOutput.json"))
            let sidecar = try await startSidecar(in: pod)
            try pod.write("0\n", to: "exitCode.txt", byRename: true)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "failed")
            let after = try #require(pod.information("jobOutput.json"))
            #expect(after.st_ino == before.st_ino && after.st_mode == before.st_mode)
        }
    }

    /// Nothing is made, opened up or emptied behind a link.
    @Test(arguments: ["link to nothing", "link to a file"], Backend.allCases)
    func plantedLinkIsNotFollowed(_ kind: String, _ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            let target = pod.folder.appendingPathComponent("target")
            if kind == "link to a file" {
                try Data("untouched".utf8).write(to: target)
                #expect(chmod(target.path, 0o600) == 0)
            }
            #expect(symlink(target.path, pod.workspace.appendingPathComponent("jobOutput.json").path) == 0)
            let sidecar = try await startSidecar(in: pod)
            var information = stat()
            if kind == "link to a file" {
                #expect(try Data(contentsOf: target) == Data("untouched".utf8))
                #expect(stat(target.path, &information) == 0 && information.st_mode & 0o777 == 0o600)
            } else {
                #expect(stat(target.path, &information) != 0)
            }
            try pod.write("0\n", to: "exitCode.txt", byRename: true)
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 1, "\(outcome)")
            #expect(outcome.console.contains("jobOutput.json is a symbolic link"))
        }
    }

    /// A FIFO or a folder in the place of the output, replaced by the main container.
    @Test(arguments: ["mkfifo", "mkdir"], Backend.allCases)
    func plantedEntryThatIsReplacedIsNoTrouble(_ making: String, _ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            let path = pod.workspace.appendingPathComponent("jobOutput.json").path
            #expect((making == "mkdir" ? mkdir(path, 0o755) : mkfifo(path, 0o644)) == 0)
            let sidecar = try await startSidecar(in: pod)
            #expect(remove(path) == 0)
            try pod.startConnector(.script(Self.result))
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
        }
    }

    /// The main container, or somebody else, puts a file of its own in the place of the sidecar's.
    @Test(arguments: Backend.allCases)
    func createdOutputThatIsReplacedIsReadAnew(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            let sidecar = try await startSidecar(in: pod)
            #expect(remove(pod.workspace.appendingPathComponent("jobOutput.json").path) == 0)
            try pod.startConnector(.script(Self.result))
            let outcome = try await pod.outcome(of: sidecar)
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(outcome.console.contains("The connector has opened its output"))
            #expect(outcome.output["checkConnection"]["status"] == "succeeded")
        }
    }

    // MARK: Where it cannot be created

    @Test(arguments: ["ENOSPC", "EROFS", "EDQUOT"], Backend.allCases)
    func creationThatFailsDoesNotEndTheStart(_ error: String, _ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.launcher = [
                "/usr/bin/strace", "-o", "/dev/null", "-P", "jobOutput.json", "-e", "trace=openat",
                "-e", "inject=openat:error=\(error)",
            ]
            try await expectMainsOwnOutput(in: pod, because: "openat: \(error)")
        }
    }

    @Test(arguments: Backend.allCases)
    func directoryThatIsSomebodyElsesDoesNotEndTheStart(_ backend: Backend) async throws {
        try await Pod.with("check", backend: backend) { pod in
            pod.launcher = try pod.asUser(1_000)
            #expect(chmod(pod.workspace.path, 0o755) == 0)
            try await expectMainsOwnOutput(in: pod, because: "openat: EACCES")
        }
    }

    /// Other users, root included, could not open it. The sysctl is that of the test: it is for the whole machine.
    @Test(arguments: ["1", "2"])
    func outputIsNotCreatedInAStickyDirectory(_ protectedRegular: String) async throws {
        try await Pod.with("check") { pod in
            let value = pod.folder.appendingPathComponent("protected_regular")
            try Data("\(protectedRegular)\n".utf8).write(to: value)
            let user = try pod.asUser(1_000)
            #expect(chmod(pod.workspace.path, 0o1777) == 0)
            let mount = "mount --bind '\(value.path)' /proc/sys/fs/protected_regular && exec \"$0\" \"$@\""
            pod.launcher = ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", mount] + user
            try await expectMainsOwnOutput(in: pod, because: "the directory is sticky")
        }
    }

    private func expectMainsOwnOutput(in pod: Pod, because reason: String) async throws {
        let sidecar = try await startSidecar(in: pod)
        #expect(!pod.exists("jobOutput.json"))
        try pod.startConnector(.script(Self.result))
        let outcome = try await pod.outcome(of: sidecar)
        #expect(outcome.exitCode == 0, "\(outcome)")
        let line = "jobOutput.json is not created by the sidecar: \(reason)"
        #expect(outcome.console.contains(line), "\(outcome)")
        #expect(outcome.output["checkConnection"]["status"] == "succeeded")
    }
}
