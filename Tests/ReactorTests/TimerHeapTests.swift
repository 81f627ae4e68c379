import Scheduling
import Testing

@testable import Reactor

@Suite("Timer heap, with a clock by hand")
struct TimerHeapTests {
    private func at(_ nanoseconds: Int64) -> Instant {
        Instant(nanoseconds: nanoseconds)
    }

    /// Pops what is due and takes it, as the reactor does.
    private func fire<Payload>(_ heap: inout TimerHeap<Payload>, _ now: Int64) -> [Payload] {
        heap.popDue(at: at(now)).compactMap { heap.remove($0) }
    }

    @Test func firesNothingEarly() {
        var heap = TimerHeap<String>()
        #expect(heap.earliest == nil)
        _ = heap.insert(deadline: at(10), payload: "a")
        #expect(heap.earliest == at(10))
        #expect(fire(&heap, 9).isEmpty)
        #expect(fire(&heap, 10) == ["a"])
        #expect(heap.earliest == nil)
        #expect(fire(&heap, 100).isEmpty)
    }

    @Test func ordersByDeadlineThenByAge() {
        var heap = TimerHeap<String>()
        for (deadline, name) in [(5, "c"), (1, "a"), (5, "d"), (3, "b"), (5, "e"), (9, "f")]
            as [(Int64, String)]
        {
            _ = heap.insert(deadline: at(deadline), payload: name)
        }
        #expect(fire(&heap, 5) == ["a", "b", "c", "d", "e"])
        #expect(heap.earliest == at(9))
    }

    @Test func cancelsBeforeAndWhileDue() {
        var heap = TimerHeap<String>()
        let first = heap.insert(deadline: at(1), payload: "a")
        let second = heap.insert(deadline: at(2), payload: "b")
        let third = heap.insert(deadline: at(3), payload: "c")
        #expect(heap.remove(first) == "a")
        #expect(heap.earliest == at(2))
        let due = heap.popDue(at: at(3))
        #expect(due == [second, third])
        #expect(heap.remove(third) == "c")
        #expect(heap.remove(third) == nil)
        #expect(due.compactMap { heap.remove($0) } == ["b"])
    }

    @Test func staleTokenIsHarmless() {
        var heap = TimerHeap<String>()
        let old = heap.insert(deadline: at(1), payload: "old")
        heap.remove(old)
        let new = heap.insert(deadline: at(1), payload: "new")
        #expect(old.slot == new.slot)
        #expect(heap.remove(old) == nil)
        #expect(fire(&heap, 1) == ["new"])
    }

    @Test func cancelledTimersLeaveNothingBehind() {
        var heap = TimerHeap<Int>()
        for number in 0..<10_000 {
            let token = heap.insert(deadline: at(1_000_000 + Int64(number)), payload: number)
            heap.remove(token)
        }
        #expect(heap.count == 0)
        let token = heap.insert(deadline: at(1), payload: 0)
        #expect(token.slot == 0)
    }

    @Test("Against a sorted list", arguments: [1, 2, 3, 4, 5] as [UInt64])
    func agreesWithSortedList(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var heap = TimerHeap<Int>()
        var model: [(deadline: Int64, number: Int, token: TimerToken)] = []
        var now: Int64 = 0
        for number in 0..<5_000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<6:
                let deadline = now + Int64.random(in: 0..<50, using: &random)
                model.append((deadline, number, heap.insert(deadline: at(deadline), payload: number)))
            case 6..<8:
                guard let index = model.indices.randomElement(using: &random) else { continue }
                #expect(heap.remove(model[index].token) == model[index].number)
                model.remove(at: index)
            default:
                now += Int64.random(in: 0..<20, using: &random)
                let due = model.filter { $0.deadline <= now }
                    .sorted { ($0.deadline, $0.number) < ($1.deadline, $1.number) }
                model.removeAll { $0.deadline <= now }
                #expect(fire(&heap, now) == due.map(\.number))
            }
            #expect(heap.count == model.count)
            #expect(heap.earliest?.nanoseconds == model.map(\.deadline).min())
        }
    }
}
