import CInotify
import Glibc
import Scheduling

/// Changes in the file system as events of the loop, through inotify(7).
public final class InotifySource {
    /// Bytes read at once: some 2,000 events with short names, and far more than the 272 bytes that the
    /// longest event needs.
    private static let bufferBytes = 64 * 1024
    /// Reads in one tick before others get their turn: a flood of changes must not stop the timers.
    private static let readsPerTick = 8

    private let reactor: Reactor
    private let descriptor: OwnedDescriptor
    private let handler: ([InotifyEvent]) -> Void
    private let buffer = ReadBuffer(capacity: InotifySource.bufferBytes)
    private var registration: Registration?
    private var continuation: TimerToken?

    /// Calls the handler with the events that have come since the last time, in their order, never with none.
    /// Throws `inotify_init1`'s errors: `EMFILE` at the user's limit of instances.
    public init(reactor: Reactor, handler: @escaping ([InotifyEvent]) -> Void) throws(SystemError) {
        let raw = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard raw >= 0 else { throw .last("inotify_init1") }
        descriptor = OwnedDescriptor(raw)
        self.reactor = reactor
        self.handler = handler
        registration = try reactor.pollEssential(raw, label: "inotify") { [weak self] in
            self?.drain()
        }
    }

    /// Watches a path. Watching an object again changes its mask and returns the same watch.
    ///
    /// Throws `inotify_add_watch`'s errors: `ENOENT`, `EACCES`, `ENOTDIR`; `ENOSPC` at the user's limit of
    /// watches.
    public func watch(path: String, _ mask: InotifyMask) throws(SystemError) -> InotifyWatch {
        let watch = inotify_add_watch(descriptor.raw, path, mask.rawValue)
        guard watch >= 0 else { throw .last("inotify_add_watch") }
        return InotifyWatch(rawValue: watch)
    }

    /// Watches the very object that is open under a descriptor, whatever its path leads to by now.
    /// Needs /proc.
    public func watch(descriptor object: Int32, _ mask: InotifyMask) throws(SystemError) -> InotifyWatch {
        try watch(path: "/proc/self/fd/\(object)", mask)
    }

    /// Ends a watch; an `.ignored` event follows. `EINVAL` says that it has ended by itself.
    public func remove(_ watch: InotifyWatch) throws(SystemError) {
        guard inotify_rm_watch(descriptor.raw, watch.rawValue) == 0 else { throw .last("inotify_rm_watch") }
    }

    /// Ends the source; the handler is not called any more.
    public func cancel() {
        if let registration {
            reactor.cancel(registration)
        }
        registration = nil
        if let continuation {
            reactor.cancel(continuation)
        }
        continuation = nil
    }

    private func drain() {
        for _ in 0..<Self.readsPerTick {
            // The handler may have cancelled the source.
            guard registration != nil else { return }
            let count = Glibc.read(descriptor.raw, buffer.memory.baseAddress, buffer.capacity)
            // EAGAIN: drained. Nothing else can happen to an open inotify descriptor with room to read into.
            guard count > 0 else { return }
            handler(InotifyEvent.parse(UnsafeRawBufferPointer(rebasing: buffer.memory[..<count])))
        }
        guard registration != nil, continuation == nil else { return }
        // Not drained, so there may be no further edge: go on in the next tick.
        continuation = reactor.schedule(after: .zero) { [weak self] in
            self?.continuation = nil
            self?.drain()
        }
    }

    deinit {
        cancel()
    }
}
