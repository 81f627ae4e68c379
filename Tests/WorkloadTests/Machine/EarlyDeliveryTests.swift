import AirbyteProtocol
import ProtocolTestSupport
import Scheduling
import TestSupport
import Testing
import WorkloadTestSupport

@testable import Workload

/// A result is delivered before the connector has ended, and only the end decides.
@Suite struct EarlyDeliveryTests {
    /// A check whose result has stood for long enough, and what the machine wanted then.
    private func standing(
        _ operation: AirbyteProtocol.Operation = .check,
        _ lines: String...,
        deliversEarly: Bool = true
    ) throws -> (world: MachineWorld, wanted: [Step]) {
        var world = MachineWorld(try sidecarInput(operation), deliversEarly: deliversEarly)
        world.announce()
        world.send(.resultChanged(said(operation, lines)))
        let wanted = world.advance(by: EarlyDelivery.delay)
        return (world, wanted)
    }

    private func said(_ operation: AirbyteProtocol.Operation, _ lines: [String]) -> Transcript {
        var reader = TranscriptReader(digestSeed: 0)
        let result = Line.result(of: operation, kind: .source)
        for line in lines.isEmpty ? [result] : lines { _ = reader.read(Array((line + "\n").utf8)) }
        return reader.transcript
    }

    /// The job's end with what the output says then.
    private func end(_ world: inout MachineWorld, _ lines: String...) -> [Step] {
        world.send(.exitCodeFound(.code(0)))
        return world.send(.transcriptRead(said(world.operation, lines)))
    }

    @Test func onlyTheReportIsLeft() throws {
        var (world, wanted) = try standing()
        #expect(wanted == [.earlyStore])
        #expect(world.send(.delivered(.outputStored)) == [])
        #expect(end(&world) == [.success])
        #expect(world.send(.reportAnswered(.ok)) == [.exit(0)])
    }

    @Test func aCatalogIsWrittenAndItsIdIsStored() throws {
        var (world, wanted) = try standing(.discover, Line.oddCatalog)
        #expect(wanted == [.earlyCatalog])
        #expect(world.send(.delivered(.catalogWritten(id: "c-9"))) == [.earlyStore])
        #expect(world.output?.discoverCatalogId == "c-9")
        #expect(world.send(.delivered(.outputStored)) == [])
        #expect(!world.logged.contains { $0.hasPrefix("warning") }, "findings belong to the final plan")
        #expect(end(&world, Line.oddCatalog) == [.success])
        #expect(world.logged.count { $0.hasPrefix("warning Stream") } == 2)
    }

    @Test func nothingIsDeliveredBeforeTheDelay() throws {
        var world = MachineWorld(try sidecarInput(.check))
        world.announce()
        world.send(.resultChanged(said(.check, [])))
        #expect(world.advance(by: EarlyDelivery.delay - .milliseconds(1)) == [])
        #expect(end(&world) == [.store])
        #expect(world.delay(of: .earlyDelivery) == nil)
    }

    @Test func newsStartTheDelayAgain() throws {
        var world = MachineWorld(try sidecarInput(.check))
        world.announce()
        world.send(.resultChanged(said(.check, [])))
        world.advance(by: .milliseconds(8))
        world.send(.resultChanged(said(.check, [])))
        #expect(world.advance(by: .milliseconds(8)) == [])
        #expect(world.advance(by: .milliseconds(2)) == [.earlyStore])
    }

    @Test func theSettingSwitchesItOff() throws {
        var (world, wanted) = try standing(deliversEarly: false)
        #expect(wanted == [])
        #expect(end(&world) == [.store])
    }

    @Test func aWorkloadThatIsNotAnnouncedIsNotDeliveredTo() throws {
        var world = MachineWorld(try sidecarInput(.check))
        world.send(.started)
        world.send(.outputOpened)
        world.send(.resultChanged(said(.check, [])))
        #expect(world.advance(by: .seconds(1)) == [])
        #expect(world.send(.contactAnswered(.running, .ok)) == [.earlyStore])
    }

    /// Another CONTROL can still follow, and the output tells of the update.
    @Test func aNewConfigurationIsForTheEnd() throws {
        var (world, wanted) = try standing(.check, Line.result(of: .check, kind: .source), Line.control)
        #expect(wanted == [])
        #expect(end(&world, Line.result(of: .check, kind: .source), Line.control) == [.update])
        #expect(world.send(.delivered(.configurationUpdated)) == [.store])
        #expect(world.output?.connectorConfigurationUpdated == true)
    }

    @Test func aConfigurationBehindTheDeliveryIsDeliveredAgain() throws {
        var (world, _) = try standing()
        world.send(.delivered(.outputStored))
        let lines = [Line.result(of: .check, kind: .source), Line.control]
        world.send(.resultChanged(said(.check, lines)))
        #expect(world.advance(by: .seconds(1)) == [])
        #expect(end(&world, lines[0], lines[1]) == [.update])
        #expect(world.send(.delivered(.configurationUpdated)) == [.store])
        #expect(world.output?.connectorConfigurationUpdated == true)
        #expect(world.send(.delivered(.outputStored)) == [.success])
    }

    /// The catalog has not changed: its id is still right.
    @Test func onlyWhatHasChangedIsDeliveredAgain() throws {
        var (world, _) = try standing(.discover, Line.catalog)
        world.send(.delivered(.catalogWritten(id: "c-1")))
        world.send(.delivered(.outputStored))
        #expect(end(&world, Line.catalog, Line.control) == [.update])
        #expect(world.send(.delivered(.configurationUpdated)) == [.store])
        #expect(world.output?.discoverCatalogId == "c-1")
    }

    /// The first result counts: the second changes nothing.
    @Test func aSecondResultCausesNoOtherDelivery() throws {
        var (world, _) = try standing()
        world.send(.delivered(.outputStored))
        let other = #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED"}}"#
        let lines = [Line.result(of: .check, kind: .source), other]
        world.send(.resultChanged(said(.check, lines)))
        #expect(world.advance(by: .seconds(1)) == [])
        #expect(end(&world, lines[0], lines[1]) == [.success])
    }

    @Test func aRewrittenOutputIsDeliveredAgain() throws {
        var (world, _) = try standing()
        world.send(.delivered(.outputStored))
        world.send(.resultChanged(nil))
        let other = #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED"}}"#
        world.send(.resultChanged(said(.check, [other])))
        #expect(world.advance(by: EarlyDelivery.delay) == [.earlyStore])
        #expect(world.output?.checkConnection?.status == .failed)
        world.send(.delivered(.outputStored))
        #expect(end(&world, other) == [.success])
    }

    @Test func anOutputThatHasLostItsResultBecomesAFailure() throws {
        var (world, _) = try standing()
        world.send(.delivered(.outputStored))
        world.send(.resultChanged(nil))
        #expect(end(&world, "no result any more") == [.store])
        #expect(world.output?.failureReason != nil)
        #expect(world.send(.delivered(.outputStored)) == [.failure(.source)])
    }

    @Test func aConnectorThatKeepsChangingItsMindIsDeliveredAtItsEnd() throws {
        var (world, _) = try standing()
        var deliveries = 1
        var last = ""
        for number in 1...10 {
            world.send(.delivered(.outputStored))
            last =
                #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":"\#(number)"}}"#
            world.send(.resultChanged(nil))
            world.send(.resultChanged(said(.check, [last])))
            guard world.advance(by: EarlyDelivery.delay) == [.earlyStore] else { break }
            deliveries += 1
        }
        #expect(deliveries == EarlyDelivery.maxDeliveries)
        #expect(end(&world, last) == [.store])
    }

    @Test func aFailedDeliveryIsRepeatedAtTheEnd() throws {
        var (world, _) = try standing()
        #expect(world.send(.delivered(.failed("503"))) == [])
        #expect(
            world.logged.last
                == "info The early delivery did not succeed (503): the end of the job repeats it"
        )
        #expect(end(&world) == [.store])
        #expect(world.send(.delivered(.outputStored)) == [.success])
    }

    @Test func aStepThatIsUnderWayAtTheEndIsWaitedFor() throws {
        var (world, _) = try standing(.discover, Line.catalog)
        #expect(end(&world, Line.catalog) == [])
        #expect(world.send(.delivered(.catalogWritten(id: "c-1"))) == [.store])
        #expect(world.send(.delivered(.outputStored)) == [.success])
    }

    /// Both are never under way at once: the first could arrive last.
    @Test func anotherOutcomeWaitsForTheStepThatIsUnderWay() throws {
        var (world, _) = try standing()
        world.send(.resultChanged(nil))
        #expect(end(&world, "no result any more") == [])
        #expect(world.send(.delivered(.outputStored)) == [.store])
        #expect(world.output?.failureReason != nil)
    }

    @Test func aNewerResultWaitsForTheStepThatIsUnderWay() throws {
        var (world, _) = try standing()
        let other = #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED"}}"#
        world.send(.resultChanged(nil))
        world.send(.resultChanged(said(.check, [other])))
        #expect(world.advance(by: .seconds(1)) == [])
        #expect(world.send(.delivered(.outputStored)) == [.earlyStore])
        #expect(world.output?.checkConnection?.status == .failed)
    }

    @Test func goneEndsItWithoutAReport() throws {
        var (world, _) = try standing()
        world.advance(by: .seconds(30))
        #expect(world.send(.contactAnswered(.heartbeat, .gone)) == [.exit(1)])
        #expect(world.send(.delivered(.outputStored)) == [])
    }

    @Test func aSignalReportsWhatWasDelivered() throws {
        var (world, _) = try standing()
        world.send(.delivered(.outputStored))
        #expect(world.send(.signalled(15)) == [.read])
        #expect(world.send(.transcriptRead(said(.check, []))) == [.success])
        #expect(world.send(.reportAnswered(.ok)) == [.exit(143)])
    }

    /// Without an early delivery, a stopped job stores no output.
    @Test func aSignalReplacesAnOutputThatDoesNotCountAnyMore() throws {
        var (world, _) = try standing()
        world.send(.delivered(.outputStored))
        world.send(.resultChanged(nil))
        world.send(.signalled(15))
        #expect(world.send(.transcriptRead(Transcript())) == [.store])
        #expect(world.output?.checkConnection?.status == .failed)
        #expect(world.send(.delivered(.outputStored)) == [.failure(.airbytePlatform)])
    }

    @Test func anExitCodeThatNeverComesChangesNothing() throws {
        var world = MachineWorld(try sidecarInput(.check), contactTimeout: .seconds(3_600))
        world.announce()
        world.send(.resultChanged(said(.check, [])))
        #expect(world.advance(by: .seconds(1)).contains(.earlyStore))
        world.send(.delivered(.outputStored))
        #expect(world.advance(by: .seconds(539)).contains(.read))
        #expect(world.send(.transcriptRead(said(.check, []))) == [.success])
        #expect(world.send(.reportAnswered(.ok)) == [.exit(0)])
    }

    /// Secrets that are learned later change what may be shown.
    @Test func aNewMaskDeliversAgainWhatItHides() throws {
        let line =
            #"{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":"bad tok-4711-abc"}}"#
        var (world, _) = try standing(.check, line)
        world.send(.delivered(.outputStored))
        world.send(.maskChanged(SecretMask(configurations: [], credentials: ["tok-4711-abc"])))
        #expect(end(&world, line) == [.store])
        #expect(world.output?.checkConnection?.message == "bad **********")
    }
}
