import ProtocolTestSupport
import Scheduling
import TestSupport
import Testing
import Workload
import WorkloadTestSupport

/// What a workload machine makes of the connector's start, and of its loss.
@Suite struct WorkloadMachineConnectorTests {
    private func world(fileTimeout: Duration = .seconds(540)) throws -> MachineWorld {
        MachineWorld(try sidecarInput(.check), fileTimeout: fileTimeout)
    }

    /// One in which no heartbeat comes between.
    private func quietWorld() throws -> MachineWorld {
        let day = Duration.seconds(86_400)
        return MachineWorld(try sidecarInput(.check), interval: day, contactTimeout: day)
    }

    // MARK: The connector's start

    @Test func fileTimeoutStartsWithTheConnector() throws {
        var world = try world(fileTimeout: .seconds(15))
        world.send(.started)
        world.send(.contactAnswered(.running, .ok))
        #expect(world.delay(of: .fileTimeout) == nil)
        #expect(world.advance(by: .seconds(20)) == [])
        #expect(world.send(.outputOpened) == [])
        #expect(world.delay(of: .startTimeout) == nil)
        #expect(world.delay(of: .startHint) == nil)
        #expect(world.delay(of: .fileTimeout) == .seconds(15))
        world.advance(by: .seconds(5))
        world.send(.outputOpened)
        #expect(world.delay(of: .fileTimeout) == .seconds(10), "it is opened once")
    }

    @Test func startTimeout() throws {
        var world = try quietWorld()
        world.send(.started)
        world.send(.contactAnswered(.running, .ok))
        #expect(world.advance(by: .seconds(1_799)) == [])
        #expect(world.looks == 0)
        #expect(world.advance(by: .seconds(1)) == [.read])
        #expect(world.looks == 1)
        #expect(world.logged.last?.contains("did not start within 30 minutes") == true)
        #expect(world.send(.transcriptRead(transcript())) == [.store])
        #expect(world.send(.delivered(.outputStored)) == [.failure(.unknown)])
        #expect(world.send(.reportAnswered(.ok)) == [.exit(2)])
    }

    /// Where inotify is silent, only looks find the connector.
    @Test func startTimeoutLooksOnceMore() throws {
        var world = try quietWorld()
        world.send(.started)
        world.send(.contactAnswered(.running, .ok))
        world.found = [.outputOpened]
        #expect(world.advance(by: .seconds(1_800)) == [])
        #expect(world.delay(of: .fileTimeout) == .seconds(540))
        #expect(world.send(.timerFired(.startTimeout)) == [], "late")
    }

    @Test func exitCodeNeedsNoOpen() throws {
        var world = try world()
        world.send(.started)
        world.send(.contactAnswered(.running, .ok))
        #expect(world.send(.exitCodeFound(.code(0))) == [.read])
        #expect(world.delay(of: .startTimeout) == nil)
        #expect(world.delay(of: .startHint) == nil)
        #expect(world.send(.outputOpened) == [])
        #expect(world.delay(of: .fileTimeout) == nil)
    }

    @Test func hintAfterTwoMinutesWithoutTheConnector() throws {
        var world = try quietWorld()
        world.send(.started)
        world.send(.contactAnswered(.running, .ok))
        world.advance(by: .seconds(120) - .nanoseconds(1))
        #expect(!world.logged.contains { $0.contains("not started") })
        world.advance(by: .nanoseconds(1))
        #expect(
            world.logged.last?.contains("not started within 2 minutes: waiting for it up to 30 minutes")
                == true
        )
        var started = try self.world()
        started.announce()
        #expect(started.delay(of: .startHint) == nil)
    }

    @Test func withoutLimitsNothingTimesOut() throws {
        var world = MachineWorld(try sidecarInput(.check), startTimeout: nil, fileTimeout: nil)
        world.send(.started)
        #expect(world.delay(of: .startTimeout) == nil)
        world.send(.contactAnswered(.running, .ok))
        world.send(.outputOpened)
        #expect(world.delay(of: .fileTimeout) == nil)
        for late in [WorkloadMachine.TimerName.startTimeout, .fileTimeout] {
            #expect(world.send(.timerFired(late)) == [])
        }
        #expect(world.logged.last?.contains("waiting without a limit for it to end") == true)
    }

    // MARK: Lost connector

    @Test func withoutTheConnectorsOpenItIsNotLost() throws {
        var world = try world()
        world.send(.started)
        world.send(.contactAnswered(.running, .ok))
        #expect(world.send(.outputClosed) == [])
        #expect(world.delay(of: .lostConnector) == nil)
        #expect(world.send(.outputVerified(.none)) == [])
        world.send(.outputOpened)
        #expect(world.delay(of: .lostConnector) == nil, "what was closed before was not the connector's")
    }

    @Test func lossLooksOnceMore() throws {
        var world = try world()
        world.announce()
        world.send(.outputClosed)
        world.advance(by: .seconds(10))
        world.found = [.exitCodeFound(.code(0))]
        #expect(world.send(.outputVerified(.none)) == [.read])
        #expect(world.looks == 1)
        #expect(world.send(.transcriptRead(transcript(Line.succeeded))) == [.store])
        world.send(.delivered(.outputStored))
        #expect(world.send(.reportAnswered(.ok)) == [.exit(0)])
    }

    @Test func lossThatALookDisprovesIsNone() throws {
        var world = try world()
        world.announce()
        world.send(.outputClosed)
        world.advance(by: .seconds(10))
        world.found = [.outputTouched]
        #expect(world.send(.outputVerified(.none)) == [])
        world.found = []
        world.send(.outputClosed)
        #expect(world.delay(of: .lostConnector) == .seconds(10))
    }

    /// Another user's file: the kernel refuses the lease.
    @Test func unconfirmedLossTakesThreeGraces() throws {
        var world = try quietWorld()
        world.announce()
        world.send(.outputClosed)
        #expect(world.advance(by: .seconds(10)) == [.verify])
        #expect(world.send(.outputVerified(.unknown)) == [])
        #expect(world.delay(of: .lostConnector) == .seconds(20))
        #expect(world.advance(by: .seconds(19)) == [])
        #expect(world.advance(by: .seconds(1)) == [.verify])
        #expect(world.send(.outputVerified(.unknown)) == [.read])
        #expect(world.logged.last?.contains("for 30 seconds") == true)
        #expect(world.send(.transcriptRead(transcript())) == [.store])
        world.send(.delivered(.outputStored))
        #expect(world.send(.reportAnswered(.ok)) == [.exit(1)])
    }

    @Test func openSinceDisprovesAnUnconfirmedLoss() throws {
        var world = try world()
        world.announce()
        world.send(.outputClosed)
        world.advance(by: .seconds(10))
        world.send(.outputVerified(.unknown))
        world.advance(by: .seconds(15))
        world.send(.outputTouched)
        #expect(world.delay(of: .lostConnector) == nil)
        #expect(world.send(.outputVerified(.unknown)) == [], "an answer that comes late")
        #expect(world.advance(by: .seconds(200)).contains(.read) == false)
    }

    @Test func lostConnector() throws {
        var world = try world()
        world.announce()
        #expect(world.send(.outputClosed) == [])
        #expect(world.delay(of: .lostConnector) == .seconds(10))
        #expect(world.advance(by: .seconds(10)) == [.verify])
        #expect(world.send(.outputVerified(.none)) == [.read])
        #expect(world.delay(of: .fileTimeout) == nil)
        #expect(world.send(.transcriptRead(transcript())) == [.store])
        #expect(world.send(.delivered(.outputStored)) == [.failure(.source)])
        #expect(world.send(.reportAnswered(.ok)) == [.exit(1)])
    }

    @Test func writesDisarmTheSuspicion() throws {
        var world = try world()
        world.announce()
        world.send(.outputClosed)
        world.advance(by: .seconds(9))
        world.send(.outputTouched)
        #expect(world.delay(of: .lostConnector) == nil)
        world.send(.outputClosed)
        #expect(world.delay(of: .lostConnector) == .seconds(10), "the grace begins anew")
    }

    @Test func lookingAgainDoesNotProlongTheGrace() throws {
        var world = try world()
        world.announce()
        for _ in 0..<4 {
            #expect(world.send(.outputClosed) == [])
            #expect(world.advance(by: .seconds(2)) == [])
        }
        world.send(.outputClosed)
        #expect(world.delay(of: .lostConnector) == .seconds(2))
        #expect(world.advance(by: .seconds(2)) == [.verify])
    }

    @Test func verifiedOpenGoesOn() throws {
        var world = try world()
        world.announce()
        world.send(.outputClosed)
        #expect(world.advance(by: .seconds(10)) == [.verify])
        #expect(world.send(.outputVerified(.present)) == [])
        #expect(world.delay(of: .lostConnector) == nil)
        world.send(.outputClosed)
        #expect(world.delay(of: .lostConnector) == .seconds(10))
        #expect(world.send(.exitCodeFound(.code(0))) == [.read])
        #expect(world.delay(of: .lostConnector) == nil)
    }

    @Test func closedAfterTheExitCodeMeansNothing() throws {
        var world = try world()
        world.announce()
        world.send(.exitCodeFound(.code(0)))
        #expect(world.send(.outputClosed) == [])
        #expect(world.delay(of: .lostConnector) == nil)
        #expect(world.send(.outputVerified(.none)) == [])
    }
}
