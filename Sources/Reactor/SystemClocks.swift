import Glibc
import Scheduling

extension Instant {
    /// The present, from `CLOCK_MONOTONIC`.
    public static func monotonic() -> Instant {
        var time = timespec()
        // It can only fail for a clock that does not exist, and this one always does.
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}

extension WallClock {
    /// clock_gettime(2) with `CLOCK_REALTIME`.
    package static let system = WallClock {
        var time = timespec()
        // It cannot fail for this clock.
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
