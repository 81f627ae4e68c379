import AirbyteProtocol
import ProtocolTestSupport
import TestSupport
import Testing

@testable import Workload

/// When a connector's configuration is handed to the platform, and what becomes of the delivery then.
@Suite struct ConfigurationUpdateTests {
    private static let known = #"{"host":"h","port":1,"rates":[0.1,2],"token":"old"}"#

    private func input(
        _ operation: AirbyteProtocol.Operation = .check,
        configuration: String = known,
        actor: String = #""a-1""#,
        kind: ConnectorKind = .source
    ) throws -> SidecarInput {
        try SidecarInput(
            parsing: Array(
                """
                {"workloadId": "w", "operationType": "\(operation.rawValue)",
                 "checkConnectionInput": {"actorType": "\(kind.rawValue)", "actorId": \(actor),
                                          "connectionConfiguration": \(configuration)},
                 "discoverCatalogInput": {"sourceId": \(actor == "null" ? #""x""# : actor),
                                          "connectionConfiguration": \(configuration)}}
                """.utf8
            )
        )
    }

    private func control(_ configuration: String) -> String {
        #"{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":\#(configuration)}}}"#
    }

    private func update(_ input: SidecarInput, _ lines: String...) -> ConfigurationUpdate? {
        var reader = TranscriptReader(digestSeed: 1)
        for line in lines { _ = reader.read(Array((line + "\n").utf8)) }
        return ConfigurationUpdate(transcript: reader.transcript, input: input)
    }

    @Test(arguments: [
        (known, false),
        // The same values, written differently.
        (#"{"token":"old","rates":[0.10,2.0],"port":1.0,"host":"h"}"#, false),
        (#"{"host":"h","port":1e0,"rates":[1e-1,20E-1],"token":"\u006fld"}"#, false),
        (#"{"host":"h","port":1,"rates":[0.1,2],"token":"new"}"#, true),
        (#"{"host":"h","port":1,"rates":[2,0.1],"token":"old"}"#, true),
        (#"{"host":"h","port":1,"rates":[0.1000000000000000000001,2],"token":"old"}"#, true),
        (#"{"host":"h","port":"1","rates":[0.1,2],"token":"old"}"#, true),
        (#"{"host":"h","port":1,"rates":[0.1,2],"token":"old","more":null}"#, true),
        ("{}", true),
    ])
    func onlyOtherValuesAreAnUpdate(_ configuration: String, _ isUpdate: Bool) throws {
        #expect((update(try input(), control(configuration)) != nil) == isUpdate)
    }

    @Test func lastConfigurationCounts() throws {
        let changed = #"{"token":"new"}"#
        let update = try #require(update(try input(), control(Self.known), control("{}"), control(changed)))
        #expect(update.configuration.written == changed)
        #expect(update.actorID == "a-1")
        #expect(self.update(try input(), control(changed), control(Self.known)) == nil)
    }

    @Test func unsavedActorAndSpecAreLeftAlone() throws {
        #expect(update(try input(actor: "null"), control("{}")) == nil)
        #expect(update(try input(.spec), control("{}")) == nil)
        #expect(update(try input(), Line.succeeded) == nil)
    }

    @Test(arguments: [ConnectorKind.source, .destination], [AirbyteProtocol.Operation.check, .discover])
    func updateGoesToTheRightKind(_ kind: ConnectorKind, _ operation: AirbyteProtocol.Operation) throws {
        #expect(try #require(update(try input(operation, kind: kind), control("{}"))).connector == kind)
    }

    // MARK: In the delivery

    private func plan(_ ending: Ending, _ lines: String...) throws -> DeliveryPlan {
        var reader = TranscriptReader(digestSeed: 1)
        for line in lines { _ = reader.read(Array((line + "\n").utf8)) }
        return DeliveryPlan(ending: ending, transcript: reader.transcript, input: try input())
    }

    private func dueOutput(of plan: DeliveryPlan) throws -> JobOutput {
        let step = try #require(plan.nextStep)
        guard case .storeOutput(let output) = step else {
            Issue.record("\(step) is due")
            return JobOutput(operation: .check)
        }
        return output
    }

    @Test func updateComesFirstAndIsTold() throws {
        var plan = try plan(.connectorExited(.code(0)), control("{}"), Line.succeeded)
        guard case .updateConfiguration = plan.nextStep else {
            Issue.record("the update comes first")
            return
        }
        plan.record(.configurationUpdated)
        let output = try dueOutput(of: plan)
        #expect(output.connectorConfigurationUpdated)
        #expect(output.checkConnection?.status == .succeeded)
        #expect(plan.report == .success)
    }

    @Test func updateThatFailsFailsTheJob() throws {
        var plan = try plan(.connectorExited(.code(0)), control("{}"), Line.succeeded)
        plan.record(.failed("403 from the server"))
        let output = try dueOutput(of: plan)
        #expect(!output.connectorConfigurationUpdated)
        #expect(output.checkConnection?.status == .failed)
        #expect(output.failureReason?.failureOrigin == .airbytePlatform)
        #expect(output.failureReason?.internalMessage == "403 from the server")
        #expect(output.failureReason?.externalMessage?.hasSuffix(": 403 from the server") == true)
        #expect(plan.report.source == .airbytePlatform)
        #expect(plan.report.reason?.contains("403 from the server") == true)
        #expect(plan.exitStatus == 1)
    }

    @Test func failureThatTheConnectorToldOfStays() throws {
        var plan = try plan(.connectorExited(.code(1)), control("{}"))
        plan.record(.failed("403 from the server"))
        let output = try dueOutput(of: plan)
        #expect(output.failureReason?.failureOrigin == .source)
        #expect(output.failureReason?.externalMessage?.contains("exit code 1") == true)
        #expect(plan.report.source == .airbytePlatform)
    }

    @Test(arguments: [
        Ending.fileTimeout(limit: .seconds(1)), .terminated(signal: 15), .connectorLost(grace: .seconds(1)),
    ])
    func rotatedTokenIsKeptHoweverTheWaitEnds(_ ending: Ending) throws {
        guard case .updateConfiguration = try plan(ending, control("{}")).nextStep else {
            Issue.record("the update is due")
            return
        }
    }

    /// So many members are not compared as values: that could take all memory. One update too many does no harm.
    @Test func veryManyMembersAreComparedAsTheyAreWritten() throws {
        let members = (0..<30_000).map { #""m\#($0)":\#($0)"# }
        let known = "{" + members.joined(separator: ",") + "}"
        let reversed = "{" + members.reversed().joined(separator: ",") + "}"
        let input = try input(configuration: known)
        #expect(update(input, control(known)) == nil)
        #expect(update(input, control(reversed)) != nil)
    }
}
