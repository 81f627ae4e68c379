import AirbyteProtocol
import Scheduling
import TestSupport
import Testing
import Workload

@testable import Sidecar

@Suite struct OutputDelivererTests {
    /// Keeps what it is given, or says why it does not.
    final class FakeSink: OutputSink {
        let name: String
        private let problem: String?
        private(set) var stored: [[UInt8]] = []
        private(set) var asked = 0

        init(_ name: String, problem: String? = nil) {
            self.name = name
            self.problem = problem
        }

        func store(_ output: OutputDocument, workloadID: String, completion: @escaping (String?) -> Void) {
            asked += 1
            if problem == nil { stored.append(output.bytes ?? []) }
            completion(problem)
        }
    }

    private let log = CapturedLog()
    private let transport = FakeTransport()
    private let scheduler = FakeScheduler()

    private func deliverer(_ sinks: [any OutputSink]) throws -> OutputDeliverer {
        OutputDeliverer(client: try client(), sinks: sinks, workloadID: "w-1", log: log.logger)
    }

    private func client(_ variables: [String: String] = [:]) throws -> ControlPlaneClient {
        ControlPlaneClient(
            settings: try configuration(
                ["INTERNAL_API_HOST": "http://server:8001"].merging(variables) { $1 }
            ).controlPlaneSettings,
            transport: transport,
            scheduler: scheduler,
            wallClock: WallClock { 0 },
            log: log.logger,
            seed: 1,
            connectorOutput: noConnectorOutput
        )
    }

    private let output = JobOutput(operation: .check, checkConnection: ConnectionStatus(status: .succeeded))

    private func store(_ sinks: [any OutputSink]) throws -> [String?] {
        var results: [String?] = []
        try deliverer(sinks).store(output) { results.append($0?.message) }
        return results
    }

    @Test func firstSinkIsEnough() throws {
        let first = FakeSink("first")
        let second = FakeSink("second")
        #expect(try store([first, second]) == [nil])
        #expect(first.stored == [output.encoded()])
        #expect(second.asked == 0)
        #expect(log.count(of: "is stored in first") == 1)
    }

    @Test func nextSinkStandsIn() throws {
        let sinks = [
            FakeSink("a", problem: "full"), FakeSink("b", problem: "down"), FakeSink("c"), FakeSink("d"),
        ]
        #expect(try store(sinks) == [nil])
        #expect(sinks.map(\.asked) == [1, 1, 1, 0])
        #expect(sinks[2].stored == [output.encoded()])
        #expect(log.count(of: "could not be stored in a (full); trying b") == 1)
    }

    @Test func allSinksFail() throws {
        let sinks = [FakeSink("a", problem: "full"), FakeSink("b", problem: "down")]
        #expect(try store(sinks) == ["a: full; b: down"])
        #expect(sinks.map(\.asked) == [1, 1])
    }

    // MARK: The real sinks

    @Test func apiSinkWritesTheOutputAsAString() throws {
        var problems: [String?] = []
        APIOutputSink(client: try client()).store(output.document, workloadID: "w-1") { problems.append($0) }
        #expect(transport.calls == ["POST /api/v1/workload_output/write"])
        #expect(
            transport.requests[0].bodyText
                == #"{"workloadId":"w-1","output":"{\"outputType\":\"checkConnection\",\"checkConnection\":{\"status\":\"succeeded\"},\"connectorConfigurationUpdated\":false}"}"#
        )
        #expect(problems.isEmpty)
        transport.answer(204)
        #expect(problems == [nil])
    }

    @Test func apiSinkTellsWhatWentWrong() throws {
        var problems: [String?] = []
        APIOutputSink(client: try client()).store(output.document, workloadID: "w-1") { problems.append($0) }
        transport.answer(422, "no such workload")
        #expect(problems.first??.contains("422: no such workload") == true)
    }

    private func localSink(_ directory: TemporaryDirectory) -> StorageOutputSink {
        StorageOutputSink(
            store: LocalObjectStore(root: directory.path, scheduler: scheduler),
            connectorOutput: noConnectorOutput
        )
    }

    @Test func apiFailsForGoodThenLocalStorageStandsIn() throws {
        let directory = TemporaryDirectory()
        var results: [String?] = []
        let deliverer = OutputDeliverer(
            client: try client(),
            sinks: [
                APIOutputSink(client: try client(["AIRBYTE_API_MAX_RETRIES": "1"])),
                localSink(directory),
            ],
            workloadID: "w-1",
            log: log.logger
        )
        deliverer.store(output) { results.append($0?.message) }
        transport.answer(500)
        scheduler.advanceToNext()
        transport.answer(500)
        scheduler.advance(by: .zero)
        #expect(results == [nil])
        #expect(directory.read("workload/output/w-1") == String(decoding: output.encoded(), as: UTF8.self))
    }

    @Test func localSinkRefusesIdsThatAreNoFileName() {
        let directory = TemporaryDirectory()
        for id in ["a/b", "../up", "..", ".", "a/../../b"] {
            var problems: [String?] = []
            localSink(directory).store(OutputDocument([1]), workloadID: id) { problems.append($0) }
            scheduler.advance(by: .zero)
            #expect(problems.count == 1)
            #expect(problems.first??.isEmpty == false, "\(id)")
        }
        #expect(directory.entries() == [])
    }

    // MARK: Catalogs

    private func writeCatalog(_ connector: ConnectorKind) throws -> Box {
        let box = Box()
        let body = OutputDocument(Array("{}".utf8))
        try deliverer([FakeSink("a")]).write(CatalogWrite(connector: connector, body: body)) {
            box.results.append($0.map(\.id))
        }
        return box
    }

    final class Box {
        var results: [Result<String, DeliveryProblem>] = []
    }

    @Test(arguments: [
        (ConnectorKind.source, "sources"), (.destination, "destinations"),
    ])
    func catalogIsWritten(_ connector: ConnectorKind, _ actors: String) throws {
        let box = try writeCatalog(connector)
        #expect(transport.calls == ["POST /api/v1/\(actors)/write_discover_catalog_result"])
        #expect(transport.requests[0].bodyText == "{}")
        transport.answer(200, #"{"catalogId":"c-1"}"#)
        #expect(box.results == [.success("c-1")])
    }

    @Test(arguments: ["{}", #"{"catalogId":null}"#, #"{"catalogId":5}"#, "[]"])
    func catalogWithoutAnId(_ answer: String) throws {
        let box = try writeCatalog(.source)
        transport.answer(200, answer)
        #expect(
            box.results
                == [
                    .failure(
                        DeliveryProblem(message: "the server accepted the catalog but gave no catalogId")
                    )
                ]
        )
    }

    @Test func catalogThatIsRefused() throws {
        let box = try writeCatalog(.source)
        transport.answer(400, "bad catalog")
        guard case .failure(let problem)? = box.results.first else {
            Issue.record("the catalog was not refused")
            return
        }
        #expect(problem.message.contains("400: bad catalog"))
    }
}
