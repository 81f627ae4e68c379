import CLinux
import Containers
import Glibc

/// The driver over epoll(7), for where io_uring is refused.
///
/// One-shot polls use `EPOLLONESHOT` and multishot ones `EPOLLET`, which match io_uring's two modes. Reads of
/// regular files, which epoll cannot wait for, are made with pread(2) at the next wait.
final class EpollDriver: Driver {
    /// Events taken from the kernel at once. The rest stay in its list and come with the next tick.
    private static let eventsPerWait = 128

    private struct Poll {
        var descriptor: Int32
        /// The number in epoll's set: the descriptor itself, or a duplicate where it is polled twice, as
        /// epoll takes a descriptor only once.
        var watched: Int32
        var mode: PollMode
    }

    private enum Owner {
        /// A poll that is under way.
        case poll(UInt64)
        /// An expired one-shot poll, still in epoll's set but disarmed: the next poll re-arms it in one call.
        case nobody
    }

    private struct PendingRead {
        var descriptor: Int32
        var offset: UInt64
        var memory: UnsafeMutableRawBufferPointer
        var token: UInt64
    }

    let backend = Backend.epoll
    private let epoll: OwnedDescriptor
    private let trace: (any TraceSink)?
    private var events = [epoll_event](repeating: epoll_event(), count: eventsPerWait)
    private var polls = SmallMap<UInt64, Poll>()
    private var owners = SmallMap<Int32, Owner>()
    private var reads: [PendingRead] = []
    /// What is known without asking the kernel: failures of epoll_ctl, and files that are always ready.
    private var known: [Completion] = []

    init(trace: (any TraceSink)?) throws(SystemError) {
        let raw = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard raw >= 0 else { throw .last("epoll_create1") }
        epoll = OwnedDescriptor(raw)
        self.trace = trace
    }

    func addPoll(
        _ descriptor: Int32,
        interest: Readiness,
        mode: PollMode,
        token: UInt64
    ) throws(SystemError) {
        switch owners[descriptor] {
        case .poll:
            addDuplicate(of: descriptor, interest: interest, mode: mode, token: token)
        case .nobody, nil:
            add(descriptor, watched: descriptor, interest: interest, mode: mode, token: token)
        }
    }

    private func addDuplicate(of descriptor: Int32, interest: Readiness, mode: PollMode, token: UInt64) {
        let duplicate = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard duplicate >= 0 else {
            known.append(Completion(token: token, result: -errno, more: false))
            return
        }
        add(descriptor, watched: duplicate, interest: interest, mode: mode, token: token)
    }

    private func add(
        _ descriptor: Int32,
        watched: Int32,
        interest: Readiness,
        mode: PollMode,
        token: UInt64
    ) {
        let trigger = mode == .oneShot ? clinux_epoll_one_shot() : clinux_epoll_edge_triggered()
        // io_uring reports the peer's end unasked, as both report errors and hang-ups; so this does, too.
        let wanted = interest.union(.peerClosed)
        var event = epoll_event(events: wanted.rawValue | trigger, data: epoll_data_t(u64: token))
        // The likelier one first. The other is needed with ENOENT: an expired poll's descriptor was closed,
        // and its number came back for another file; and with EEXIST: a descriptor was closed before its poll
        // was cancelled, the file lived on, and came back under the same number.
        let isKnown = owners[watched] != nil
        var result = epoll_ctl(epoll.raw, isKnown ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, watched, &event)
        if result < 0, errno == (isKnown ? ENOENT : EEXIST) {
            result = epoll_ctl(epoll.raw, isKnown ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, watched, &event)
        }
        guard result < 0 else {
            polls[token] = Poll(descriptor: descriptor, watched: watched, mode: mode)
            owners[watched] = .poll(token)
            return
        }
        let failure = errno
        owners[watched] = nil
        if watched != descriptor {
            _ = close(watched)
        }
        if failure == EPERM && mode == .oneShot {
            // A regular file or a directory, which poll(2) and io_uring call ready at all times.
            let ready = interest.intersection([.readable, .writable])
            known.append(Completion(token: token, result: Int32(ready.rawValue), more: false))
        } else {
            known.append(Completion(token: token, result: -failure, more: false))
        }
    }

    func addRead(
        _ descriptor: Int32,
        offset: UInt64,
        memory: UnsafeMutableRawBufferPointer,
        mayBlock: Bool,
        token: UInt64
    ) throws(SystemError) {
        reads.append(PendingRead(descriptor: descriptor, offset: offset, memory: memory, token: token))
    }

    func cancel(token: UInt64) -> Bool {
        if let poll = polls.removeValue(forKey: token) {
            remove(poll)
        } else {
            reads.removeAll { $0.token == token }
            known.removeAll { $0.token == token }
        }
        return true
    }

    private func remove(_ poll: Poll) {
        owners[poll.watched] = nil
        // Closing alone is not enough: a duplicate's entry would stay for as long as the file is open
        // anywhere. EBADF, ENOENT: closed before it was cancelled, which mostly took it out of the set.
        _ = epoll_ctl(epoll.raw, EPOLL_CTL_DEL, poll.watched, nil)
        if poll.watched != poll.descriptor {
            _ = close(poll.watched)
        }
    }

    func wait(block: Bool, into completions: inout [Completion]) throws(SystemError) {
        performReads()
        let timeout: Int32 = block && known.isEmpty ? -1 : 0
        let count = epoll_wait(epoll.raw, &events, Int32(Self.eventsPerWait), timeout)
        let failure = errno
        if let trace {
            let result = count < 0 ? "-1 \(SystemError.explain(failure))" : "\(count)"
            trace.write("epoll_wait(\(epoll.raw), timeout=\(timeout)) = \(result)")
        }
        // EINTR: a signal with a handler, or a debugger; the loop just comes round again. Everything else
        // (EBADF, EFAULT, EINVAL) means that the set itself is gone.
        guard count >= 0 || failure == EINTR else {
            throw SystemError(call: "epoll_wait", errno: failure)
        }
        completions.append(contentsOf: known)
        known.removeAll(keepingCapacity: true)
        for event in events.prefix(Int(max(count, 0))) {
            report(event, into: &completions)
        }
    }

    private func report(_ event: epoll_event, into completions: inout [Completion]) {
        let token = event.data.u64
        guard let poll = polls[token] else {
            // The file lives on under another number (a duplicate, a child) although its registration and
            // this number are gone. epoll cannot be told any more; edges of it are rare and come to nothing.
            return
        }
        let more = poll.mode == .multishot
        if !more {
            polls[token] = nil
            if poll.watched == poll.descriptor {
                owners[poll.watched] = .nobody
            } else {
                remove(poll)
            }
        }
        completions.append(Completion(token: token, result: Int32(bitPattern: event.events), more: more))
    }

    private func performReads() {
        for read in reads {
            var count: Int
            repeat {
                count = pread(read.descriptor, read.memory.baseAddress, read.memory.count, off_t(read.offset))
            } while count < 0 && errno == EINTR
            let result = count < 0 ? -errno : Int32(count)
            known.append(Completion(token: read.token, result: result, more: false))
        }
        reads.removeAll(keepingCapacity: true)
    }

    func abandon(reads tokens: [UInt64]) {
        reads.removeAll()
    }

    deinit {
        for poll in polls.values where poll.watched != poll.descriptor {
            _ = close(poll.watched)
        }
    }
}
