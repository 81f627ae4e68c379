import Scheduling
import Testing

@testable import Simulation

@Suite struct TimelineTests {
    @Test func eventsHappenInTheirOrder() {
        let timeline = Timeline()
        var order: [Int] = []
        timeline.schedule(after: .seconds(2)) { order.append(3) }
        timeline.schedule(after: .seconds(1)) { order.append(1) }
        timeline.plan(after: .seconds(1)) { order.append(2) }
        while timeline.step() != nil {}
        #expect(order == [1, 2, 3])
        #expect(timeline.elapsed == .seconds(2))
    }

    @Test func cancelledTimersDoNotFire() {
        let timeline = Timeline()
        let timer = timeline.schedule(after: .seconds(1)) { Issue.record("it was cancelled") }
        timeline.cancel(timer)
        #expect(timeline.waitingForSidecar == 0)
        #expect(timeline.step() == nil)
    }

    @Test func aFreezePutsOffTheSidecarAndNotTheWorld() {
        let timeline = Timeline()
        var times: [String: Duration] = [:]
        timeline.schedule(after: .seconds(5)) { times["late timer"] = timeline.elapsed }
        timeline.schedule(after: .seconds(3)) { times["timer"] = timeline.elapsed }
        timeline.plan(after: .seconds(4)) { times["world"] = timeline.elapsed }
        timeline.plan(after: .seconds(1)) { timeline.freeze(for: .seconds(9)) }
        var order: [String] = []
        while timeline.step() != nil { order = times.sorted { $0.value < $1.value }.map(\.key) }
        #expect(order.first == "world" && times["world"] == .seconds(4))
        #expect(times["timer"] == .seconds(10) && times["late timer"] == .seconds(10))
        #expect(timeline.timeFrozen() == .seconds(9))
    }

    @Test func freezesThatOverlapCountOnce() {
        let timeline = Timeline()
        timeline.plan(after: .seconds(1)) { timeline.freeze(for: .seconds(4)) }
        timeline.plan(after: .seconds(3)) { timeline.freeze(for: .seconds(4)) }
        timeline.schedule(after: .seconds(2)) {}
        while timeline.step() != nil {}
        #expect(timeline.elapsed == .seconds(7))
        #expect(timeline.timeFrozen() == .seconds(6))
        #expect(timeline.timeFrozen(since: Timeline.start + .seconds(5)) == .seconds(2))
    }
}
