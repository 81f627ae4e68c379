import Glibc
import Reactor
import Sidecar
import Text
import Workload

extension Examination {
    func checkWorkspace() -> Findings {
        var findings = Findings(.workspace)
        let path = settings.workspacePath
        let (configuration, mask) = (configuration, JobSecrets(credentials: credentials).mask)
        let check = WorkspaceFileCheck(path: path, configuration: configuration, mask: mask)
        // A file system that does not answer must not hold up everything.
        switch inChild({ check.run().encoded }) {
        case nil: findings.add(check.run())
        case .success(let text): findings.add(Findings(.workspace, encoded: text))
        case .failure(let problem):
            findings.problem(
                "\(path) does not answer: \(problem.text)",
                "see the volume's server and the node's log"
            )
        }
        if !findings.hasProblem { checkEvents(path, &findings) }
        return findings
    }

    /// Whether what another process does in the workspace is reported.
    private func checkEvents(_ path: String, _ findings: inout Findings) {
        let interval = configuration.rescanInterval.spokenDescription
        do throws(SystemError) {
            let directory = try OpenDirectory(path: path)
            let workspace = WorkspaceDirectory(
                directory,
                reactor: reactor,
                inotify: Inotify(reactor: reactor),
                notifier: DirectoryNotifier(reactor: reactor)
            )
            if workspace.leavesOutputToMain {
                findings.warning(
                    "the directory is sticky, and fs.protected_regular keeps the sidecar from creating \(FileName.output) "
                        + "for the connector: one that is killed may be noticed late",
                    "remove the sticky bit from the volume"
                )
            }
            guard workspace.watchIsReliable else {
                return findings.warning(
                    "changes by another machine are not reported on this file system: the sidecar scans every \(interval)",
                    "use an emptyDir for the workspace"
                )
            }
            let probe = ProbeFile(in: directory)
            defer { probe.remove() }
            let isReported: Bool? = try waitForEvent(workspace) { () throws(SystemError) in try probe.create()
            }
            if isReported == nil {
                findings.warning(
                    "a new file in \(path) was not reported: the sidecar finds changes by scanning every \(interval)",
                    "use an emptyDir for the workspace"
                )
            } else {
                findings.ok("changes are reported")
            }
        } catch {
            findings.warning(
                "changes are not reported (\(error)): the sidecar scans every \(interval)",
                "see inotify"
            )
        }
    }

    private func waitForEvent(
        _ workspace: WorkspaceDirectory,
        after action: () throws(SystemError) -> Void
    ) throws(SystemError) -> Bool? {
        var report: (() -> Void)?
        let watch = try workspace.watch { _ in report?() }
        defer { watch.cancel() }
        try action()
        return wait { done in report = { done(true) } }
    }
}

/// A file of the doctor's own in the workspace; nothing else there is touched.
private struct ProbeFile {
    let directory: OpenDirectory
    let name = ".sidecarctl-doctor.\(getpid())"

    init(in directory: OpenDirectory) {
        self.directory = directory
    }

    /// As the sidecar creates the connector's output.
    func create() throws(SystemError) {
        let flags = O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let raw = unsafe openat(directory.descriptor, name, flags, 0o666)
        guard raw >= 0 else { throw SystemError(call: "openat", errno: errno) }
        defer { close(raw) }
        guard fchmod(raw, 0o666) == 0 else { throw SystemError(call: "fchmod", errno: errno) }
    }

    /// Writes to it, and has it open for writing meanwhile.
    func write<Value>(_ body: () -> Value) throws(SystemError) -> Value {
        let raw = unsafe openat(directory.descriptor, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC)
        guard raw >= 0 else { throw SystemError(call: "openat", errno: errno) }
        defer { close(raw) }
        // A page: a file system that is full has no room for a single one.
        let page = [UInt8](repeating: UInt8(ascii: "\n"), count: 4_096)
        let count = unsafe page.withUnsafeBytes { unsafe Glibc.write(raw, $0.baseAddress, $0.count) }
        guard count == page.count else { throw SystemError(call: "write", errno: count < 0 ? errno : ENOSPC) }
        // Some file systems tell only here.
        guard fsync(raw) == 0 || errno == EINVAL else { throw SystemError(call: "fsync", errno: errno) }
        return body()
    }

    private var otherName: String { "\(name).renamed" }

    func rename() throws(SystemError) {
        guard unsafe renameat(directory.descriptor, name, directory.descriptor, otherName) == 0 else {
            throw SystemError(call: "renameat", errno: errno)
        }
    }

    func remove() {
        _ = unsafe unlinkat(directory.descriptor, name, 0)
        _ = unsafe unlinkat(directory.descriptor, otherName, 0)
    }
}

/// What can be found out about the workspace's files. It can block.
private struct WorkspaceFileCheck {
    let path: String
    let configuration: Configuration
    let mask: SecretMask

    func run() -> Findings {
        var findings = Findings(.workspace)
        let directory: OpenDirectory
        do throws(SystemError) {
            directory = try OpenDirectory(path: path)
        } catch {
            let advice =
                error.errno == ENOENT
                ? "mount the job's volume there, or name its place in AIRBYTE_CONFIG_DIR"
                : "see the mounts and the user of the container"
            findings.problem("\(path) cannot be opened: \(error.name)", advice)
            return findings
        }
        var status = stat()
        let system: FileSystem
        do throws(SystemError) {
            guard unsafe fstat(directory.descriptor, &status) == 0 else {
                throw SystemError(call: "fstat", errno: errno)
            }
            system = try directory.fileSystem()
        } catch {
            findings.problem("\(path) cannot be examined: \(error)", "see the volume and the node's log")
            return findings
        }
        findings.ok("\(path) is \(Self.kind(system)), \(Self.rights(status))")
        checkRoom(system, &findings)
        checkFiles(directory, status, &findings)
        checkInput(directory, &findings)
        return findings
    }

    // MARK: The directory

    /// statfs(2), `f_type`; those that workspaces are on.
    private static let kinds: [UInt32: String] = [
        0x0102_1994: "tmpfs", 0x794C_7630: "overlayfs", 0xEF53: "ext4", 0x5846_5342: "xfs",
        0x9123_683E: "btrfs",
        0x6969: "NFS", 0x0102_1997: "9p", 0x6573_5546: "FUSE", 0xFF53_4D42: "CIFS", 0xFE53_4D42: "SMB2",
        0x00C3_6400: "Ceph", 0x2FC1_2FC1: "ZFS", 0xF2F5_2010: "F2FS",
    ]

    private static func kind(_ system: FileSystem) -> String {
        kinds[system.type] ?? "a file system of type 0x\(String(system.type, radix: 16))"
    }

    private static func rights(_ status: stat) -> String {
        let mode = String(status.st_mode & 0o7777, radix: 8)
        return
            "owner \(status.st_uid):\(status.st_gid), mode \(mode); this process runs as \(geteuid()):\(getegid())"
    }

    /// Less than this is little: the output of a discovery can be larger, in bytes.
    private static let littleRoom = 16 * 1_024 * 1_024
    /// The files of a job are fewer than ten.
    private static let fewFiles = 100

    private func checkRoom(_ system: FileSystem, _ findings: inout Findings) {
        let bytes = system.freeBytes.map { "\($0 / 1_024 / 1_024) MiB" } ?? "bytes without a limit"
        let files = system.freeFiles.map { counted($0, "file") } ?? "files without a limit"
        let text = "\(bytes) and \(files) are left"
        let advice = "enlarge the volume (sizeLimit of an emptyDir), or delete what is not needed"
        if system.freeBytes == 0 || system.freeFiles == 0 {
            findings.problem("the volume is full: \(text)", advice)
        } else if system.freeBytes ?? .max < Self.littleRoom || system.freeFiles ?? .max < Self.fewFiles {
            findings.warning("there is little room: \(text)", advice)
        } else {
            findings.ok(text)
        }
    }

    // MARK: Files

    private func checkFiles(_ directory: OpenDirectory, _ status: stat, _ findings: inout Findings) {
        let probe = ProbeFile(in: directory)
        defer { probe.remove() }
        var action = "create"
        do throws(SystemError) {
            try probe.create()
            action = "write"
            let isSeenOpen: Bool? = try probe.write {
                (try? directory.open(probe.name))??.isOpenForWriting
            }
            let isSeenClosed = (try? directory.open(probe.name))??.isOpenForWriting
            action = "rename"
            try probe.rename()
            findings.ok("a file can be created, written and renamed")
            if isSeenOpen == true, isSeenClosed == false {
                findings.ok("the kernel tells who has a file open (read lease)")
            } else {
                findings.warning(
                    "the kernel does not tell who has a file open (read lease): a connector that is killed is noticed late",
                    "use an emptyDir for the workspace"
                )
            }
        } catch {
            findings.problem(
                "the sidecar cannot \(action) a file in \(path): \(error)",
                advice(error, status)
            )
        }
    }

    private func advice(_ error: SystemError, _ status: stat) -> String {
        switch error.errno {
        case EROFS: "mount the volume writable in the sidecar's container"
        case EACCES, EPERM: "give the pod a user or an fsGroup that may write there: \(Self.rights(status))"
        case ENOSPC, EDQUOT: "enlarge the volume (sizeLimit of an emptyDir), or delete what is not needed"
        default: "see the volume and the node's log"
        }
    }

    private func checkInput(_ directory: OpenDirectory, _ findings: inout Findings) {
        do throws(WorkspaceError) {
            guard try directory.open(FileName.input) != nil else {
                return findings.ok(
                    "\(FileName.input) is not there: the init container writes it before the sidecar starts"
                )
            }
        } catch {
            return findings.problem("\(FileName.input) \(error.problem)", "see the init container")
        }
        do throws(SidecarInputError) {
            let input = try directory.sidecarInput()
            let image = input.launcher.dockerImage.map { " of \($0)" } ?? ""
            findings.ok(
                mask.masked(
                    "\(FileName.input): \(input.operation.rawValue.uppercased())\(image), workload \(input.workloadID)"
                )
            )
            do throws(StartError) {
                try configuration.check(against: input)
            } catch {
                for line in error.lines { findings.problem(mask.masked(line)) }
            }
        } catch {
            findings.problem(
                mask.masked("\(FileName.input) \(error.problem)"),
                "the workload launcher's version may not fit the sidecar's"
            )
        }
    }
}

// MARK: - Across the pipe

extension Findings {
    /// A finding a line, with tabs between its parts.
    fileprivate var encoded: String {
        all.map { finding in
            [finding.status.rawValue, finding.text, finding.advice ?? ""].map {
                $0.escapingControlCharacters()
            }
            .joined(separator: "\t")
        }
        .joined(separator: "\n")
    }

    fileprivate init(_ check: CheckName, encoded text: String) {
        self.init(check)
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, let status = Finding.Status(rawValue: parts[0]) else { continue }
            add(status, parts[1], parts[2].isEmpty ? nil : parts[2])
        }
    }
}
