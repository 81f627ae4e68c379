import Glibc

/// The time of day. Only for what people or other machines read; lengths of time are measured by the loop.
struct WallClock: Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds (POSIX).
    var millisecondsSince1970: Int64 { read() }

    var secondsSince1970: Int64 { millisecondsSince1970 / 1_000 }

    private let read: @Sendable () -> Int64

    init(_ read: @escaping @Sendable () -> Int64) {
        self.read = read
    }

    /// clock_gettime(2) with `CLOCK_REALTIME`.
    static let system = WallClock {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
