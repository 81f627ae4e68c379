import AirbyteProtocol
import ProtocolTestSupport
import TestSupport
import Testing
import WorkloadTestSupport

@testable import Workload

@Suite struct DeliveryPlanTests {
    private func plan(
        _ operation: AirbyteProtocol.Operation,
        _ ending: Ending = .connectorExited(.code(0)),
        _ lines: String...
    ) throws -> DeliveryPlan {
        var reader = TranscriptReader(digestSeed: 1)
        for line in lines { _ = reader.read(Array((line + "\n").utf8)) }
        return DeliveryPlan(ending: ending, transcript: reader.transcript, input: try sidecarInput(operation))
    }

    private func dueOutput(of plan: DeliveryPlan) throws -> JSONValue {
        guard case .storeOutput(let output) = plan.nextStep else {
            Issue.record("\(String(describing: plan.nextStep)) is due")
            return try json("{}".utf8)
        }
        return try json(output.encoded())
    }

    private func dueReport(of plan: DeliveryPlan) -> Report? {
        plan.nextStep == nil ? plan.report : nil
    }

    @Test func catalogThenOutputThenReport() throws {
        var plan = try plan(.discover, .connectorExited(.code(0)), Line.catalog)
        guard case .writeCatalog(let catalog) = plan.nextStep else {
            Issue.record("the catalog comes first")
            return
        }
        #expect(catalog.connector == .source)
        plan.record(.catalogWritten(id: "c-1"))
        let output = try dueOutput(of: plan)
        #expect(
            output.written
                == #"{"outputType":"discoverCatalogId","discoverCatalogId":"c-1","connectorConfigurationUpdated":false}"#
        )
        plan.record(.outputStored)
        #expect(dueReport(of: plan) == .success)
        #expect(plan.exitStatus == 0)
    }

    @Test func catalogFailureChangesOutputAndReport() throws {
        var plan = try plan(.discover, .connectorExited(.code(0)), Line.catalog)
        let told = plan.record(.failed("503 from the server"))
        #expect(told?.hasSuffix(": 503 from the server") == true)
        let output = try dueOutput(of: plan)
        #expect(output.at("discoverCatalogId") == nil)
        #expect(output.text("failureReason.failureOrigin") == "airbyte_platform")
        #expect(output.text("failureReason.failureType") == "system_error")
        #expect(output.text("failureReason.internalMessage") == "503 from the server")
        let message = "The discovered catalog could not be written to the platform: 503 from the server"
        #expect(output.text("failureReason.externalMessage") == message)
        #expect(output.at("failureReason.metadata")?.written == #"{"connector_command":"discover"}"#)
        plan.record(.outputStored)
        let report = try #require(dueReport(of: plan))
        #expect(report.source == .airbytePlatform)
        #expect(report.reason?.contains("503 from the server") == true)
        #expect(plan.exitStatus == 1)
    }

    @Test func lostOutputOfASuccess() throws {
        var plan = try plan(.check, .connectorExited(.code(0)), Line.succeeded)
        plan.record(.failed("disk full"))
        let report = try #require(dueReport(of: plan))
        #expect(report.source == .airbytePlatform)
        #expect(report.reason == "The job output could not be saved: disk full")
        #expect(plan.exitStatus == 1)
    }

    @Test func lostOutputOfAFailedConnectorIsAFailureToo() throws {
        // The output alone would have told of it: the platform would take the job for good.
        var plan = try plan(.check, .connectorExited(.code(1)), Line.trace)
        plan.record(.failed("disk full"))
        #expect(dueReport(of: plan)?.source == .airbytePlatform)
        #expect(plan.exitStatus == 1)
    }

    @Test func lostOutputOfAReportedFailureKeepsItsReason() throws {
        var plan = try plan(.check)
        plan.record(.failed("disk full"))
        let report = try #require(dueReport(of: plan))
        #expect(report.source == .source)
        #expect(report.reason?.contains("gave no connection status") == true)
        #expect(report.reason?.contains("disk full") == true)
        #expect(plan.exitStatus == 1)
    }

    @Test func refusedSuccessStoresNothingAgain() throws {
        var plan = try plan(.check, .connectorExited(.code(0)), Line.succeeded)
        plan.record(.outputStored)
        plan.successRefused("422")
        let report = try #require(dueReport(of: plan))
        #expect(report.source == .airbytePlatform)
        #expect(report.reason?.contains("422") == true)
        #expect(plan.exitStatus == 1)
    }

    @Test func timeoutStoresAFailureAndReportsIt() throws {
        var plan = try plan(.check, .fileTimeout(limit: .seconds(540)), "so far")
        #expect(try dueOutput(of: plan).text("checkConnection.status") == "failed")
        plan.record(.outputStored)
        #expect(dueReport(of: plan)?.source == .unknown)
        #expect(plan.exitStatus == 2)
    }

    // MARK: An error trace beside a result

    @Test func errorTraceBesideAResultIsKeptForTheLog() throws {
        let beside = try plan(.check, .connectorExited(.code(0)), Line.trace, Line.succeeded)
        #expect(beside.strayError == "no such table\nSQL 42\nat x")
        let bare = try plan(.check, .connectorExited(.code(0)), Line.succeeded, Line.bareTrace)
        #expect(bare.strayError?.contains("without details") == true)
        #expect(try plan(.check, .connectorExited(.code(0)), Line.succeeded).strayError == nil)
        #expect(try plan(.check, .connectorExited(.code(1)), Line.trace).strayError == nil)
    }

    // MARK: Summaries

    @Test func summaryIsWeightierForFailures() throws {
        let success = try plan(.check, .connectorExited(.code(0)), Line.succeeded)
        let failure = try plan(.check, .connectorExited(.code(1)), Line.trace)
        #expect(success.summary?.level == .info)
        let hung = try plan(.check, .fileTimeout(limit: .seconds(540)), Line.succeeded)
        #expect(hung.summary?.level == .warning)
        #expect(failure.summary?.level == .warning)
    }

    // MARK: Findings about catalogs

    @Test func catalogFindingsChangeNothing() throws {
        let plan = try plan(.discover, .connectorExited(.code(0)), Line.oddCatalog)
        #expect(plan.catalogFindings?.counts == [.duplicateName: 1, .missingPrimaryKey: 1])
        guard case .writeCatalog(let catalog) = plan.nextStep else {
            Issue.record("the catalog comes first")
            return
        }
        let streams = try #require(try json(catalog.body.bytes ?? []).at("catalog.streams"))
        #expect(streams.elements.map { $0.text("stream.name") } == ["s", "s"])
        #expect(plan.exitStatus == 0)
        #expect(plan.summary?.level == .info)
    }

    @Test func destinationCatalogsAreInspectedAsSuch() throws {
        let line =
            #"{"type":"DESTINATION_CATALOG","destination_catalog":{"operations":[{"object_name":"o","sync_mode":"append","matching_keys":[["id"]],"json_schema":{"properties":{"x":{}}}}]}}"#
        let plan = try plan(.discover, .connectorExited(.code(0)), line)
        #expect(plan.catalogFindings?.counts == [.missingMatchingKey: 1])
    }

    @Test func onlyCatalogsThatAreDeliveredAreInspected() throws {
        #expect(try plan(.discover, .connectorExited(.code(0)), Line.catalog).catalogFindings?.total == 0)
        #expect(try plan(.discover, .terminated(signal: 15), Line.oddCatalog).catalogFindings?.total == 2)
        #expect(try plan(.discover, .connectorExited(.code(0)), Line.namelessCatalog).catalogFindings == nil)
        #expect(
            try plan(.discover, .fileTimeout(limit: .seconds(1)), Line.oddCatalog).catalogFindings?.total == 2
        )
        #expect(
            try plan(.check, .connectorExited(.code(0)), Line.succeeded, Line.oddCatalog).catalogFindings
                == nil
        )
    }

    @Test func previewGoesToTheEndAndChangesNothing() throws {
        let plan = try plan(.discover, .connectorExited(.code(0)), Line.control, Line.catalog)
        let kinds = plan.preview().map { step in
            switch step {
            case .updateConfiguration: "update"
            case .writeCatalog: "catalog"
            case .storeOutput: "output"
            }
        }
        #expect(kinds == ["update", "catalog", "output"])
        guard case .updateConfiguration = plan.nextStep else {
            Issue.record("the plan itself has not gone on")
            return
        }
    }
}
