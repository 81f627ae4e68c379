import CInotify
import Glibc
import Scheduling

/// The process's one inotify(7) instance, for all who watch files on a reactor.
///
/// A user has few instances on a machine (`fs.inotify.max_user_instances`, 128 by default), so the instance is opened
/// with the first watch and shared. Each user of it has an `InotifySource`. It stays open until the object goes: where it
/// has had a watch, close(2) waits until the kernel's readers of watches are done, which takes up to 70 ms on a busy
/// machine (Linux 6.18), and the loop would stand still for so long.
public final class Inotify {
    /// Bytes per read: room for about 2,000 events with short names.
    private static let bufferSize = 64 * 1024
    /// The longest event: its head and a name of 255 bytes, padded (inotify(7)).
    private static let maxEventSize = 272
    /// The most reads in one tick: a flood of changes must not stop the timers.
    private static let maxReadsPerTick = 8

    private let reactor: Reactor
    private let buffer = ReadBuffer(capacity: Inotify.bufferSize)
    private var descriptor: OwnedDescriptor?
    private var registration: Registration?
    private var continuation: TimerToken?
    private var sources: [Listener] = []
    /// Who watches what. Short: a workspace has two watches.
    private var watches: [Watch] = []

    private struct Watch {
        let watch: InotifyWatch
        let source: ObjectIdentifier
    }

    private struct Listener {
        let id: ObjectIdentifier
        weak var source: InotifySource?
    }

    /// Whether there is an instance: from the first watch on.
    var isOpen: Bool { descriptor?.raw != nil }

    /// Opens nothing yet.
    public init(reactor: Reactor) {
        self.reactor = reactor
    }

    func add(_ source: InotifySource) {
        sources.append(Listener(id: ObjectIdentifier(source), source: source))
    }

    /// Ends all of the source's watches.
    func remove(_ source: InotifySource) {
        let id = ObjectIdentifier(source)
        guard let index = sources.firstIndex(where: { $0.id == id }) else { return }
        sources.remove(at: index)
        for entry in watches where entry.source == id {
            // EINVAL: the watch has ended with its object.
            try? remove(entry.watch, of: id)
        }
    }

    func watch(_ path: String, _ mask: InotifyMask, for source: InotifySource) throws(SystemError)
        -> InotifyWatch
    {
        let descriptor = try open()
        let id = ObjectIdentifier(source)
        // The kernel has one watch for an object, whoever asks: nothing is taken from another source.
        let raw = inotify_add_watch(descriptor, path, mask.rawValue | UInt32(bitPattern: IN_MASK_ADD))
        guard raw >= 0 else { throw .last("inotify_add_watch") }
        let watch = InotifyWatch(rawValue: raw)
        if !isWatched(watch, by: id) { watches.append(Watch(watch: watch, source: id)) }
        return watch
    }

    func remove(_ watch: InotifyWatch, of source: ObjectIdentifier) throws(SystemError) {
        guard isWatched(watch, by: source), let descriptor = descriptor?.raw else {
            throw SystemError(call: "inotify_rm_watch", errno: EINVAL)
        }
        watches.removeAll { $0.watch == watch && $0.source == source }
        // The kernel has one watch for all sources.
        guard !watches.contains(where: { $0.watch == watch }) else { return }
        guard inotify_rm_watch(descriptor, watch.rawValue) == 0 else { throw .last("inotify_rm_watch") }
    }

    private func isWatched(_ watch: InotifyWatch, by source: ObjectIdentifier) -> Bool {
        watches.contains { $0.watch == watch && $0.source == source }
    }

    private func open() throws(SystemError) -> Int32 {
        if let raw = descriptor?.raw { return raw }
        let raw = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard raw >= 0 else { throw .last("inotify_init1") }
        let owned = OwnedDescriptor(raw)
        registration = try reactor.pollEssential(raw, label: "inotify") { [weak self] in self?.drain() }
        descriptor = consume owned
        return raw
    }

    private func drain() {
        for _ in 0..<Self.maxReadsPerTick {
            guard let raw = descriptor?.raw else { return }
            let count = Glibc.read(raw, buffer.memory.baseAddress, buffer.capacity)
            // EAGAIN: drained. Nothing else can happen to an open inotify descriptor with room to read into.
            guard count > 0 else { return }
            dispatch(InotifyEvent.parse(UnsafeRawBufferPointer(rebasing: buffer.memory[..<count])))
            // The next event had room: there was none. A later one is a new edge.
            if count <= buffer.capacity - Self.maxEventSize { return }
        }
        guard isOpen, continuation == nil else { return }
        // Not drained, so there may be no further edge: go on in the next tick.
        continuation = reactor.schedule(after: .zero) { [weak self] in
            self?.continuation = nil
            self?.drain()
        }
    }

    /// Hands each source its events, in their order.
    private func dispatch(_ events: [InotifyEvent]) {
        // An earlier handler may cancel a later source.
        for listener in sources where sources.contains(where: { $0.id == listener.id }) {
            // An overflow belongs to no watch.
            func isOwn(_ event: InotifyEvent) -> Bool {
                event.isOverflow || isWatched(event.watch, by: listener.id)
            }
            // Nearly always there is one source, and nothing has to be copied.
            let own = events.allSatisfy(isOwn) ? events : events.filter(isOwn)
            if !own.isEmpty { listener.source?.handler(own) }
        }
        // Last, so that everybody hears of a watch's end.
        for event in events where event.mask.contains(.ignored) {
            watches.removeAll { $0.watch == event.watch }
        }
    }

    deinit {
        if let registration { reactor.cancel(registration) }
        if let continuation { reactor.cancel(continuation) }
    }
}

/// One user's changes in the file system, as events of the loop.
public final class InotifySource {
    private let inotify: Inotify
    let handler: ([InotifyEvent]) -> Void

    /// Calls the handler with the events that have come since the last time, in their order, never with none.
    public init(_ inotify: Inotify, handler: @escaping ([InotifyEvent]) -> Void) {
        self.inotify = inotify
        self.handler = handler
        inotify.add(self)
    }

    /// Watches a path. Watching an object again adds to its mask and returns the same watch.
    ///
    /// Throws `inotify_init1`'s error `EMFILE` at the user's limit of instances, and `inotify_add_watch`'s errors:
    /// `ENOENT`, `EACCES`, `ENOTDIR`; `ENOSPC` at the user's limit of watches.
    public func watch(path: String, _ mask: InotifyMask) throws(SystemError) -> InotifyWatch {
        try inotify.watch(path, mask, for: self)
    }

    /// Watches the very object that is open under a descriptor, whatever its path leads to by now.
    /// Needs /proc.
    public func watch(descriptor object: Int32, _ mask: InotifyMask) throws(SystemError) -> InotifyWatch {
        try watch(path: "/proc/self/fd/\(object)", mask)
    }

    /// Ends a watch; no events of it follow. `EINVAL` says that it has ended by itself.
    public func remove(_ watch: InotifyWatch) throws(SystemError) {
        try inotify.remove(watch, of: ObjectIdentifier(self))
    }

    /// Ends all watches; the handler is not called any more.
    public func cancel() {
        inotify.remove(self)
    }

    deinit {
        cancel()
    }
}
