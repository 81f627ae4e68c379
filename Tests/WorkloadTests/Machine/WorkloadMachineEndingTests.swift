import AirbyteProtocol
import Glibc
import ProtocolTestSupport
import Scheduling
import TestSupport
import Testing
import WorkloadTestSupport

@testable import Workload

/// How the wait of a workload machine ends, and what follows.
@Suite struct WorkloadMachineEndingTests {
    private func world(
        _ operation: AirbyteProtocol.Operation = .check,
        fileTimeout: Duration = .seconds(540)
    ) throws -> MachineWorld {
        MachineWorld(try sidecarInput(operation), fileTimeout: fileTimeout)
    }

    // MARK: Exit code

    @Test func aWholeCheck() throws {
        var world = try world()
        world.announce()
        #expect(world.send(.exitCodeFound(.code(0))) == [.read])
        #expect(world.send(.transcriptRead(transcript(Line.succeeded))) == [.store])
        #expect(world.send(.delivered(.outputStored)) == [.success])
        #expect(world.send(.reportAnswered(.ok)) == [.exit(0)])
        #expect(world.timers.isEmpty)
        #expect(world.output?.checkConnection?.status == .succeeded)
    }

    @Test func aWholeDiscover() throws {
        var world = try world(.discover)
        world.announce()
        #expect(world.send(.exitCodeFound(.code(0))) == [.read])
        #expect(world.send(.transcriptRead(transcript(Line.catalog))) == [.catalog])
        #expect(world.send(.delivered(.catalogWritten(id: "c-1"))) == [.store])
        #expect(world.output?.discoverCatalogId == "c-1")
        #expect(world.send(.delivered(.outputStored)) == [.success])
        #expect(world.send(.reportAnswered(.ok)) == [.exit(0)])
    }

    @Test func exitCodeIsTakenOnce() throws {
        var world = try world()
        world.announce()
        #expect(world.send(.exitCodeFound(.code(0))) == [.read])
        #expect(world.send(.exitCodeFound(.code(1))) == [])
        world.send(.transcriptRead(transcript(Line.succeeded)))
        #expect(world.send(.exitCodeFound(.code(1))) == [])
        #expect(world.steps.count { $0 == .read } == 1, "read once only")
    }

    @Test func heartbeatsGoOnUntilTheEnd() throws {
        var world = try world(.discover)
        world.announce()
        func beat() {
            #expect(world.advance(by: .seconds(30)) == [.heartbeat])
            world.send(.contactAnswered(.heartbeat, .ok))
        }
        beat()
        world.send(.exitCodeFound(.code(0)))
        beat()
        world.send(.transcriptRead(transcript(Line.catalog)))
        beat()
        world.send(.delivered(.catalogWritten(id: "c")))
        beat()
        world.send(.delivered(.outputStored))
        beat()
        #expect(world.send(.reportAnswered(.ok)) == [.exit(0)])
        #expect(world.advance(by: .seconds(3_600)) == [])
    }

    // MARK: File timeout

    @Test(arguments: [(Duration.seconds(540), "9 minutes"), (.seconds(30), "30 seconds")])
    func fileTimeout(_ limit: Duration, _ spoken: String) throws {
        var world = try world(fileTimeout: limit)
        world.announce()
        var reads: [Step] = []
        while world.now - world.started < limit {
            for step in world.advance(by: .seconds(1)) {
                if step == .heartbeat {
                    world.send(.contactAnswered(.heartbeat, .ok))
                } else {
                    reads.append(step)
                }
            }
            #expect(reads.isEmpty || world.now - world.started == limit)
        }
        #expect(reads == [.read], "the connector's log lines so far are read")
        #expect(world.send(.transcriptRead(transcript())) == [.store])
        #expect(world.send(.delivered(.outputStored)) == [.failure(.unknown)])
        #expect(world.logged.contains { $0.contains("within \(spoken)") })
        #expect(world.send(.reportAnswered(.ok)) == [.exit(2)])
    }

    @Test func exitCodeDisarmsTheFileTimeout() throws {
        var world = try world()
        world.announce()
        world.send(.exitCodeFound(.code(0)))
        #expect(world.delay(of: .fileTimeout) == nil)
        #expect(world.send(.timerFired(.fileTimeout)) == [], "late")
    }

    @Test func exitCodeWinsWhileTheOutputIsReadForATimeout() throws {
        var world = try world(fileTimeout: .seconds(10))
        world.announce()
        #expect(world.advance(by: .seconds(10)) == [.read])
        #expect(world.send(.exitCodeFound(.code(0))) == [])
        #expect(world.send(.transcriptRead(transcript(Line.succeeded))) == [.store])
        world.send(.delivered(.outputStored))
        #expect(world.send(.reportAnswered(.ok)) == [.exit(0)])
    }

    @Test func fileTimeoutLooksOnceMore() throws {
        var world = try world(fileTimeout: .seconds(20))
        world.announce()
        world.found = [.exitCodeFound(.code(0))]
        #expect(world.advance(by: .seconds(20)) == [.read])
        #expect(world.looks == 1)
        #expect(!world.logged.contains { $0.contains("timeout") }, "it has not passed")
        #expect(world.send(.transcriptRead(transcript(Line.succeeded))) == [.store])
        world.send(.delivered(.outputStored))
        #expect(world.send(.reportAnswered(.ok)) == [.exit(0)])
    }

    /// An output that is written faster than it is read must not put off the report of a timeout.
    @Test func lateReadingIsStopped() throws {
        var world = try world()
        world.announce()
        #expect(world.send(.timerFired(.fileTimeout)) == [.read])
        #expect(world.delay(of: .lateReading) == .seconds(5))
        #expect(world.advance(by: .seconds(5)) == [.stopReading])
        #expect(world.stopReasons == ["that took longer than 5 seconds"])
        #expect(world.send(.transcriptRead(transcript())) == [.store])
        #expect(world.send(.delivered(.outputStored)) == [.failure(.unknown)])
        #expect(world.send(.reportAnswered(.ok)) == [.exit(2)])
    }

    @Test func readingAfterAnExitCodeTakesMinutes() throws {
        var world = try world()
        world.announce()
        #expect(world.send(.exitCodeFound(.code(0))) == [.read])
        #expect(world.delay(of: .lateReading) == .seconds(300))
        var late = try self.world()
        late.announce()
        late.send(.timerFired(.fileTimeout))
        late.advance(by: .seconds(4))
        late.send(.exitCodeFound(.code(0)))
        #expect(late.delay(of: .lateReading) == .seconds(300))
    }

    /// An output without an end does not keep the job from ending; heartbeats go on meanwhile.
    @Test(arguments: [true, false])
    func readingAfterAnExitCodeIsStopped(_ hasResult: Bool) throws {
        var world = try world()
        world.announce()
        world.send(.exitCodeFound(.code(0)))
        var steps: [Step] = []
        while world.delay(of: .lateReading) != nil {
            steps += world.advance(by: .seconds(1))
            world.send(.contactAnswered(.heartbeat, .ok))
        }
        #expect(steps.count { $0 == .heartbeat } > 1)
        #expect(steps.contains(.stopReading))
        #expect(world.stopReasons == ["that took longer than 5 minutes"])
        let unread = "jobOutput.json was not read to its end"
        let lines = hasResult ? transcript(Line.succeeded) : transcript()
        #expect(world.send(.transcriptRead(lines, unread: unread)) == [.store])
        #expect(world.logged.contains { $0.contains(unread) })
        #expect(
            world.send(.delivered(.outputStored)) == [hasResult ? .success : .failure(.source)]
        )
        #expect(world.send(.reportAnswered(.ok)) == [.exit(hasResult ? 0 : 1)])
    }

    /// The report has to be sent within a pod's grace period.
    @Test(arguments: [true, false])
    func signalWhileTheOutputIsReadShortensIt(_ isExitLate: Bool) throws {
        var world = try world()
        world.announce()
        world.send(isExitLate ? .timerFired(.fileTimeout) : .exitCodeFound(.code(0)))
        world.advance(by: .seconds(3))
        world.send(.signalled(15))
        #expect(world.delay(of: .lateReading) == .seconds(isExitLate ? 2 : 5))
        if isExitLate {
            world.send(.exitCodeFound(.code(0)))
            #expect(world.delay(of: .lateReading) == .seconds(2), "the exit code gives no more time")
        }
        #expect(world.advance(by: .seconds(5)).contains(.stopReading))
        #expect(world.stopReasons == ["too little time is left after SIGTERM"])
    }

    // MARK: The held report

    @Test func reportWaitsForTheFirstAnnouncement() throws {
        var world = try world()
        world.send(.started)
        world.send(.exitCodeFound(.code(0)))
        world.send(.transcriptRead(transcript(Line.succeeded)))
        #expect(world.send(.delivered(.outputStored)) == [])
        #expect(world.send(.contactAnswered(.running, .ok)) == [.success])
        #expect(world.send(.reportAnswered(.ok)) == [.exit(0)])
    }

    @Test func reportIsSentWhenTheFirstAnnouncementFails() throws {
        var world = try world()
        world.send(.started)
        world.send(.exitCodeFound(.code(0)))
        world.send(.transcriptRead(transcript(Line.succeeded)))
        #expect(world.send(.delivered(.outputStored)) == [])
        #expect(world.send(.contactAnswered(.running, .down)) == [.success])
    }

    @Test func reportDoesNotWaitInBackOff() throws {
        var world = try world()
        world.send(.started)
        world.send(.contactAnswered(.running, .down))
        world.send(.exitCodeFound(.code(0)))
        world.send(.transcriptRead(transcript(Line.succeeded)))
        #expect(world.send(.delivered(.outputStored)) == [.success])
    }

    @Test func reportDoesNotWaitForALaterAnnouncement() throws {
        var world = try world()
        world.send(.started)
        world.send(.contactAnswered(.running, .down))
        #expect(world.advance(by: .seconds(2)) == [.running])
        world.send(.exitCodeFound(.code(0)))
        world.send(.transcriptRead(transcript(Line.succeeded)))
        #expect(world.send(.delivered(.outputStored)) == [.success])
        #expect(world.send(.contactAnswered(.running, .down)) == [], "not reported twice")
    }

    // MARK: Reports that are not taken

    @Test(arguments: [CallOutcome.refused("422"), .notFound("404"), .unauthorized("403")])
    func refusedSuccessBecomesAFailure(_ outcome: CallOutcome) throws {
        var world = try world()
        world.announce()
        world.send(.exitCodeFound(.code(0)))
        world.send(.transcriptRead(transcript(Line.succeeded)))
        world.send(.delivered(.outputStored))
        #expect(world.send(.reportAnswered(outcome)) == [.failure(.airbytePlatform)])
        #expect(world.send(.reportAnswered(.ok)) == [.exit(1)])
        #expect(world.steps.count { $0 == .store } == 1, "the good output stays")
    }

    /// A world whose success is under way.
    private func worldThatReports() throws -> MachineWorld {
        var world = try world()
        world.announce()
        world.send(.exitCodeFound(.code(0)))
        world.send(.transcriptRead(transcript(Line.succeeded)))
        world.send(.delivered(.outputStored))
        return world
    }

    /// A success without an answer can have arrived: a failure would contradict it.
    @Test func successWithoutAnAnswerIsToldAgain() throws {
        var world = try worldThatReports()
        #expect(world.send(.reportAnswered(.down)) == [])
        #expect(world.advance(by: .seconds(2)) == [.success])
        #expect(world.send(.reportAnswered(.unavailable("busy", retryAfter: .seconds(20)))) == [])
        #expect(world.advance(by: .seconds(19)) == [])
        #expect(world.advance(by: .seconds(1)) == [.success])
        #expect(world.send(.reportAnswered(.ok)) == [.exit(0)])
        #expect(world.timers.isEmpty)
    }

    /// The echo of a success that has arrived: its repetition is accepted.
    @Test func heartbeatThatIsGoneEndsNoUnansweredSuccess() throws {
        var world = try worldThatReports()
        world.advance(by: .seconds(15))
        world.send(.reportAnswered(.unavailable("busy", retryAfter: .seconds(20))))
        #expect(world.advance(by: .seconds(15)) == [.heartbeat])
        #expect(world.send(.contactAnswered(.heartbeat, .gone)) == [])
        #expect(world.advance(by: .seconds(5)) == [.success])
        #expect(world.send(.reportAnswered(.ok)) == [.exit(0)])
    }

    @Test(arguments: [true, false])
    func successThatIsNeverAnsweredEndsWithoutAFailure(_ heartbeatsWork: Bool) throws {
        var world = try worldThatReports()
        var left = 2_000
        while !world.isEnded, left > 0 {
            left -= 1
            let wanted = world.advance(by: .seconds(1)) + (left == 1_999 ? [.success] : [])
            if wanted.contains(.heartbeat) {
                world.send(.contactAnswered(.heartbeat, heartbeatsWork ? .ok : .down))
            }
            if wanted.contains(.success) { world.send(.reportAnswered(.down)) }
        }
        #expect(world.steps.last == .exit(1))
        #expect(!world.steps.contains { $0.isFailure })
        #expect(world.now - world.started <= .seconds(301), "five minutes, whatever the heartbeats say")
    }

    /// The refusal can come from a gateway, and the first success can still be on its way.
    @Test(arguments: [CallOutcome.refused("422"), .notFound("404"), .unauthorized("403")])
    func successThatIsRefusedLaterIsNotContradicted(_ refusal: CallOutcome) throws {
        var world = try worldThatReports()
        world.send(.reportAnswered(.down))
        #expect(world.advance(by: .seconds(2)) == [.success])
        #expect(world.send(.reportAnswered(refusal)) == [.exit(1)])
        #expect(world.logged.last?.contains("An earlier attempt may have arrived") == true)
    }

    /// No attempt was made while the process was stopped.
    @Test func afterAFreezeASuccessIsRepeatedForAMinute() throws {
        var world = try worldThatReports()
        world.send(.reportAnswered(.down))
        let wanted = world.freeze(for: .seconds(1_000))
        #expect(Set(wanted) == [.success, .heartbeat])
        #expect(world.send(.contactAnswered(.heartbeat, .ok)) == [])
        #expect(world.send(.reportAnswered(.ok)) == [.exit(0)])
    }

    // MARK: The job's log

    @Test func reportWaitsForTheLog() throws {
        var world = try world()
        world.storesLogSlowly = true
        world.announce()
        world.send(.exitCodeFound(.code(0)))
        world.send(.transcriptRead(transcript(Line.succeeded)))
        #expect(world.send(.delivered(.outputStored)) == [.storeLog])
        #expect(world.delay(of: .logStorage) == .seconds(1))
        #expect(world.send(.logStored) == [.success])
        #expect(world.delay(of: .logStorage) == nil)
        #expect(world.send(.logStored) == [])
    }

    @Test func reportWaitsForTheLogNoLongerThanASecond() throws {
        var world = try world()
        world.storesLogSlowly = true
        world.announce()
        world.send(.exitCodeFound(.code(0)))
        world.send(.transcriptRead(transcript(Line.succeeded)))
        world.send(.delivered(.outputStored))
        #expect(world.advance(by: .milliseconds(999)) == [])
        #expect(world.advance(by: .milliseconds(1)) == [.success])
        #expect(world.send(.logStored) == [], "late")
        #expect(world.send(.reportAnswered(.ok)) == [.exit(0)])
    }

    @Test func cancelledWorkloadStoresNoLogFirst() throws {
        var world = try world()
        world.announce()
        world.advance(by: .seconds(30))
        #expect(world.send(.contactAnswered(.heartbeat, .gone)) == [.exit(1)])
    }

    @Test func errorTraceBesideAResultIsLoggedAsTheConnectors() throws {
        var world = try world()
        world.announce()
        world.send(.exitCodeFound(.code(0)))
        world.send(.transcriptRead(transcript(Line.trace, Line.succeeded)))
        #expect(world.connectorLog == ["error no such table\nSQL 42\nat x"])
    }

    @Test func failedStepsAreOneErrorEach() throws {
        var world = try world(.discover)
        world.announce()
        world.send(.exitCodeFound(.code(0)))
        world.send(.transcriptRead(transcript(Line.catalog)))
        world.send(.delivered(.failed("422 from the server")))
        world.send(.delivered(.failed("disk full")))
        let errors = world.logged.filter { $0.hasPrefix("error") }
        #expect(
            errors == [
                "error The discovered catalog could not be written to the platform: 422 from the server",
                "error The job output could not be saved: disk full",
            ]
        )
    }

    @Test func refusedFailureEnds() throws {
        var world = try world()
        world.announce()
        world.send(.exitCodeFound(.code(0)))
        world.send(.transcriptRead(transcript()))
        #expect(world.send(.delivered(.outputStored)) == [.failure(.source)])
        #expect(world.send(.reportAnswered(.refused("422"))) == [.exit(1)])
    }

    @Test func bothReportsRefused() throws {
        var world = try world()
        world.announce()
        world.send(.exitCodeFound(.code(0)))
        world.send(.transcriptRead(transcript(Line.succeeded)))
        world.send(.delivered(.outputStored))
        world.send(.reportAnswered(.refused("422")))
        #expect(world.send(.reportAnswered(.refused("422"))) == [.exit(1)])
    }

    // MARK: Steps that fail

    @Test func catalogThatIsNotTaken() throws {
        var world = try world(.discover)
        world.announce()
        world.send(.exitCodeFound(.code(0)))
        world.send(.transcriptRead(transcript(Line.catalog)))
        #expect(world.send(.delivered(.failed("500"))) == [.store])
        #expect(world.output?.discoverCatalogId == nil)
        #expect(world.output?.failureReason?.failureOrigin == .airbytePlatform)
        #expect(world.send(.delivered(.outputStored)) == [.failure(.airbytePlatform)])
        #expect(world.send(.reportAnswered(.ok)) == [.exit(1)])
    }

    @Test func outputThatIsNotTaken() throws {
        var world = try world()
        world.announce()
        world.send(.exitCodeFound(.code(0)))
        world.send(.transcriptRead(transcript(Line.succeeded)))
        #expect(world.send(.delivered(.failed("disk full"))) == [.failure(.airbytePlatform)])
        #expect(world.send(.reportAnswered(.ok)) == [.exit(1)])
    }

    /// What only a bug can produce traps in debug builds.
    @Test func stepsOutOfTurnAreBugs() async {
        await #expect(processExitsWith: .failure) {
            var world = MachineWorld(try sidecarInput(.discover))
            world.announce()
            world.send(.delivered(.outputStored))
        }
        await #expect(processExitsWith: .failure) {
            var world = MachineWorld(try sidecarInput(.discover))
            world.announce()
            world.send(.reportAnswered(.ok))
        }
        await #expect(processExitsWith: .failure) {
            var world = MachineWorld(try sidecarInput(.discover))
            world.announce()
            world.send(.exitCodeFound(.code(0)))
            world.send(.transcriptRead(transcript(Line.catalog)))
            world.send(.delivered(.configurationUpdated))
        }
        await #expect(processExitsWith: .success) {
            var world = MachineWorld(try sidecarInput(.discover))
            world.announce()
            world.send(.exitCodeFound(.code(0)))
            world.send(.transcriptRead(transcript(Line.catalog)))
            world.send(.delivered(.catalogWritten(id: "c")))
        }
    }

    // MARK: Signals

    /// A world in each phase of its life, and what the phase answers to a signal.
    enum Stage: CaseIterable, Sendable {
        case announcing, waiting, reading, writingCatalog, storing, holding, reporting
    }

    private func world(in stage: Stage) throws -> MachineWorld {
        var world = try world(.discover)
        if stage == .announcing || stage == .holding { world.send(.started) } else { world.announce() }
        guard stage != .announcing, stage != .waiting else { return world }
        world.send(.exitCodeFound(.code(0)))
        guard stage != .reading else { return world }
        world.send(.transcriptRead(transcript(Line.catalog)))
        guard stage != .writingCatalog else { return world }
        world.send(.delivered(.catalogWritten(id: "c")))
        guard stage != .storing else { return world }
        world.send(.delivered(.outputStored))
        return world
    }

    @Test(arguments: [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT"), (SIGHUP, "SIGHUP"), (SIGQUIT, "SIGQUIT")])
    func signalIsLoggedByName(_ signal: Int32, _ name: String) throws {
        var world = try world()
        world.announce()
        world.send(.signalled(signal))
        #expect(world.logged.last == "warning Stopped by \(name): delivering what is complete")
    }

    @Test(arguments: Stage.allCases)
    func firstSignalGivesTwentySeconds(_ stage: Stage) throws {
        var world = try world(in: stage)
        let isWaiting = stage == .announcing || stage == .waiting
        #expect(world.send(.signalled(SIGTERM)) == (isWaiting ? [.read] : []))
        #expect(world.delay(of: .termination) == .seconds(20))
        #expect(world.advance(by: .seconds(20)).last == .exit(143))
        #expect(world.timers.isEmpty)
        #expect(world.send(.signalled(SIGTERM)) == [])
    }

    @Test(arguments: Stage.allCases)
    func secondSignalChangesNothing(_ stage: Stage) throws {
        var world = try world(in: stage)
        world.send(.signalled(SIGINT))
        world.advance(by: .seconds(7))
        #expect(world.send(.signalled(SIGTERM)) == [])
        #expect(world.delay(of: .termination) == .seconds(13))
        #expect(world.advance(by: .seconds(13)).last == .exit(130), "the first one counts")
    }

    @Test func completeResultIsDeliveredAfterASignal() throws {
        var world = try world(in: .waiting)
        world.send(.signalled(SIGTERM))
        #expect(world.send(.transcriptRead(transcript(Line.catalog))) == [.catalog])
        #expect(world.send(.delivered(.catalogWritten(id: "c"))) == [.store])
        #expect(world.send(.delivered(.outputStored)) == [.success])
        #expect(world.send(.reportAnswered(.ok)) == [.exit(143)])
    }

    @Test func nothingCompleteIsReportedAfterASignal() throws {
        var world = try world(in: .waiting)
        world.send(.signalled(SIGTERM))
        #expect(world.send(.transcriptRead(transcript())) == [.failure(.airbytePlatform)])
        #expect(world.send(.reportAnswered(.down)) == [.exit(143)])
    }

    @Test func goneAfterASignal() throws {
        var world = try world(in: .writingCatalog)
        world.send(.signalled(SIGTERM))
        world.advance(by: .seconds(15))
        #expect(world.send(.timerFired(.contactTimeout)) == [.exit(143)])
    }

    @Test func exitCodeDuringTheReadingAfterASignalCounts() throws {
        var world = try world(in: .waiting)
        world.send(.signalled(SIGTERM))
        #expect(world.send(.exitCodeFound(.code(0))) == [])
        world.send(.transcriptRead(transcript(Line.catalog)))
        world.send(.delivered(.catalogWritten(id: "c")))
        world.send(.delivered(.outputStored))
        #expect(world.send(.reportAnswered(.ok)) == [.exit(143)])
    }

    @Test func nothingFollowsTheEnd() throws {
        var world = try world()
        world.send(.started)
        world.send(.contactAnswered(.running, .gone))
        let events: [WorkloadMachine.Event] = [
            .started, .exitCodeFound(.code(0)), .outputOpened, .workspaceLookedAt, .outputClosed,
            .outputTouched,
            .outputVerified(.none),
            .transcriptRead(transcript()), .contactAnswered(.running, .ok),
            .delivered(.catalogWritten(id: "c")),
            .delivered(.failed("x")), .delivered(.outputStored), .reportAnswered(.ok), .signalled(SIGTERM),
        ]
        for event in events + WorkloadMachine.TimerName.allCases.map({ .timerFired($0) }) {
            #expect(world.machine.handled(event, now: world.now).isEmpty)
        }
    }
}

extension WorkloadMachine {
    /// What a copy of the machine makes of the event.
    fileprivate func handled(_ event: Event, now: Instant) -> [Action] {
        var copy = self
        return copy.handle(event, now: now)
    }
}
