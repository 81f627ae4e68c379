import Scheduling

/// Timers by deadline: a binary heap that knows each timer's place, so that a cancelled one leaves at once.
///
/// Pure: the time is handed in. Timers of one deadline come out in the order in which they were added.
struct TimerHeap<Payload> {
    private struct Entry {
        var deadline: Instant
        /// Counts the insertions, to order equal deadlines.
        var order: UInt64
        var slot: Int
    }

    private struct Slot {
        var generation: UInt32 = 0
        /// The entry's index in the heap; nil when the timer is due already, or the slot is free.
        var position: Int?
        var payload: Payload?
    }

    private var entries: [Entry] = []
    private var slots: [Slot] = []
    private var free: [Int] = []
    private var insertions: UInt64 = 0

    /// The deadline of the timer that comes next; due ones that were taken out are not counted.
    var earliest: Instant? { entries.first?.deadline }

    /// How many timers wait for their deadline.
    var count: Int { entries.count }

    mutating func insert(deadline: Instant, payload: Payload) -> TimerToken {
        let slot = free.popLast() ?? slots.count
        if slot == slots.count {
            slots.append(Slot())
        }
        slots[slot].payload = payload
        insertions += 1
        entries.append(Entry(deadline: deadline, order: insertions, slot: slot))
        slots[slot].position = entries.count - 1
        siftUp(entries.count - 1)
        return TimerToken(slot: UInt32(slot), generation: slots[slot].generation)
    }

    /// Takes every timer whose deadline has come out of the heap, the earliest first. Each keeps its payload
    /// until `take`, so that it can still be cancelled.
    mutating func popDue(at now: Instant) -> [TimerToken] {
        var due: [TimerToken] = []
        while let first = entries.first, first.deadline <= now {
            due.append(TimerToken(slot: UInt32(first.slot), generation: slots[first.slot].generation))
            removeEntry(at: 0)
            slots[first.slot].position = nil
        }
        return due
    }

    /// Ends a timer, due or not, and hands out its payload; nil where it has ended before.
    @discardableResult
    mutating func remove(_ token: TimerToken) -> Payload? {
        let index = Int(token.slot)
        guard index < slots.count, slots[index].generation == token.generation,
            let payload = slots[index].payload
        else { return nil }
        if let position = slots[index].position {
            removeEntry(at: position)
        }
        slots[index] = Slot(generation: token.generation &+ 1)
        free.append(index)
        return payload
    }

    private mutating func removeEntry(at position: Int) {
        let last = entries.count - 1
        if position != last {
            swap(position, last)
        }
        entries.removeLast()
        if position < entries.count {
            siftDown(position)
            siftUp(position)
        }
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard precedes(child, parent) else { return }
            swap(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            let left = 2 * parent + 1
            let right = left + 1
            guard left < entries.count else { return }
            let child = right < entries.count && precedes(right, left) ? right : left
            guard precedes(child, parent) else { return }
            swap(child, parent)
            parent = child
        }
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        let (one, other) = (entries[left], entries[right])
        return one.deadline == other.deadline ? one.order < other.order : one.deadline < other.deadline
    }

    private mutating func swap(_ left: Int, _ right: Int) {
        entries.swapAt(left, right)
        slots[entries[left].slot].position = left
        slots[entries[right].slot].position = right
    }
}
