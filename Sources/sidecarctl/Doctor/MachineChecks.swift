import Confinement
import Glibc
import Reactor
import Sidecar
import Text

extension Examination {
    // MARK: The kernel

    /// openat2(2) came with it, by which the files of a workspace are opened.
    private static let oldestKernel = (5, 6)

    func checkKernel() -> Findings {
        var findings = Findings(.kernel)
        var name = utsname()
        guard unsafe uname(&name) == 0 else {
            findings.warning("the kernel does not tell its version")
            return findings
        }
        func text(_ value: some Any) -> String {
            unsafe withUnsafeBytes(of: value) {
                unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
        }
        let release = text(name.release)
        let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        let shown = "\(text(name.sysname)) \(release) \(text(name.machine))"
        if numbers.count == 2, (numbers[0], numbers[1]) < Self.oldestKernel {
            findings.warning(
                "\(shown) is old: the sidecar is made for Linux 5.6 and later",
                "use a newer node image"
            )
        } else {
            findings.ok(shown)
        }
        return findings
    }

    // MARK: io_uring

    func checkIOUring() -> Findings {
        var findings = Findings(.ioUring)
        let choice = configuration.process.ioBackend
        guard choice != .epoll else {
            findings.ok("not used: SIDECAR_IO_BACKEND is epoll")
            return findings
        }
        do throws(SystemError) {
            _ = try Reactor(backend: .ioUring)
            findings.ok("a ring can be set up and restricted")
        } catch {
            let advice = Self.ioUringAdvice(error)
            if choice == .ioUring {
                findings.problem(
                    "a ring cannot be set up (\(error)), and the sidecar does not start: SIDECAR_IO_BACKEND is io_uring",
                    "\(advice), or set it to auto"
                )
            } else {
                findings.warning("a ring cannot be set up (\(error)): the sidecar uses epoll", advice)
            }
        }
        return findings
    }

    private static func ioUringAdvice(_ error: SystemError) -> String {
        switch error.errno {
        case EPERM, EACCES:
            let setting = number(in: "/proc/sys/kernel/io_uring_disabled")
            return setting.map { $0 > 0 } == true
                ? "the node's sysctl kernel.io_uring_disabled is \(setting ?? 0); 0 allows it"
                : "the container's seccomp profile refuses it: allow io_uring_setup, io_uring_enter and io_uring_register"
        case ENOSYS, EINVAL: return "the kernel has no io_uring, or one that is too old (5.13 is needed)"
        case ENOMEM: return "raise the limit of locked memory (ulimit -l)"
        case EMFILE, ENFILE: return "raise the limit of open files (ulimit -n)"
        default: return "epoll does the same work"
        }
    }

    /// The number that a file of /proc holds.
    static func number(in path: String) -> Int? {
        PathProbe.machine.text(path).flatMap { Int($0) }
    }

    // MARK: Confinement

    /// Confines a child process exactly as the sidecar confines itself.
    func checkConfinement() -> Findings {
        var findings = Findings(.confinement)
        let status = PathProbe.machine.text("/proc/self/status") ?? ""
        func isSet(_ name: String) -> Bool {
            status.split(separator: "\n").contains { line in
                let parts = line.split(separator: ":", maxSplits: 1)
                return parts.count == 2 && parts[0] == name && parts[1].trimmingWhitespace() != "0"
            }
        }
        let privileges =
            isSet("NoNewPrivs") ? "new privileges are forbidden" : "new privileges are not forbidden"
        let filter = isSet("Seccomp") ? "a seccomp filter is in force" : "no seccomp filter is in force"
        let landlock = FileAccess.version.map { "Landlock has version \($0)" } ?? "there is no Landlock"
        findings.ok(
            "in this container, before the sidecar confines itself: \(privileges), \(filter), \(landlock)"
        )
        guard configuration.process.isConfined else {
            findings.ok("the sidecar does not confine itself: SIDECAR_CONFINEMENT is false")
            return findings
        }
        let (configuration, path, backend) = (configuration, settings.workspacePath, reactor.backend)
        switch inChild({
            ProcessConfinement.begin(configuration, workspaces: [path], backend: backend).joined(
                separator: "\n"
            )
        }) {
        case nil:
            findings.warning(
                "the sidecar's own confinement is not tried: no process can be started",
                "see the container's seccomp profile and its limit of processes"
            )
        case .success(let notes) where notes.isEmpty:
            findings.ok("the sidecar's own confinement works: system calls, files and privileges are limited")
        case .success(let notes):
            for note in notes.split(separator: "\n") {
                findings.warning(
                    "\(note)",
                    "a job goes on without this; a newer kernel or another seccomp profile allows it"
                )
            }
        case .failure(let problem):
            findings.problem(
                "a confined process does not work: \(problem.text)",
                "set SIDECAR_CONFINEMENT to false"
            )
        }
        return findings
    }

    struct ChildProblem: Error { var text: String }

    /// Runs work that can block, or that cannot be undone, in a forked child, and gives the text that it returns. Nil where
    /// no process can be started.
    func inChild(_ work: () -> String) -> Result<String, ChildProblem>? {
        var hasStarted = true
        let result: Result<String, ChildProblem>? = wait { done in
            // It is not waited for so long; a child that hangs dies with this process.
            hasStarted = HelperProcess.start(on: reactor, stallLimit: limit * 2 + Self.grace, keeping: []) {
                _ in
                // What the child cannot do is told by the helper; the mark tells it from what the child says.
                Self.childMark + work()
            } completion: { text in
                guard let text, text.hasPrefix(Self.childMark) else {
                    return done(.failure(ChildProblem(text: text ?? "")))
                }
                done(.success(String(text.dropFirst(Self.childMark.count))))
            }
            if !hasStarted { done(.success("")) }
        }
        guard hasStarted else { return nil }
        return result
            ?? .failure(ChildProblem(text: "nothing was heard of it for \(limit.spokenDescription)"))
    }

    private static let childMark = "\u{1}"

    // MARK: inotify

    func checkInotify() -> Findings {
        var findings = Findings(.inotify)
        func limit(_ name: String) -> String {
            Self.number(in: "/proc/sys/fs/inotify/\(name)").map(String.init) ?? "an unknown number of"
        }
        let limits =
            "a user has \(limit("max_user_instances")) instances and \(limit("max_user_watches")) watches"
        // Not the workspace: its file system may not answer.
        let directory: OpenDirectory
        do throws(SystemError) {
            directory = try OpenDirectory(path: "/")
        } catch {
            findings.warning("not checked: / cannot be opened (\(error))", "see the container's image")
            return findings
        }
        do throws(SystemError) {
            let source = InotifySource(Inotify(reactor: reactor)) { _ in }
            _ = try source.watch(descriptor: directory.descriptor, [.create, .onlyDirectory])
            source.cancel()
            findings.ok("an instance and a watch can be made; \(limits)")
        } catch {
            findings.warning(
                "\(Self.inotifyProblem(error)) (\(error)); \(limits); \(fallback(directory))",
                Self.inotifyAdvice(error)
            )
        }
        return findings
    }

    private static func inotifyProblem(_ error: SystemError) -> String {
        switch (error.call, error.errno) {
        case ("inotify_init1", EMFILE): "the user's inotify instances are used up on this node"
        case ("inotify_add_watch", ENOSPC): "the user's inotify watches are used up on this node"
        default: "inotify cannot be used"
        }
    }

    private static func inotifyAdvice(_ error: SystemError) -> String {
        switch (error.call, error.errno) {
        case ("inotify_init1", EMFILE): "raise the node's sysctl fs.inotify.max_user_instances"
        case ("inotify_add_watch", ENOSPC): "raise the node's sysctl fs.inotify.max_user_watches"
        default: "see the container's seccomp profile"
        }
    }

    /// What the sidecar does instead, having tried it.
    private func fallback(_ directory: OpenDirectory) -> String {
        do throws(SystemError) {
            let notifier = DirectoryNotifier(reactor: reactor)
            let notification = try DirectoryNotification(notifier, directory: directory.descriptor) {}
            notification.cancel()
            return "F_NOTIFY works, and the sidecar uses it instead"
        } catch {
            let interval = configuration.rescanInterval.spokenDescription
            return
                "F_NOTIFY does not work either (\(error)): the sidecar scans the workspace every \(interval)"
        }
    }
}
