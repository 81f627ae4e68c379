import CLinux
import Glibc
import Scheduling

/// The loop: waits for descriptors, reads files and keeps timers, on one thread.
///
/// Handlers run in a tick's dispatch phase only, one after the other, never from within a call to the
/// reactor. A handler may add and cancel anything, itself and what has already happened in the same tick
/// included. A reactor is used by one thread all its life; several may live in a process.
///
/// A descriptor may be polled by several registrations at once. Cancel a registration before its descriptor
/// is closed.
public final class Reactor {
    /// The driver in use.
    public let backend: Backend
    /// Why `.automatic` did not take io_uring; nil where it did, or was not asked.
    public let fallbackReason: SystemError?
    /// The monotonic time, read once a tick, after its wait.
    public private(set) var now: Instant
    let driver: any Driver
    private let trace: (any TraceSink)?
    private var table = SlotTable()
    private var timers = TimerHeap<() -> Void>()
    /// Made at the start, so that a process without a free descriptor fails there.
    private let timerFD: TimerFD
    private var isTimerPolled = false
    private var completions: [Completion] = []
    /// What keeps the reactor from going on, found while dispatching.
    private var failure: SystemError?
    private var isTicking = false
    private var ticksWithoutHook = 0
    private var readsAtOnce = 0
    private let clock: () -> Instant
    /// The longest work of the ticks that are over.
    private var longestWork: Duration = .zero
    /// How many rounds the loop has made.
    public private(set) var wakeups = 0
    /// Called before the loop sleeps, never from within a handler; it may do what a handler may.
    public var beforeWait: (() -> Void)?

    /// Room in io_uring's submission queue: what one tick usually adds, several times over. A full queue
    /// costs a system call, nothing else.
    public static let defaultRingEntries: UInt32 = 64

    /// The kernel reads no more at once (read(2), notes), which also keeps counts within 32 bits.
    static let maximumReadLength = 0x7FFF_F000

    /// Sets up the driver; throws where the one asked for cannot be had.
    public convenience init(
        backend: BackendChoice = .automatic,
        ringEntries: UInt32 = Reactor.defaultRingEntries,
        trace: (any TraceSink)? = nil
    ) throws(SystemError) {
        try self.init(
            backend: backend,
            trace: trace,
            makeIOUring: { () throws(SystemError) in
                try IOUringDriver(entries: ringEntries, trace: trace)
            }
        )
    }

    /// The same, with the clock and the making of the io_uring driver handed in.
    init(
        backend choice: BackendChoice,
        trace: (any TraceSink)?,
        clock: @escaping () -> Instant = Instant.monotonic,
        makeIOUring: () throws(SystemError) -> any Driver
    ) throws(SystemError) {
        var reason: SystemError?
        switch choice {
        case .ioUring:
            driver = try makeIOUring()
        case .epoll:
            driver = try EpollDriver(trace: trace)
        case .automatic:
            // Whatever the reason (EPERM from a filter or sysctl, ENOSYS from an old kernel or gVisor, ENOMEM
            // from a memlock limit, EINVAL …), epoll does the same work.
            do throws(SystemError) {
                driver = try makeIOUring()
            } catch {
                reason = error
                driver = try EpollDriver(trace: trace)
            }
        }
        timerFD = try TimerFD(trace: trace)
        self.trace = trace
        self.backend = driver.backend
        fallbackReason = reason
        self.clock = clock
        now = clock()
    }

    deinit {
        let reads = table.slots.indices.compactMap { index -> UInt64? in
            guard table[index].isInFlight else { return nil }
            switch table[index].work {
            case .read, .cancelled(_?):
                return Registration(kind: .read, slot: index, generation: table[index].generation).token
            case .free, .poll, .cancelled(nil):
                return nil
            }
        }
        driver.abandon(reads: reads)
    }
}

// MARK: - Descriptors

extension Reactor {
    /// Reports when a descriptor is ready. Errors, hang-ups and the peer's end are reported whether asked for
    /// or not.
    ///
    /// What cannot be polled (`EBADF` …) is reported as `.error`, once; then the registration is over.
    /// Regular files are always ready for a one-shot poll and refused (`EPERM`) by a multishot one.
    ///
    /// The label names the descriptor in the trace. Throws only where the driver has no room.
    public func poll(
        _ descriptor: Int32,
        for interest: Readiness,
        mode: PollMode,
        label: String,
        handler: @escaping (Readiness) -> Void
    ) throws(SystemError) -> Registration {
        try add(descriptor, for: interest, mode: mode, label: label) { result in
            handler((try? result.get()) ?? .error)
        }
    }

    /// A multishot poll for reading of a descriptor without which the program cannot go on: where it cannot
    /// be polled, the tick throws.
    func pollEssential(
        _ descriptor: Int32,
        label: String,
        handler: @escaping () -> Void
    ) throws(SystemError) -> Registration {
        try add(descriptor, for: .readable, mode: .multishot, label: label) { [unowned self] result in
            switch result {
            case .success: handler()
            case .failure(let error): failure = error
            }
        }
    }

    private func add(
        _ descriptor: Int32,
        for interest: Readiness,
        mode: PollMode,
        label: String,
        handler: @escaping (Result<Readiness, SystemError>) -> Void
    ) throws(SystemError) -> Registration {
        let poll = SlotTable.Poll(interest: interest, mode: mode, handler: handler)
        let registration = try table.allocate(
            kind: .poll,
            descriptor: descriptor,
            label: label,
            work: .poll(poll)
        )
        do throws(SystemError) {
            try arm(poll, registration)
        } catch {
            table.release(registration.slot)
            throw error
        }
        return registration
    }

    private func arm(_ poll: SlotTable.Poll, _ registration: Registration) throws(SystemError) {
        let slot = table[registration.slot]
        trace?.write(slot.traceText(of: poll))
        try driver.addPoll(
            slot.descriptor,
            interest: poll.interest,
            mode: poll.mode,
            token: registration.token
        )
        table[registration.slot].isInFlight = true
    }

    /// Reads a regular file at an offset: up to `length` bytes, or all that the buffer holds.
    ///
    /// The handler gets the count of bytes read, 0 at the end of the file, or the error (`EBADF`, `EISDIR`,
    /// `EIO` …), once. The buffer is kept alive, and is in flight, until the kernel is done with it.
    public func read(
        _ descriptor: Int32,
        at offset: UInt64,
        into buffer: ReadBuffer,
        length: Int? = nil,
        label: String,
        handler: @escaping (Result<Int, SystemError>) -> Void
    ) throws(SystemError) -> Registration {
        precondition(!buffer.isInFlight, "one read at a time for a buffer")
        let length = min(length ?? buffer.capacity, buffer.capacity, Self.maximumReadLength)
        let read = SlotTable.Read(
            buffer: buffer,
            length: length,
            offset: offset,
            mayBlock: false,
            handler: handler
        )
        let registration = try table.allocate(
            kind: .read,
            descriptor: descriptor,
            label: label,
            work: .read(read)
        )
        do throws(SystemError) {
            try start(read, registration)
        } catch {
            table.release(registration.slot)
            throw error
        }
        return registration
    }

    /// The most reads that a tick makes at once: enough for a line of each of a few files. A file that grows without end must
    /// not stop the timers.
    package static let maxReadsAtOnce = 4

    /// Reads a regular file at an offset before it returns, which saves a tick: all that the buffer holds, or less.
    ///
    /// Returns the count of bytes read, 0 at the end of the file. Nil where the kernel would have to wait for a disk, where it
    /// does not tell whether it has to, after an error, and after `maxReadsAtOnce` in one tick: then `read` does it.
    ///
    /// - Parameter isInMemory: whether the file's file system keeps all content in memory. (Linux 6.18: tmpfs does not know
    ///   `RWF_NOWAIT`.)
    public func readAtOnce(
        _ descriptor: Int32,
        at offset: UInt64,
        into buffer: ReadBuffer,
        isInMemory: Bool,
        label: String
    ) -> Int? {
        precondition(!buffer.isInFlight, "one read at a time for a buffer")
        guard readsAtOnce < Self.maxReadsAtOnce, let place = Int64(exactly: offset) else { return nil }
        readsAtOnce += 1
        let memory = buffer.memory
        let length = min(memory.count, Self.maximumReadLength)
        let count =
            isInMemory
            ? pread(descriptor, memory.baseAddress, length, off_t(place))
            : clinux_read_without_waiting(descriptor, memory.baseAddress, UInt(length), place)
        if let trace {
            let outcome = count < 0 ? "-1 \(SystemError.explain(errno))" : "\(count)"
            trace.write("pread(\(descriptor)<\(label)>, \(length), offset=\(offset)) = \(outcome)")
        }
        return count < 0 ? nil : count
    }

    private func start(_ read: SlotTable.Read, _ registration: Registration) throws(SystemError) {
        let slot = table[registration.slot]
        trace?.write(slot.traceText(of: read))
        let memory = UnsafeMutableRawBufferPointer(rebasing: read.buffer.memory[..<read.length])
        try driver.addRead(
            slot.descriptor,
            offset: read.offset,
            memory: memory,
            mayBlock: read.mayBlock,
            token: registration.token
        )
        read.buffer.isInFlight = true
        table[registration.slot].isInFlight = true
    }

    /// Ends a registration: its handler is never called from now on, not even for what has happened already.
    /// A registration that is over is ignored.
    public func cancel(_ registration: Registration) {
        guard let index = table.index(of: registration) else { return }
        var buffer: ReadBuffer?
        switch table[index].work {
        case .free, .cancelled: return
        case .poll: break
        case .read(let read): buffer = read.buffer
        }
        let slot = table[index]
        trace?.write("cancel #\(slot.serial) (\(slot.traceName))")
        // The handler goes at the end, see `SlotTable.release`.
        defer { withExtendedLifetime(slot) {} }
        if slot.isInFlight, !driver.cancel(token: registration.token) {
            table[index].work = .cancelled(buffer)
        } else {
            buffer?.isInFlight = false
            table.release(index)
        }
    }
}

// MARK: - Timers

extension Reactor: Scheduler {
    /// Calls the handler once, in the first tick at or after the deadline, but not in the present one.
    /// Timers of one tick fire in the order of their deadlines, those of one deadline in order of making.
    @discardableResult
    public func schedule(at deadline: Instant, handler: @escaping () -> Void) -> TimerToken {
        timers.insert(deadline: deadline, payload: handler)
    }

    /// Ends a timer, even one that is due in this tick. One that has fired is ignored.
    public func cancel(_ timer: TimerToken) {
        timers.remove(timer)
    }

    /// Sets the timerfd to the earliest deadline. False when there is nothing to wait for: a timer is due.
    private func armTimer() throws(SystemError) -> Bool {
        guard let earliest = timers.earliest else {
            try timerFD.set(to: nil, now: now)
            return true
        }
        guard earliest > now else { return false }
        if !isTimerPolled {
            // It need not be read: only a further expiration is another edge, and setting it forgets those before.
            _ = try pollEssential(timerFD.descriptor, label: "timer") {}
            isTimerPolled = true
        }
        try timerFD.set(to: earliest, now: now)
        return true
    }
}

// MARK: - The loop

extension Reactor {
    /// More ticks in a row without sleep are no longer a burst.
    package static let maxTicksWithoutHook = 16

    /// One round: submit and wait, take all completions, then call the handlers.
    ///
    /// The before-wait hook is called first where the round would sleep, and in every 16th of a row of rounds that would
    /// not: what is due at once goes before what can wait.
    ///
    /// Throws what concerns the driver as a whole, after which the reactor is of no further use.
    public func tick() throws(SystemError) {
        precondition(!isTicking, "a handler must not run the loop")
        isTicking = true
        defer { isTicking = false }
        callHookIfIdle()
        let block = try armTimer()
        completions.removeAll(keepingCapacity: true)
        readsAtOnce = 0
        longestWork = longestTick
        try driver.wait(block: block, into: &completions)
        wakeups += 1
        now = clock()
        timerFD.pass(now)
        // Before any handler runs, so that what a handler schedules is not among them.
        let due = timers.popDue(at: now)
        let batch = completions
        for completion in batch {
            markDone(completion)
        }
        for completion in batch {
            try dispatch(completion)
        }
        for token in due {
            timers.remove(token)?()
        }
        if let failure {
            throw failure
        }
    }

    /// The longest time from the end of one wait to the beginning of the next: as long as that, nothing could be answered.
    ///
    /// The present tick counts as far as it has come. A process that is stopped or gets no processor seems to work for
    /// that time. What a driver does while it waits, such as epoll's reads of files, does not count.
    public var longestTick: Duration { max(longestWork, clock() - now) }

    private func callHookIfIdle() {
        let hasDueTimer = timers.earliest.map { $0 <= now } ?? false
        ticksWithoutHook = hasDueTimer ? ticksWithoutHook + 1 : 0
        if ticksWithoutHook % Self.maxTicksWithoutHook == 0 { beforeWait?() }
    }

    /// Notes what the kernel is done with, before any handler runs.
    private func markDone(_ completion: Completion) {
        let registration = Registration(token: completion.token)
        guard registration.kind == .poll || registration.kind == .read,
            let index = table.index(of: registration)
        else { return }
        if let trace {
            trace.write(table[index].traceText(of: completion, kind: registration.kind))
        }
        guard !completion.more else { return }
        table[index].isInFlight = false
        if case .cancelled(let buffer) = table[index].work {
            buffer?.isInFlight = false
            table.release(index)
        }
    }

    private func dispatch(_ completion: Completion) throws(SystemError) {
        let registration = Registration(token: completion.token)
        // Gone: cancelled by an earlier handler of this tick, or a stale completion.
        guard registration.kind == .poll || registration.kind == .read,
            let index = table.index(of: registration)
        else { return }
        switch table[index].work {
        case .free, .cancelled:
            return
        case .poll(let poll):
            try dispatch(completion.result, to: poll, registration)
        case .read(let read):
            try dispatch(completion.result, to: read, registration)
        }
    }

    private func dispatch(
        _ result: Int32,
        to poll: SlotTable.Poll,
        _ registration: Registration
    ) throws(SystemError) {
        let isOver = result < 0 || poll.mode == .oneShot
        if isOver {
            // Before the handler, which may want to poll the same descriptor again.
            table.release(registration.slot)
        }
        poll.handler(
            result < 0
                ? .failure(SystemError(call: "poll_add", errno: -result))
                : .success(Readiness(rawValue: UInt32(result)))
        )
        // A multishot poll that the kernel ended, for want of room in the completion queue: start it anew.
        if !isOver, let index = table.index(of: registration), !table[index].isInFlight {
            if case .poll(let poll) = table[index].work {
                try arm(poll, registration)
            }
        }
    }

    private func dispatch(
        _ result: Int32,
        to read: SlotTable.Read,
        _ registration: Registration
    ) throws(SystemError) {
        // EAGAIN: the file was opened with O_NONBLOCK, and its file system would have to wait. EINTR: a
        // signal came first. The kernel's worker threads may wait, and are asked once.
        if (result == -EAGAIN || result == -EINTR) && !read.mayBlock {
            var second = read
            second.mayBlock = true
            table[registration.slot].work = .read(second)
            return try start(second, registration)
        }
        read.buffer.isInFlight = false
        table.release(registration.slot)
        read.handler(result < 0 ? .failure(SystemError(call: "read", errno: -result)) : .success(Int(result)))
    }
}
