import CLinux
import CUring
import Glibc
import HTTP
import Storage

@testable import Reactor
@testable import Sidecar

/// The sidecar's own process, confined as its environment says, that then tries what an attacker in it would try. Prints one
/// line for each attempt: its name, and `done` or the error's name.
///
/// `PROBE_OUTSIDE` names a folder that the settings do not; `PROBE_REREAD` a file that is read twice, the second time after a
/// line on standard input.
final class Probe: HTTPTransport {
    private let reactor: Reactor

    init(_ reactor: Reactor) {
        self.reactor = reactor
    }

    /// The first request is made before the loop waits. The process is confined when it waits a second time.
    func send(
        _ request: HTTPRequest,
        completion: @escaping (Result<HTTPResponse, HTTPTransportError>) -> Void
    ) -> HTTPExchangeID {
        reactor.schedule(after: .milliseconds(1)) { [self] in
            reactor.schedule(after: .milliseconds(1)) { [self] in attempt() }
        }
        return HTTPExchangeID(rawValue: 1)
    }

    private func attempt() -> Never {
        attemptFiles()
        attemptCalls()
        attemptRing()
        reread()
        fflush(nil)
        // Where nothing stops it, nothing of the probe is left after this.
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
        report("start a program", Int(execve("/usr/bin/true", &arguments, environ)))
        exit(0)
    }

    func cancel(_ exchange: HTTPExchangeID) {}

    private func report(_ name: String, _ result: Int) {
        let error = errno
        print("\(name): \(result >= 0 ? "done" : SystemError(call: name, errno: error).name)")
    }

    private func reportRing(_ name: String, _ result: Int32) {
        print("\(name): \(result >= 0 ? "done" : SystemError(call: name, errno: -result).name)")
    }

    private func attemptFiles() {
        let outside = environment("PROBE_OUTSIDE")
        let workspace = environment("AIRBYTE_CONFIG_DIR")
        report("open a file of the workspace", Int(open(workspace + "/sidecarInput.json", O_RDONLY)))
        report("create a file in the workspace", Int(open(workspace + "/new", O_WRONLY | O_CREAT, 0o600)))
        report("open a file outside", Int(open(outside + "/file", O_RDONLY)))
        report("write a file outside", Int(open(outside + "/file", O_WRONLY)))
        report("create a file outside", Int(mknod(outside + "/new", S_IFREG | 0o600, 0)))
        report("open a link of the workspace", Int(open(workspace + "/link", O_RDONLY)))
        report("remove a file outside", Int(unlinkat(AT_FDCWD, outside + "/file", 0)))
        report("list a folder outside", Int(open(outside, O_RDONLY | O_DIRECTORY)))
    }

    private func attemptCalls() {
        let child = clinux_fork()
        if child == 0 { _exit(0) }
        report("make a process", Int(child))
        report("internet socket", Int(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)))
        report("Unix socket", Int(socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)))
        report("netlink socket", Int(socket(AF_NETLINK, Int32(SOCK_RAW.rawValue), 0)))
        report("packet socket", Int(socket(AF_PACKET, Int32(SOCK_RAW.rawValue), 0)))
        report("listen on a port", Int(listen(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0), 1)))
        report("signal a process", Int(kill(1, 0)))
        let executable = mmap(nil, 4_096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        report("map executable memory", executable == MAP_FAILED ? -1 : 0)
        report("change the root", Int(chroot("/")))
    }

    /// Through the ring that is there, and through a new one.
    private func attemptRing() {
        var another = io_uring()
        reportRing("set up a ring", io_uring_queue_init(4, &another, 0))
        guard let driver = reactor.driver as? IOUringDriver else { return }
        let outside = environment("PROBE_OUTSIDE") + "/file"
        outside.withCString { path in
            reportRing(
                "open through the ring",
                driver.perform { io_uring_prep_openat($0, AT_FDCWD, path, O_RDONLY, 0) }
            )
        }
        reportRing(
            "connect through the ring",
            driver.perform { io_uring_prep_socket($0, AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, 0) }
        )
        reportRing("do nothing through the ring", driver.perform { io_uring_prep_nop($0) })
        reportRing("restrict the ring anew", io_uring_register_eventfd(driver.ring, 1))
    }

    private func reread() {
        guard let path = getenv("PROBE_REREAD").map({ String(cString: $0) }) else { return }
        for _ in 0..<2 {
            switch Result(catching: { try CredentialFiles.system.read(path) }) {
            case .success(let bytes): print("read \(String(decoding: bytes, as: UTF8.self))")
            case .failure(let problem): print("read: \(problem)")
            }
            fflush(nil)
            _ = readLine()
        }
    }
}

func environment(_ name: String) -> String {
    guard let value = getenv(name) else { fatalError("\(name) is not set") }
    return String(cString: value)
}

do {
    let variables = processEnvironment()
    let configuration = try Configuration(environment: variables, paths: .machine)
    ProcessState.prepare()
    let process = try SidecarProcess(configuration.process, console: STDOUT_FILENO) { Probe($0) }
    let directory = try OpenDirectory(path: environment("AIRBYTE_CONFIG_DIR"))
    _ = try process.run(configuration, in: [directory])
    print("the probe was not called")
    exit(1)
} catch {
    print("the sidecar could not be started: \(error)")
    exit(1)
}
