import Reactor
import Scheduling

extension Instant {
    public static var now: Instant { .monotonic() }

    /// Seconds since an earlier instant; negative where it is a later one.
    public func seconds(since earlier: Instant) -> Double {
        Double((self - earlier).nanoseconds) / 1e9
    }

    public func advanced(bySeconds seconds: Double) -> Instant {
        self + .nanoseconds(Int64(max(0, seconds) * 1e9))
    }
}
