import CConfinement
import Confinement
import Glibc
import Reactor
import Telemetry

/// The system calls that the sidecar makes once it is set up. A call that is missing here fails with `EPERM`, and a line in
/// the log names it.
struct SystemCalls {
    private(set) var rules: [(number: Int32, rule: SystemCallFilter.Rule)] = []

    init(_ configuration: Configuration, backend: Backend) {
        allow(Self.memory + Self.files + Self.watches + Self.sockets + Self.time + Self.process)
        // What is executable is there from the start.
        for call in [SYS_mmap, SYS_mprotect] {
            rules.append((call, .allowUnless(argument: 2, hasBits: UInt32(PROT_EXEC))))
        }
        let families = Self.families(configuration.telemetry)
        rules.append((SYS_socket, .allowIf(argument: 0, isOneOf: families.map(UInt32.init(bitPattern:)))))
        allow(backend == .ioUring ? [SYS_io_uring_enter] : Self.epoll)
        // glibc starts threads and processes with all signals held back, where a refusal that is noted would be fatal. It has
        // another way where clone3(2) is missing.
        rules.append((SYS_clone3, .fail(ENOSYS)))
        rules.append((SYS_clone, .fail(EPERM)))
        if case .local = configuration.storage { allowHelperProcess() }
    }

    private mutating func allow(_ calls: [Int32]) {
        for call in calls { rules.append((call, .allow)) }
    }

    /// Internet sockets, and the kind that StatsD's datagrams may need.
    private static func families(_ telemetry: TelemetrySettings) -> [Int32] {
        if case .unix = telemetry.statsD?.destination { return [AF_INET, AF_INET6, AF_UNIX] }
        return [AF_INET, AF_INET6]
    }

    /// The child that writes to local storage, see `HelperProcess`. It is a fork; no other kind of child can be made.
    private mutating func allowHelperProcess() {
        rules.append((SYS_clone, .allowIf(argument: 0, isOneOf: [Self.forkFlags])))
        rules.append((SYS_prctl, .allowIf(argument: 0, isOneOf: [UInt32(PR_SET_PDEATHSIG)])))
        allow([
            SYS_getppid, SYS_close_range, SYS_close, SYS_set_robust_list, SYS_wait4, SYS_kill,
            SYS_pipe2,
            SYS_mkdirat, SYS_fsync, SYS_fdatasync, SYS_prlimit64,
        ])
    }

    /// Those of glibc's fork: CLONE_CHILD_CLEARTID, CLONE_CHILD_SETTID and SIGCHLD.
    private static let forkFlags: UInt32 = 0x0020_0000 | 0x0100_0000 | UInt32(SIGCHLD)

    private static let memory = [SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise]

    #if arch(x86_64)
    private static let oldNames = [SYS_poll, SYS_unlink, SYS_rename]
    #else
    private static let oldNames: [Int32] = []
    #endif

    private static let files =
        [
            SYS_openat, SYS_openat2, SYS_close, SYS_fstat, SYS_newfstatat, SYS_fstatfs, SYS_lseek, SYS_fcntl,
            SYS_read, SYS_pread64, SYS_preadv2, SYS_readv, SYS_write, SYS_pwritev2, SYS_writev,
            SYS_mknodat, SYS_unlinkat, SYS_renameat, SYS_renameat2, SYS_fchmod,
        ] + oldNames

    private static let watches = [
        SYS_inotify_init1, SYS_inotify_add_watch, SYS_inotify_rm_watch, SYS_signalfd4, SYS_timerfd_settime,
        SYS_ppoll,
    ]

    private static let sockets = [
        SYS_connect, SYS_getsockname, SYS_getpeername, SYS_setsockopt, SYS_getsockopt, SYS_shutdown,
        SYS_sendto, SYS_recvfrom, SYS_sendmsg, SYS_recvmsg,
    ]

    /// Where the kernel's page of clocks cannot be used, they are calls.
    private static let time = [SYS_clock_gettime, SYS_gettimeofday, SYS_nanosleep, SYS_clock_nanosleep]

    private static let process = [
        SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_restart_syscall, SYS_futex, SYS_getrandom,
        SYS_getpid, SYS_gettid, SYS_tgkill, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_uname,
        SYS_sysinfo,
        SYS_exit, SYS_exit_group,
    ]

    #if arch(x86_64)
    private static let epoll = [SYS_epoll_ctl, SYS_epoll_wait, SYS_epoll_pwait]
    #else
    private static let epoll = [SYS_epoll_ctl, SYS_epoll_pwait]
    #endif
}
