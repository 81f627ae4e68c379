import Confinement
import Glibc

/// What a process sets up about itself before it opens or starts anything.
package enum ProcessState {
    /// The signals that request an orderly end.
    static let stopSignals = [SIGTERM, SIGINT, SIGHUP, SIGQUIT]

    static func prepare() {
        keepStandardDescriptors()
        hold(stopSignals)
        prepareForNotifications()
        // SIGPIPE, SIGXFSZ: a closed console or connection and a file that may not grow are errors of the write, not
        // the end of the program.
        for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
    }

    /// Core dumps and debuggers would see credentials.
    static func forbidDumps() {
        // Every kernel can.
        try? Privileges.forbidDumps()
    }

    /// Whoever starts the program with one of 0, 1 and 2 closed must not find its own files written to: what is opened
    /// next would get that number.
    private static func keepStandardDescriptors() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest free number is taken, which is this one.
            _ = unsafe open("/dev/null", O_RDWR)
        }
    }

    /// SIGIO is F_NOTIFY's, and asking the kernel who has a file open can provoke one. It is ignored, but the kernel keeps a
    /// signal that every thread blocks.
    package static func prepareForNotifications() {
        hold([SIGIO])
        signal(SIGIO, SIG_IGN)
    }

    /// A signal that comes before the loop watches for it waits until then.
    private static func hold(_ numbers: [Int32]) {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for number in numbers { unsafe sigaddset(&signals, number) }
        unsafe sigprocmask(SIG_BLOCK, &signals, nil)
    }
}
