import CSeal
import Glibc
import SidecarTestSupport

/// Runs a whole workload on fakes while the kernel kills the process for touching a file, a socket or a timer.
///
/// With the argument `open` it opens a file afterwards, to show that the seal holds. Ends with the workload's exit code.
guard cseal_install() == 0 else {
    perror("seccomp")
    exit(125)
}
do {
    let world = try FakeWorld()
    let status = try world.playCheck()
    print(world.log, terminator: "")
    print("calls: \(world.platform.calls.count)")
    if CommandLine.arguments.contains("open") { _ = open("/dev/null", O_RDONLY) }
    fflush(nil)
    exit(status ?? 124)
} catch {
    print("the workload could not be started: \(error)")
    exit(123)
}
