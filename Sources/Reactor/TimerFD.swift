import CLinux
import Glibc
import Scheduling

/// The reactor's one timerfd(2), set to the earliest deadline and to nothing else.
final class TimerFD {
    private let timer: OwnedDescriptor
    private let trace: (any TraceSink)?
    /// When it will go off; nil while it is off.
    private var setting: Instant?

    /// To be polled for reading; lent, not given.
    var descriptor: Int32 { timer.raw }

    init(trace: (any TraceSink)?) throws(SystemError) {
        let raw = timerfd_create(CLOCK_MONOTONIC, Int32(TFD_NONBLOCK | TFD_CLOEXEC))
        guard raw >= 0 else { throw .last("timerfd_create") }
        timer = OwnedDescriptor(raw)
        self.trace = trace
    }

    /// Sets or stops it; costs nothing where it is set so already.
    func set(to deadline: Instant?, now: Instant) throws(SystemError) {
        guard deadline != setting else { return }
        var value = itimerspec()
        if let deadline {
            value.it_value.tv_sec = Int(deadline.nanoseconds / 1_000_000_000)
            value.it_value.tv_nsec = Int(deadline.nanoseconds % 1_000_000_000)
        }
        let result = timerfd_settime(timer.raw, Int32(TFD_TIMER_ABSTIME), &value, nil)
        guard result == 0 else { throw .last("timerfd_settime") }
        setting = deadline
        trace?.write("timerfd_settime(\(timer.raw), \(deadline.map { Self.seconds($0 - now) } ?? "off"))")
    }

    /// `29.998s`, cut to milliseconds.
    private static func seconds(_ duration: Duration) -> String {
        let milliseconds = duration.nanoseconds / 1_000_000
        let fraction = String(milliseconds % 1_000 + 1_000).dropFirst()
        return "\(milliseconds / 1_000).\(fraction)s"
    }

    /// Notes that it has gone off.
    func pass(_ now: Instant) {
        if let deadline = setting, deadline <= now {
            setting = nil
        }
    }
}
