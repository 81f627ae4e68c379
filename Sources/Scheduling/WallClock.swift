/// The time of day. Only for what people or other machines read; lengths of time are measured on the monotonic clock.
package struct WallClock: Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds (POSIX).
    package var millisecondsSince1970: Int64 { read() }

    package var secondsSince1970: Int64 { millisecondsSince1970 / 1_000 }

    private let read: @Sendable () -> Int64

    /// - Parameter read: gives the present milliseconds since 1970.
    package init(_ read: @escaping @Sendable () -> Int64) {
        self.read = read
    }
}
