/// The reactor's registrations: slots with generations, so that a token outlives its registration harmlessly.
struct SlotTable {
    /// What a slot is used for.
    enum Work {
        case free
        case poll(Poll)
        case read(Read)
        /// Cancelled, but the kernel still owes a completion: the slot and the buffer stay until it came.
        case cancelled(ReadBuffer?)
    }

    struct Poll {
        var interest: Readiness
        var mode: PollMode
        var handler: (Result<Readiness, SystemError>) -> Void
    }

    struct Read {
        var buffer: ReadBuffer
        var length: Int
        var offset: UInt64
        /// Whether this is the second try, on a thread of the kernel's.
        var mayBlock: Bool
        var handler: (Result<Int, SystemError>) -> Void
    }

    struct Slot {
        var generation: UInt32 = 0
        var work = Work.free
        /// Whether the driver still owes a completion.
        var isInFlight = false
        var descriptor: Int32 = -1
        var label = ""
        /// The number the trace shows.
        var serial: UInt64 = 0
    }

    /// The most open registrations: more than a process usually may have descriptors
    /// (`ulimit -n`), and few enough for the 24 bits of a token.
    static let maximumSlots = 1 << 20

    private(set) var slots: [Slot] = []
    private var free: [Int] = []
    private var serials: UInt64 = 0

    subscript(index: Int) -> Slot {
        get { slots[index] }
        _modify { yield &slots[index] }
    }

    mutating func allocate(
        kind: Registration.Kind,
        descriptor: Int32,
        label: String,
        work: Work
    ) throws(SystemError) -> Registration {
        let index = free.popLast() ?? slots.count
        if index == slots.count {
            // ENOSPC as from epoll_ctl(2) at the limit of watches.
            guard index < Self.maximumSlots else { throw SystemError(call: "register", errno: 28) }
            slots.append(Slot())
        }
        serials += 1
        let generation = slots[index].generation
        slots[index] = Slot(
            generation: generation,
            work: work,
            descriptor: descriptor,
            label: label,
            serial: serials
        )
        return Registration(kind: kind, slot: index, generation: generation)
    }

    /// The slot of a registration that is not over; nil for a stale one.
    func index(of registration: Registration) -> Int? {
        let index = registration.slot
        guard index < slots.count, slots[index].generation == registration.generation else { return nil }
        if case .free = slots[index].work { return nil }
        return index
    }

    /// Ends a slot's use: its tokens become stale. What was in it is handed out, so that a handler which is the last
    /// owner of something that calls the reactor when it goes does so after the access to the table.
    @discardableResult
    mutating func release(_ index: Int) -> Slot {
        let old = slots[index]
        slots[index] = Slot(generation: old.generation &+ 1)
        free.append(index)
        return old
    }
}
