import Scheduling
import Testing

@testable import ControlPlane

@Suite struct DelayLineTests {
    private func moment(_ milliseconds: Int64) -> Instant {
        Instant(nanoseconds: milliseconds * 1_000_000)
    }

    @Test func everythingArrivesLaterInItsOrder() {
        var line = DelayLine(delay: .milliseconds(20))
        #expect(line.nextDue == nil)
        line.send(.bytes([1]), at: moment(100))
        line.send(.bytes([2, 3]), at: moment(105))
        line.send(.end, at: moment(105))
        #expect(line.nextDue == moment(120))
        #expect(line.receive(by: moment(119)) == nil)
        #expect(line.receive(by: moment(120)) == .bytes([1]))
        #expect(line.receive(by: moment(120)) == nil)
        #expect(line.nextDue == moment(125))
        #expect(line.receive(by: moment(200)) == .bytes([2, 3]))
        #expect(line.receive(by: moment(200)) == .end)
        #expect(line.receive(by: moment(200)) == nil)
        #expect(line.nextDue == nil)
    }
}
