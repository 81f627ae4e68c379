import CBench

/// A moment on CLOCK_MONOTONIC, in nanoseconds.
public struct MonotonicTime: Comparable, Hashable, Sendable {
    public var nanoseconds: UInt64

    public init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    public static var now: MonotonicTime { MonotonicTime(nanoseconds: cbench_now()) }

    public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// Seconds since an earlier moment; negative where it is a later one.
    public func seconds(since earlier: MonotonicTime) -> Double {
        let difference = Int64(bitPattern: nanoseconds &- earlier.nanoseconds)
        return Double(difference) / 1e9
    }

    public func advanced(bySeconds seconds: Double) -> MonotonicTime {
        MonotonicTime(nanoseconds: nanoseconds &+ UInt64(max(0, seconds) * 1e9))
    }
}
