import ProtocolTestSupport
import Scheduling
import TestSupport
import Testing
import WorkloadTestSupport

@testable import Workload

/// How a workload machine keeps in contact with the workload API.
@Suite struct WorkloadMachineContactTests {
    private func world(seed: UInt64 = 1) throws -> MachineWorld {
        MachineWorld(try sidecarInput(.check), fileTimeout: .seconds(86_400), seed: seed)
    }

    @Test func announcementGoesFirst() throws {
        var world = try world()
        #expect(world.send(.started) == [.running])
        #expect(world.delay(of: .contactTimeout) == .seconds(300))
        #expect(world.delay(of: .startTimeout) == .seconds(1_800))
        #expect(world.delay(of: .fileTimeout) == nil)
        #expect(world.delay(of: .contact) == nil)
    }

    @Test func heartbeatsFollowEveryInterval() throws {
        var world = try world()
        world.announce()
        for _ in 0..<50 {
            #expect(world.advance(by: .seconds(29)) == [])
            #expect(world.advance(by: .seconds(1)) == [.heartbeat])
            world.send(.contactAnswered(.heartbeat, .ok))
        }
    }

    @Test func slowAnswersDoNotMakeASecondCall() throws {
        var world = try world()
        world.send(.started)
        #expect(world.advance(by: .seconds(299)) == [])
        #expect(world.send(.contactAnswered(.running, .ok)) == [])
        #expect(world.delay(of: .contact) == .seconds(30))
    }

    @Test func announcementIsRepeatedUntilItIsTaken() throws {
        var world = try world()
        world.send(.started)
        world.send(.contactAnswered(.running, .down))
        #expect(world.advance(by: .seconds(2)) == [.running])
        world.send(.contactAnswered(.running, .notFound("404")))
        #expect(world.advance(by: .seconds(30)) == [.running])
        world.send(.contactAnswered(.running, .ok))
        #expect(world.advance(by: .seconds(30)) == [.heartbeat])
    }

    @Test(arguments: UInt64(0)..<50)
    func failuresBackOffButNeverBeyondTheInterval(_ seed: UInt64) throws {
        var world = try world(seed: seed)
        world.announce()
        world.advance(by: .seconds(30))
        var bound = Duration.seconds(2)
        for _ in 0..<8 {
            world.send(.contactAnswered(.heartbeat, .down))
            let delay = try #require(world.delay(of: .contact))
            #expect(delay >= min(bound, .seconds(60)) / 2)
            #expect(delay <= min(bound, .seconds(30)))
            bound = bound * 2
            #expect(world.advance(by: delay) == [.heartbeat])
        }
        world.send(.contactAnswered(.heartbeat, .ok))
        #expect(world.delay(of: .contact) == .seconds(30))
        // After a success the delays begin anew.
        world.advance(by: .seconds(30))
        world.send(.contactAnswered(.heartbeat, .down))
        #expect(try #require(world.delay(of: .contact)) <= .seconds(2))
    }

    @Test(arguments: [(Duration.seconds(17), Duration.seconds(17)), (.seconds(200), .seconds(30))])
    func serverCanAskForMoreTimeButNotBeyondTheInterval(_ asked: Duration, _ expected: Duration) throws {
        var world = try world()
        world.announce()
        world.advance(by: .seconds(30))
        world.send(.contactAnswered(.heartbeat, .unavailable("busy", retryAfter: asked)))
        #expect(world.delay(of: .contact) == expected)
    }

    @Test(arguments: [
        CallOutcome.notFound("404"), .unauthorized("403"), .refused("422"),
    ])
    func whatIsRefusedIsTriedWithTheNextHeartbeat(_ outcome: CallOutcome) throws {
        var world = try world()
        world.announce()
        world.advance(by: .seconds(30))
        #expect(world.send(.contactAnswered(.heartbeat, outcome)) == [])
        #expect(world.delay(of: .contact) == .seconds(30))
        #expect(world.logged.last?.hasPrefix("warning") == true)
        #expect(world.advance(by: .seconds(30)) == [.heartbeat])
    }

    @Test func refusedForGoodEndsByTheFiveMinuteRule() throws {
        var world = try world()
        world.announce()
        while !world.isEnded {
            if world.advance(by: .seconds(1)).last == .heartbeat {
                world.send(.contactAnswered(.heartbeat, .notFound("404")))
            }
        }
        #expect(world.steps.last == .exit(1))
        #expect(world.now - world.started == .seconds(300))
        #expect(!world.steps.contains { $0.isFailure })
    }

    // MARK: Gone

    @Test func goneAtTheAnnouncement() throws {
        var world = try world()
        world.send(.started)
        #expect(world.send(.contactAnswered(.running, .gone)) == [.exit(1)])
        #expect(world.timers.isEmpty)
    }

    @Test func goneAtAHeartbeat() throws {
        var world = try world()
        world.announce()
        world.advance(by: .seconds(30))
        #expect(world.send(.contactAnswered(.heartbeat, .gone)) == [.exit(1)])
        #expect(world.logged.last?.contains("410") == true)
    }

    @Test func goneWhileDelivering() throws {
        var world = try world()
        world.announce()
        world.send(.exitCodeFound(.code(0)))
        world.send(.transcriptRead(transcript(Line.succeeded)))
        world.advance(by: .seconds(30))
        #expect(world.send(.contactAnswered(.heartbeat, .gone)) == [.exit(1)])
        #expect(world.send(.delivered(.outputStored)) == [])
    }

    @Test func goneAtAHeartbeatWhileTheReportIsUnderWayIsItsEcho() throws {
        var world = try world()
        world.announce()
        world.send(.exitCodeFound(.code(0)))
        world.send(.transcriptRead(transcript(Line.succeeded)))
        world.advance(by: .seconds(30))
        #expect(world.send(.delivered(.outputStored)) == [.success])
        #expect(world.send(.contactAnswered(.heartbeat, .gone)) == [])
        #expect(world.advance(by: .seconds(60)) == [], "no more heartbeats")
        #expect(world.send(.reportAnswered(.ok)) == [.exit(0)])
    }

    @Test func goneAtTheReport() throws {
        var world = try world()
        world.announce()
        world.send(.exitCodeFound(.code(0)))
        world.send(.transcriptRead(transcript(Line.succeeded)))
        world.send(.delivered(.outputStored))
        #expect(world.send(.reportAnswered(.gone)) == [.exit(1)])
    }

    @Test func goneAtTheAnnouncementThatHoldsTheReport() throws {
        var world = try world()
        world.send(.started)
        world.send(.exitCodeFound(.code(0)))
        world.send(.transcriptRead(transcript(Line.succeeded)))
        #expect(world.send(.delivered(.outputStored)) == [], "held")
        // The report has not been sent, so that this is no echo of it.
        #expect(world.send(.contactAnswered(.running, .gone)) == [.exit(1)])
    }

    // MARK: Five minutes

    @Test func fiveMinutesFromTheStart() throws {
        var world = try world()
        world.send(.started)
        #expect(world.advance(by: .seconds(300) - .nanoseconds(1)) == [])
        #expect(world.advance(by: .nanoseconds(1)) == [.exit(1)])
        #expect(world.logged.last?.contains("for 5 minutes: giving up") == true)
    }

    @Test func fiveMinutesFromTheLastSuccess() throws {
        var world = try world()
        world.announce()
        world.advance(by: .seconds(30))
        world.advance(by: .seconds(20))
        world.send(.contactAnswered(.heartbeat, .ok))
        world.advance(by: .seconds(30))
        #expect(world.advance(by: .seconds(269)) == [])
        #expect(world.advance(by: .seconds(1)) == [.exit(1)])
        #expect(world.now - world.started == .seconds(350))
    }

    // MARK: Timeouts of one attempt

    @Test func attemptsGetMoreTimeAfterFailures() throws {
        var world = try world()
        world.send(.started)
        for _ in 0..<5 {
            world.send(.contactAnswered(.running, .down))
            world.advance(by: try #require(world.delay(of: .contact)))
        }
        #expect(world.contactTimeouts == [10, 20, 40, 60, 60, 60].map { .seconds($0) })
        world.send(.contactAnswered(.running, .ok))
        world.advance(by: .seconds(30))
        #expect(world.contactTimeouts.last == .seconds(10), "after a success it begins anew")
    }

    /// A control plane that never answers: each attempt ends by its own timeout, and there are several before the end.
    @Test func severalAttemptsFitIntoThePatience() throws {
        var world = try world()
        world.send(.started)
        while !world.isEnded {
            world.advance(by: try #require(world.contactTimeouts.last))
            guard !world.isEnded else { break }
            world.send(.contactAnswered(.running, .down))
            world.advance(by: try #require(world.delay(of: .contact)))
        }
        #expect(world.contactTimeouts.count >= 5)
        #expect(world.now - world.started <= .seconds(360))
    }

    // MARK: Looks

    @Test func eachHeartbeatLooksAtTheWorkspaceWhileTheConnectorRuns() throws {
        var world = try world()
        world.announce()
        #expect(world.looks == 0)
        for count in 1...3 {
            #expect(world.advance(by: .seconds(30)) == [.heartbeat])
            #expect(world.looks == count)
            world.send(.contactAnswered(.heartbeat, .ok))
        }
        world.found = [.exitCodeFound(.code(0))]
        #expect(world.advance(by: .seconds(30)) == [.heartbeat, .read])
        world.send(.contactAnswered(.heartbeat, .ok))
        #expect(world.advance(by: .seconds(30)) == [.heartbeat])
        #expect(world.looks == 4, "there is nothing more to be found")
    }

    // MARK: Stopped for a while

    @Test(arguments: [Duration.seconds(280), .seconds(3_600)])
    func afterAFreezeOneHeartbeatIsTried(_ length: Duration) throws {
        var world = try world()
        world.announce()
        world.advance(by: .seconds(25))
        #expect(world.freeze(for: length) == [.heartbeat])
        #expect(world.send(.contactAnswered(.heartbeat, .ok)) == [])
        #expect(world.delay(of: .contactTimeout) == .seconds(300))
        #expect(world.advance(by: .seconds(30)) == [.heartbeat])
    }

    /// The first attempt can meet a connection that has died meanwhile.
    @Test func afterAFreezeContactIsTriedForAMinute() throws {
        var world = try world()
        world.announce()
        #expect(world.freeze(for: .seconds(1_000)) == [.heartbeat])
        let thaw = world.now
        var attempts = 1
        world.send(.contactAnswered(.heartbeat, .down))
        while !world.isEnded {
            guard world.advance(by: .seconds(1)) == [.heartbeat] else { continue }
            attempts += 1
            world.send(.contactAnswered(.heartbeat, .down))
        }
        #expect(world.now - thaw == .seconds(60))
        #expect(attempts > 3)
        #expect(world.logged.last?.contains("giving up") == true)
    }

    /// What was under way when the process was stopped says nothing.
    @Test func afterAFreezeTheAttemptFromBeforeDoesNotCount() throws {
        var world = try world()
        world.announce()
        #expect(world.advance(by: .seconds(30)) == [.heartbeat])
        #expect(world.freeze(for: .seconds(1_000)) == [])
        #expect(world.send(.contactAnswered(.heartbeat, .down)) == [])
        #expect(world.advance(by: .seconds(2)) == [.heartbeat])
        #expect(world.send(.contactAnswered(.heartbeat, .ok)) == [])
        #expect(!world.isEnded)
    }

    @Test func afterAFreezeTheWaitForThatHeartbeatIsBounded() throws {
        var world = try world()
        world.announce()
        #expect(world.freeze(for: .seconds(1_000)) == [.heartbeat])
        #expect(world.advance(by: .seconds(59)) == [])
        #expect(world.advance(by: .seconds(1)) == [.exit(1)])
    }

    @Test func afterAFreezeAnAnnouncementIsTried() throws {
        var world = try world()
        world.send(.started)
        world.send(.contactAnswered(.running, .down))
        #expect(world.freeze(for: .seconds(500)) == [.running])
        #expect(world.send(.contactAnswered(.running, .ok)) == [])
    }

    /// An outage that a short freeze is part of has no more time than any other.
    @Test func shortFreezeDoesNotProlongThePatience() throws {
        var world = try world()
        world.announce()
        world.freeze(for: .seconds(60))
        while !world.isEnded {
            if world.steps.last == .heartbeat { world.send(.contactAnswered(.heartbeat, .down)) }
            world.advance(by: .seconds(1))
        }
        #expect(world.now - world.started == .seconds(300))
    }

    @Test func answersOfAnotherCallAreIgnored() throws {
        var world = try world()
        world.send(.started)
        #expect(world.send(.contactAnswered(.heartbeat, .gone)) == [])
        world.send(.contactAnswered(.running, .ok))
        #expect(world.send(.contactAnswered(.running, .gone)) == [], "it was answered already")
    }
}
