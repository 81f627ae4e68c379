import AirbyteProtocol
import ProtocolTestSupport
import TestSupport
import Testing
import WorkloadTestSupport

@testable import Workload

/// What a workload machine says about a catalog that is odd.
@Suite struct WorkloadMachineCatalogTests {
    /// A machine that has read the catalog, and what it wanted then.
    private func discovered(_ catalog: String) throws -> (world: MachineWorld, wanted: [Step]) {
        var world = MachineWorld(try sidecarInput(.discover))
        world.announce()
        world.send(.exitCodeFound(.code(0)))
        let wanted = world.send(.transcriptRead(transcript(catalog)))
        return (world, wanted)
    }

    @Test func findingsAreWarningsBehindTheSummary() throws {
        var (world, wanted) = try discovered(Line.oddCatalog)
        #expect(wanted == [.catalog])
        #expect(
            world.logged.suffix(3) == [
                "info The connector gave its catalog",
                #"warning Stream "s": number 2 of the catalog has the same name as number 1"#,
                #"warning Stream "s": its schema has no field ["id"], which is in its primary key"#,
            ]
        )
        #expect(world.send(.delivered(.catalogWritten(id: "c-1"))) == [.store])
        #expect(world.output?.discoverCatalogId == "c-1")
        #expect(world.send(.delivered(.outputStored)) == [.success])
        #expect(world.send(.reportAnswered(.ok)) == [.exit(0)])
    }

    @Test func goodCatalogsAreNotSpokenOf() throws {
        let (world, wanted) = try discovered(Line.catalog)
        #expect(wanted == [.catalog])
        #expect(world.logged.last == "info The connector gave its catalog")
    }

    @Test func whatIsNotShownIsCounted() throws {
        let streams =
            Array(repeating: #"{"name":"s","json_schema":{}}"#, count: 201)
            + [#"{"name":"","json_schema":{}}"#]
        let (world, wanted) = try discovered(
            #"{"type":"CATALOG","catalog":{"streams":[\#(streams.joined(separator: ","))]}}"#
        )
        #expect(wanted == [.catalog])
        #expect(world.logged.count { $0.hasPrefix("warning Stream") } == CatalogInspection.maximumFindings)
        #expect(
            world.logged.last
                == "warning The catalog has 101 more findings, 201 in all: duplicate_name 200, empty_name 1"
        )
    }
}
