import AirbyteProtocol
import Scheduling
import Testing
import Workload

@Suite struct WorkloadTimelineTests {
    private func at(_ seconds: Int64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

    private var whole: WorkloadTimeline {
        var timeline = WorkloadTimeline(started: at(100))
        timeline.note(.contactAnswered(.running, .accepted(body: [])), now: at(102))
        timeline.note(.outputOpened, now: at(101))
        timeline.note(.readTranscript, now: at(110))
        timeline.note(.transcriptRead(Transcript()), now: at(113))
        timeline.note(.storeLog, now: at(117))
        timeline.note(.exit(0), now: at(122))
        return timeline
    }

    @Test func phasesOfAWholeWorkload() {
        let durations = WorkloadTimeline.Phase.allCases.map { whole.duration(of: $0) }
        #expect(durations == [2, 9, 3, 4, 5].map { Duration.seconds($0) })
        #expect(whole.total == .seconds(22))
    }

    /// Events repeat: a look finds the output once more, a report is sent again.
    @Test func theFirstTimeCounts() {
        var timeline = whole
        timeline.note(.contactAnswered(.running, .accepted(body: [])), now: at(200))
        timeline.note(.outputOpened, now: at(200))
        timeline.note(.readTranscript, now: at(200))
        timeline.note(.transcriptRead(Transcript()), now: at(200))
        timeline.note(.storeLog, now: at(200))
        timeline.note(.exit(0), now: at(200))
        #expect(timeline == whole)
    }

    @Test func whatHasNotHappenedHasNoDuration() {
        var timeline = WorkloadTimeline(started: at(0))
        timeline.note(.contactAnswered(.running, .gone), now: at(1))
        timeline.note(.contactAnswered(.heartbeat, .accepted(body: [])), now: at(2))
        timeline.note(.exit(1), now: at(3))
        for phase in WorkloadTimeline.Phase.allCases { #expect(timeline.duration(of: phase) == nil) }
        #expect(timeline.total == .seconds(3))
    }
}
