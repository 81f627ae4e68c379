import CUring
import Glibc

/// The driver over io_uring(7).
///
/// Not to be shared between threads, not even one after the other: with `IORING_SETUP_SINGLE_ISSUER` the
/// kernel answers `EEXIST` to every thread but the first.
final class IOUringDriver: Driver {
    /// The most completions of one tick, to keep a flood from starving the timers. The rest
    /// wait in the ring, and the next tick does not block.
    private static let completionsPerTick = 4_096
    /// Completions that are read at once.
    private static let reapBatch = 64
    /// A kernel short of memory (`EAGAIN`, `EBUSY`) is asked again so often in a row, a millisecond apart:
    /// five seconds pass most shortages, and a program that cannot submit for longer should say so and end.
    private static let shortageAttempts = 5_000

    let backend = Backend.ioUring
    /// How often the completion queue was found to have overflowed into the kernel's memory.
    private(set) var overflows = 0
    /// Room for completions in the ring.
    var completionEntries: Int { Int(ring.pointee.cq.ring_entries) }

    let ring: UnsafeMutablePointer<io_uring>
    private let trace: (any TraceSink)?
    /// Completions that had to be taken out while adding, to make room.
    private var backlog: [Completion] = []
    /// Cancellations that found no room in the submission queue.
    private var unsentCancellations: [UInt64] = []
    /// Failed calls in a row for want of the kernel's memory.
    private var shortages = 0

    /// Sets the ring up and tries it with one empty operation, so that a kernel or a filter that refuses any
    /// of the calls shows it here.
    init(
        entries: UInt32,
        trace: (any TraceSink)?,
        flags: [UInt32] = IOUringDriver.setupFlags
    ) throws(SystemError) {
        ring = try Self.makeRing(entries: entries, flags: flags)
        self.trace = trace
        try probe()
    }

    /// Flags to try, the newest first: completions are only worked on when this thread asks (6.1), else
    /// without interrupting it (5.19), else as it was before.
    static let setupFlags: [UInt32] = [
        UInt32(IORING_SETUP_SINGLE_ISSUER) | UInt32(IORING_SETUP_DEFER_TASKRUN)
            | UInt32(IORING_SETUP_SUBMIT_ALL),
        UInt32(IORING_SETUP_COOP_TASKRUN) | UInt32(IORING_SETUP_SUBMIT_ALL),
        0,
    ]

    private static func makeRing(
        entries: UInt32,
        flags: [UInt32]
    ) throws(SystemError) -> UnsafeMutablePointer<io_uring> {
        let ring = UnsafeMutablePointer<io_uring>.allocate(capacity: 1)
        ring.initialize(to: io_uring())
        var failure = EINVAL
        // EINVAL is how a kernel answers to flags that it does not know yet; nothing else gets better with
        // fewer of them.
        for flags in flags where failure == EINVAL {
            var parameters = io_uring_params()
            parameters.flags = flags | UInt32(IORING_SETUP_CLAMP) | UInt32(IORING_SETUP_R_DISABLED)
            failure = -io_uring_queue_init_params(entries, ring, &parameters)
        }
        guard failure == 0 else {
            ring.deallocate()
            throw SystemError(call: "io_uring_setup", errno: failure)
        }
        do throws(SystemError) {
            try restrict(ring)
        } catch {
            io_uring_queue_exit(ring)
            ring.deallocate()
            throw error
        }
        // A forked child has no use for the ring's memory, which would keep the ring alive as long as the child.
        _ = io_uring_ring_dontfork(ring)
        return ring
    }

    /// All that a ring may do, and then enables it. A filter of system calls does not see what goes through a ring: it
    /// could open files and connections that the filter refuses (io_uring_register(2), IORING_REGISTER_RESTRICTIONS).
    private static func restrict(_ ring: UnsafeMutablePointer<io_uring>) throws(SystemError) {
        let operations = [
            IORING_OP_NOP, IORING_OP_POLL_ADD, IORING_OP_READ, IORING_OP_ASYNC_CANCEL,
        ]
        var restrictions = operations.map { curing_allow_operation(UInt8($0.rawValue)) }
        restrictions.append(curing_allow_async())
        // The general call: liburing 2.3 declares one for each of the two, but its shared library has neither.
        func register(
            _ operation: Int,
            _ argument: UnsafeMutableRawPointer?,
            _ count: Int
        ) throws(SystemError) {
            let result = io_uring_register(
                UInt32(ring.pointee.ring_fd),
                UInt32(operation),
                argument,
                UInt32(count)
            )
            guard result >= 0 else { throw SystemError(call: "io_uring_register", errno: -result) }
        }
        try register(Int(IORING_REGISTER_RESTRICTIONS), &restrictions, restrictions.count)
        try register(Int(IORING_REGISTER_ENABLE_RINGS), nil, 0)
    }

    private func probe() throws(SystemError) {
        // Multishot polls came with 5.13, which no operation's number tells; the resource tags of the same
        // release have a flag. Completions must not get lost when the queue overflows (5.5).
        let needed = UInt32(IORING_FEAT_NODROP) | UInt32(IORING_FEAT_RSRC_TAGS)
        guard ring.pointee.features & needed == needed else {
            throw SystemError(call: "io_uring_setup", errno: ENOSYS)
        }
        let entry = try nextEntry()
        io_uring_prep_nop(entry)
        let token = Registration(kind: .probe, slot: 0, generation: 0).token
        io_uring_sqe_set_data64(entry, token)
        var completions: [Completion] = []
        while completions.isEmpty {
            try wait(block: true, into: &completions)
        }
        guard completions[0].result == 0 else {
            throw SystemError(call: "io_uring_enter", errno: -completions[0].result)
        }
    }

    func addPoll(
        _ descriptor: Int32,
        interest: Readiness,
        mode: PollMode,
        token: UInt64
    ) throws(SystemError) {
        if mode == .multishot, Self.isAlwaysReady(descriptor) {
            backlog.append(Completion(token: token, result: -EPERM, more: false))
            return
        }
        let entry = try nextEntry()
        switch mode {
        case .multishot: io_uring_prep_poll_multishot(entry, descriptor, interest.rawValue)
        case .oneShot: io_uring_prep_poll_add(entry, descriptor, interest.rawValue)
        }
        io_uring_sqe_set_data64(entry, token)
    }

    /// Whether a multishot poll would make no sense: the kernel ends it at once, over and over again.
    private static func isAlwaysReady(_ descriptor: Int32) -> Bool {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return false }
        return [S_IFREG, S_IFDIR, S_IFBLK].contains(status.st_mode & S_IFMT)
    }

    func addRead(
        _ descriptor: Int32,
        offset: UInt64,
        memory: UnsafeMutableRawBufferPointer,
        mayBlock: Bool,
        token: UInt64
    ) throws(SystemError) {
        let entry = try nextEntry()
        io_uring_prep_read(entry, descriptor, memory.baseAddress, UInt32(memory.count), offset)
        if mayBlock {
            curing_set_async(entry)
        }
        io_uring_sqe_set_data64(entry, token)
    }

    func cancel(token: UInt64) -> Bool {
        do throws(SystemError) {
            try addCancellation(of: token)
        } catch {
            // The queue is full and the kernel short of room: the next wait makes some.
            unsentCancellations.append(token)
        }
        return false
    }

    private func addCancellation(of token: UInt64) throws(SystemError) {
        let entry = try nextEntry()
        io_uring_prep_cancel64(entry, token, 0)
        io_uring_sqe_set_data64(entry, Registration(token: token).with(kind: .cancel).token)
    }

    /// A free entry of the submission queue; submits what is in it when it is full.
    private func nextEntry() throws(SystemError) -> UnsafeMutablePointer<io_uring_sqe> {
        if let entry = io_uring_get_sqe(ring) {
            return entry
        }
        while true {
            let pending = io_uring_sq_ready(ring)
            let result = io_uring_submit_and_get_events(ring)
            traceEnter(submitting: pending, waitingFor: 0, result: result)
            if result < 0 {
                reap(into: &backlog)
            }
            try classify(result)
            if let entry = io_uring_get_sqe(ring) {
                return entry
            }
        }
    }

    func wait(block: Bool, into completions: inout [Completion]) throws(SystemError) {
        try sendCancellations()
        let pending = io_uring_sq_ready(ring)
        let minimum: UInt32 = block && backlog.isEmpty ? 1 : 0
        let result =
            minimum > 0
            ? io_uring_submit_and_wait(ring, minimum) : io_uring_submit_and_get_events(ring)
        traceEnter(submitting: pending, waitingFor: minimum, result: result)
        completions.append(contentsOf: backlog)
        backlog.removeAll(keepingCapacity: true)
        reap(into: &completions)
        try classify(result)
    }

    private func sendCancellations() throws(SystemError) {
        while let token = unsentCancellations.last {
            try addCancellation(of: token)
            unsentCancellations.removeLast()
        }
    }

    /// Lets the caller come round again after what passes by itself, and throws the rest.
    private func classify(_ result: Int32) throws(SystemError) {
        switch -result {
        case EINTR:
            // A signal with a handler, or a debugger.
            return
        case EAGAIN, EBUSY:
            // No memory for requests, or too many completions that overflowed; the caller has just taken
            // out what there was, which helps in the second case.
            shortages += 1
            guard shortages < Self.shortageAttempts else { break }
            var pause = timespec(tv_sec: 0, tv_nsec: 1_000_000)
            nanosleep(&pause, nil)
            return
        case let failure where failure > 0:
            // EBADR: a completion was lost, because the kernel had no memory to keep it: no state can be
            // trusted any more. EEXIST: another thread than the first called, which is a bug. EPERM, EACCES,
            // ENOSYS: a filter let the set-up pass, but not this.
            break
        default:
            shortages = 0
            return
        }
        throw SystemError(call: "io_uring_enter", errno: -result)
    }

    /// Takes out what has completed, including what overflowed into the kernel's memory.
    private func reap(into completions: inout [Completion]) {
        withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<io_uring_cqe>?.self, capacity: Self.reapBatch)
        {
            batch in
            var taken = 0
            while taken < Self.completionsPerTick {
                if io_uring_cq_has_overflow(ring) {
                    overflows += 1
                    trace?.write("io_uring: the completion queue overflowed")
                }
                // With an empty queue and overflown completions this enters the kernel to fetch them.
                let count = Int(
                    io_uring_peek_batch_cqe(ring, batch.baseAddress, UInt32(Self.reapBatch))
                )
                guard count > 0 else { return }
                for case let entry? in batch[..<count] {
                    completions.append(
                        Completion(
                            token: io_uring_cqe_get_data64(entry),
                            result: entry.pointee.res,
                            more: entry.pointee.flags & UInt32(IORING_CQE_F_MORE) != 0
                        )
                    )
                }
                io_uring_cq_advance(ring, UInt32(count))
                taken += count
            }
        }
    }

    private func traceEnter(submitting: UInt32, waitingFor minimum: UInt32, result: Int32) {
        guard let trace else { return }
        let outcome = result < 0 ? "-1 \(SystemError.explain(-result))" : "\(result)"
        trace.write("io_uring_enter(to_submit=\(submitting), min_complete=\(minimum)) = \(outcome)")
    }

    func abandon(reads: [UInt64]) {
        var remaining = Set(reads)
        for token in reads {
            _ = cancel(token: token)
        }
        while !remaining.isEmpty {
            var completions: [Completion] = []
            do throws(SystemError) {
                try wait(block: true, into: &completions)
            } catch {
                // The memory is the kernel's for as long as it does not say otherwise: freeing it could
                // let a late read write into whatever comes to lie there.
                fatalError("reads cannot be taken back: \(error)")
            }
            for completion in completions {
                remaining.remove(completion.token)
            }
        }
    }

    deinit {
        io_uring_queue_exit(ring)
        ring.deallocate()
    }
}
