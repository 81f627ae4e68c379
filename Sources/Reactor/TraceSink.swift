import Glibc

/// Takes the reactor's trace: one line for every submission, completion and wait, in strace's manner.
public protocol TraceSink: AnyObject {
    /// One line without its newline. Called within the loop: it must not call the reactor, and not block.
    func write(_ line: String)
}

/// Writes the trace to a file or a descriptor, each line with the time of day (UTC) in front.
///
/// It never waits for a reader: lines that a full pipe does not take are dropped and counted.
public final class FileTraceSink: TraceSink {
    /// A writable pipe takes this many bytes without blocking (pipe(7), `PIPE_BUF`); the rest of a line is cut off.
    private static let maxLineLength = 4_096

    private let descriptor: OwnedDescriptor
    private var dropped = 0

    /// Takes over an open descriptor.
    public init(descriptor: consuming OwnedDescriptor) {
        self.descriptor = descriptor
    }

    /// Appends to a file, which is created for its owner alone where it does not exist. `ENXIO`: it is a FIFO that nobody
    /// reads.
    public init(path: String) throws(SystemError) {
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
        let raw = open(path, flags, 0o600)
        guard raw >= 0 else { throw .last("open") }
        descriptor = OwnedDescriptor(raw)
    }

    public func write(_ line: String) {
        if dropped > 0, isWritable {
            put("\(dropped) lines of the trace were dropped: it was not being read")
            dropped = 0
        }
        if isWritable { put(line) } else { dropped += 1 }
    }

    private func put(_ line: String) {
        var text = Self.timestamp() + " " + line + "\n"
        // One write a line, so that lines of several writers do not mix. A trace that cannot be written
        // (disk full, reader gone) must not stop the program that it observes: the result is ignored.
        text.withUTF8 { bytes in
            _ = Glibc.write(descriptor.raw, bytes.baseAddress, min(bytes.count, Self.maxLineLength))
        }
    }

    private var isWritable: Bool {
        var request = pollfd(fd: descriptor.raw, events: Int16(POLLOUT), revents: 0)
        return poll(&request, 1, 0) > 0
    }

    /// `05:47:01.000123`, as strace -tt prints it, but always in UTC.
    private static func timestamp() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let second = time.tv_sec % 86_400
        let clock = [second / 3_600, second / 60 % 60, second % 60].map { padded($0, to: 2) }
        return clock.joined(separator: ":") + "." + padded(time.tv_nsec / 1_000, to: 6)
    }

    private static func padded(_ number: Int, to width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
