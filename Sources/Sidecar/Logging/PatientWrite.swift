import CLinux
import Glibc
import Scheduling

/// Writes to a descriptor that others have opened, perhaps as a blocking one, without ever waiting beyond a limit.
extension ArraySlice<UInt8> {
    /// Whatever is writable takes this many bytes without blocking (pipe(7), `PIPE_BUF`).
    private static var atomicWrite: Int { 4_096 }

    /// How a write ended.
    enum WriteOutcome: Equatable {
        /// Everything is written.
        case complete
        /// The reader took so many bytes and no more until the deadline.
        case stalled(written: Int)
        /// Nobody will ever read it: `EPIPE`, `EIO`, `ENOSPC` …
        case broken
    }

    /// Writes the bytes as the descriptor takes them, until the deadline at the longest; without one, only what it takes
    /// at once.
    ///
    /// - Parameter isPipe: a pipe takes all that has room in it at once.
    func write(to descriptor: Int32, isPipe: Bool = false, until deadline: Instant? = nil) -> WriteOutcome {
        var isPipe = isPipe
        var rest = self
        while !rest.isEmpty {
            let left = deadline.map { $0 - .monotonic() } ?? .zero
            if !isPipe, !Self.isWritable(descriptor, within: left) {
                return .stalled(written: count - rest.count)
            }
            let written = isPipe ? rest.writeToPipe(descriptor) : rest.writeLittle(descriptor)
            if written >= 0 {
                rest.removeFirst(written)
            } else if errno == EAGAIN {
                guard left > .zero, Self.isWritable(descriptor, within: left) else {
                    return .stalled(written: count - rest.count)
                }
            } else if isPipe, [EOPNOTSUPP, EINVAL, ENOSYS, EPERM].contains(errno) {
                // An older kernel, or a filter.
                isPipe = false
            } else if errno != EINTR {
                return .broken
            }
        }
        return .complete
    }

    /// As write(2), but never waits.
    private func writeToPipe(_ descriptor: Int32) -> Int {
        unsafe withUnsafeBytes { unsafe clinux_write_to_pipe(descriptor, $0.baseAddress, UInt($0.count)) }
    }

    /// As write(2), of so little that what is writable takes it without waiting.
    private func writeLittle(_ descriptor: Int32) -> Int {
        unsafe prefix(Self.atomicWrite).withUnsafeBytes {
            unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
        }
    }

    private static func isWritable(_ descriptor: Int32, within wait: Duration) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        let milliseconds = Int32(clamping: Swift.max(0, wait.nanoseconds / 1_000_000))
        // A regular file is always writable; an error (POLLERR: the reader is gone) shows at the write.
        return unsafe poll(&request, 1, milliseconds) > 0
    }
}
