import Scheduling

/// Virtual time: what the world and the sidecar have planned, in order. Nothing waits for a real clock.
///
/// While the sidecar's process is frozen, its own events wait, as timers and answers do for a process after SIGSTOP. The
/// world's events go on.
package final class Timeline: Scheduler {
    package enum Owner {
        case sidecar
        case world
    }

    /// What a fault does to the sidecar's timers.
    enum TimerFault {
        /// Timers that are further away than this are lost.
        case loses(beyond: Duration)
        /// Timers take so many times as long.
        case stretches(by: Int)
        /// Timers cannot be cancelled.
        case keepsCancelled
    }

    private struct Entry {
        /// When it happens, unless the process is frozen then.
        var deadline: Instant
        /// When it was to happen: the order among those that a freeze has put off.
        var due: Instant
        var number: UInt32

        static func < (left: Entry, right: Entry) -> Bool {
            (left.deadline, left.due, left.number) < (right.deadline, right.due, right.number)
        }
    }

    private struct Plan {
        var owner: Owner
        var handler: () -> Void
    }

    package static let start = Instant(nanoseconds: 1_000_000_000_000)

    package private(set) var now = Timeline.start
    /// The process is frozen until then; in the past where it runs.
    private var frozenUntil = Timeline.start
    /// When the process was frozen, in order.
    private(set) var freezes: [Range<Instant>] = []
    var timerFault: TimerFault?

    private var heap: [Entry] = []
    private var plans: [UInt32: Plan] = [:]
    private var made: UInt32 = 0
    /// How many events of the sidecar wait.
    package private(set) var waitingForSidecar = 0

    package init() {}

    /// Since the start of the run.
    package var elapsed: Duration { now - Self.start }

    /// Stops the sidecar's process for a while.
    package func freeze(for duration: Duration) {
        let start = max(frozenUntil, now)
        frozenUntil = max(frozenUntil, now + duration)
        freezes.append(start..<frozenUntil)
    }

    /// How long the process has been frozen since then.
    func timeFrozen(since start: Instant = Timeline.start) -> Duration {
        freezes.reduce(.zero) { sum, freeze in
            let overlap = freeze.clamped(to: min(start, now)..<now)
            return sum + (overlap.upperBound - overlap.lowerBound)
        }
    }

    @discardableResult
    package func schedule(at deadline: Instant, handler: @escaping () -> Void) -> TimerToken {
        var deadline = max(deadline, now)
        switch timerFault {
        case .loses(let limit)? where deadline - now > limit: deadline = Instant(nanoseconds: .max)
        case .stretches(let factor)?: deadline = now + (deadline - now) * factor
        default: break
        }
        return add(deadline, .sidecar, handler)
    }

    package func cancel(_ timer: TimerToken) {
        if case .keepsCancelled? = timerFault { return }
        guard let plan = plans.removeValue(forKey: timer.slot) else { return }
        if plan.owner == .sidecar { waitingForSidecar -= 1 }
    }

    /// Plans something that happens in the world, or to the sidecar from outside: an answer that arrives, a signal.
    @discardableResult
    func plan(after delay: Duration, _ owner: Owner = .world, _ handler: @escaping () -> Void) -> TimerToken {
        add(now + delay, owner, handler)
    }

    private func add(_ deadline: Instant, _ owner: Owner, _ handler: @escaping () -> Void) -> TimerToken {
        made += 1
        plans[made] = Plan(owner: owner, handler: handler)
        if owner == .sidecar { waitingForSidecar += 1 }
        push(Entry(deadline: deadline, due: deadline, number: made))
        return TimerToken(slot: made, generation: 0)
    }

    /// Lets the next event happen.
    ///
    /// - Returns: whose it was; nil where nothing is planned any more, or nothing before the limit.
    package func step(until limit: Instant = Instant(nanoseconds: .max - 1)) -> Owner? {
        while let entry = heap.first {
            guard let plan = plans[entry.number] else {
                _ = pop()
                continue
            }
            guard entry.deadline <= limit else { return nil }
            _ = pop()
            if plan.owner == .sidecar, entry.deadline < frozenUntil {
                push(Entry(deadline: frozenUntil, due: entry.due, number: entry.number))
                continue
            }
            now = max(now, entry.deadline)
            plans[entry.number] = nil
            if plan.owner == .sidecar { waitingForSidecar -= 1 }
            plan.handler()
            return plan.owner
        }
        return nil
    }
}

// MARK: - The heap

extension Timeline {
    private func push(_ entry: Entry) {
        heap.append(entry)
        var place = heap.count - 1
        while place > 0, heap[place] < heap[(place - 1) / 2] {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private func pop() -> Entry {
        heap.swapAt(0, heap.count - 1)
        let first = heap.removeLast()
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count && heap[child] < heap[least]
            {
                least = child
            }
            guard least != place else { return first }
            heap.swapAt(least, place)
            place = least
        }
    }
}
