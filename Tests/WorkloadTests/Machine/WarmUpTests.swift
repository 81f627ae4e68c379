import AirbyteProtocol
import ProtocolTestSupport
import TestSupport
import Testing
import WorkloadTestSupport

@testable import Workload

/// The warm-up goes through a whole delivery on copies, whatever the machine is doing.
@Suite struct WarmUpTests {
    @Test(arguments: AirbyteProtocol.Operation.allCases, [true, false])
    func runsWhileTheConnectorIsWaitedFor(
        _ operation: AirbyteProtocol.Operation,
        deliversEarly: Bool
    ) throws {
        let input = try sidecarInput(operation)
        var world = MachineWorld(input, deliversEarly: deliversEarly)
        world.announce()
        WarmUp.run(world.machine, input, now: world.now)
        #expect(world.send(.exitCodeFound(.code(0))) == [.read], "the machine itself has not moved")
    }

    /// What has been delivered early can be what the warm-up would deliver.
    @Test func doesNothingOnceThereIsAResult() throws {
        let input = try sidecarInput(.check)
        var world = MachineWorld(input)
        world.announce()
        let result = Line.result(of: .check, kind: .source)
        world.send(.resultChanged(transcript(result)))
        world.advance(by: EarlyDelivery.delay)
        WarmUp.run(world.machine, input, now: world.now)
        world.send(.delivered(.outputStored))
        WarmUp.run(world.machine, input, now: world.now)
    }

    /// The connector can have ended before the warm-up's turn comes.
    @Test(arguments: AirbyteProtocol.Operation.allCases)
    func doesNothingOnceTheWaitIsOver(_ operation: AirbyteProtocol.Operation) throws {
        let input = try sidecarInput(operation)
        var world = MachineWorld(input)
        world.announce()
        world.send(.exitCodeFound(.code(0)))
        WarmUp.run(world.machine, input, now: world.now)
        world.send(.transcriptRead(transcript(Line.result(of: operation, kind: .source))))
        WarmUp.run(world.machine, input, now: world.now)
    }
}
