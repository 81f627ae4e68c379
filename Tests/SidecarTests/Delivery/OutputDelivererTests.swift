import AirbyteProtocol
import ProtocolTestSupport
import Scheduling
import TestSupport
import Testing
import Workload

@testable import Sidecar

@Suite struct OutputDelivererTests {
    /// Keeps what it is given, or says why it does not.
    final class FakeStorage: OutputStorage {
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

    private func deliverer(_ stores: [any OutputStorage]) throws -> OutputDeliverer {
        try deliverer(stores.map { .storage($0) })
    }

    private func deliverer(
        _ sinks: [DeliverySink],
        _ variables: [String: String] = [:]
    ) throws -> OutputDeliverer {
        OutputDeliverer(
            client: try client(variables),
            sinks: sinks,
            workloadID: "w-1",
            connectorOutput: noConnectorOutput,
            log: log.logger
        )
    }

    private func client(_ variables: [String: String] = [:]) throws -> ControlPlaneClient {
        ControlPlaneClient(
            settings: try configuration(
                ["INTERNAL_API_HOST": "http://server:8001"].merging(variables) { $1 }
            ).controlPlaneSettings,
            tokens: nil,
            transport: transport,
            scheduler: scheduler,
            log: log.logger,
            seed: 1
        )
    }

    private let output = JobOutput(operation: .check, checkConnection: ConnectionStatus(status: .succeeded))

    /// What came of storing the output: nil where it is stored, or why it is not.
    private final class Results {
        var problems: [String?] = []
    }

    private func store(with deliverer: OutputDeliverer) -> Results {
        let results = Results()
        deliverer.perform(.storeOutput(output)) { result in
            switch result {
            case .outputStored: results.problems.append(nil)
            case .failed(let problem): results.problems.append(problem)
            case .configurationUpdated, .catalogWritten: Issue.record("\(result)")
            }
        }
        return results
    }

    private func store(_ stores: [any OutputStorage]) throws -> [String?] {
        store(with: try deliverer(stores)).problems
    }

    @Test func firstSinkIsEnough() throws {
        let first = FakeStorage("first")
        let second = FakeStorage("second")
        #expect(try store([first, second]) == [nil])
        #expect(first.stored == [output.encoded()])
        #expect(second.asked == 0)
        #expect(log.count(of: "is stored in first") == 1)
    }

    @Test func nextSinkStandsIn() throws {
        let sinks = [
            FakeStorage("a", problem: "full"), FakeStorage("b", problem: "down"), FakeStorage("c"),
            FakeStorage("d"),
        ]
        #expect(try store(sinks) == [nil])
        #expect(sinks.map(\.asked) == [1, 1, 1, 0])
        #expect(sinks[2].stored == [output.encoded()])
        #expect(log.count(of: "could not be stored in a (full); trying b") == 1)
    }

    @Test func allSinksFail() throws {
        let sinks = [FakeStorage("a", problem: "full"), FakeStorage("b", problem: "down")]
        #expect(try store(sinks) == ["a: full; b: down"])
        #expect(sinks.map(\.asked) == [1, 1])
    }

    // MARK: The real sinks

    @Test func apiSinkWritesTheOutputAsAString() throws {
        let results = store(with: try deliverer([.serverAPI]))
        #expect(transport.calls == ["POST /api/v1/workload_output/write"])
        #expect(
            transport.requests[0].bodyText
                == #"{"workloadId":"w-1","output":"{\"outputType\":\"checkConnection\",\"checkConnection\":{\"status\":\"succeeded\"},\"connectorConfigurationUpdated\":false}"}"#
        )
        #expect(results.problems.isEmpty)
        transport.answer(204)
        #expect(results.problems == [nil])
    }

    @Test func apiSinkTellsWhatWentWrong() throws {
        let results = store(with: try deliverer([.serverAPI]))
        transport.answer(422, "no such workload")
        #expect(results.problems.first??.contains("422: no such workload") == true)
    }

    private func localSink(_ directory: TemporaryDirectory) -> ObjectOutputStorage {
        ObjectOutputStorage(
            store: LocalObjectStore(
                root: directory.path,
                contentDescriptors: { [] },
                scheduler: scheduler
            ) { _, _, _ in false },
            connectorOutput: noConnectorOutput
        )
    }

    @Test func apiFailsForGoodThenLocalStorageStandsIn() throws {
        let directory = TemporaryDirectory()
        let results = store(
            with: try deliverer(
                [.serverAPI, .storage(localSink(directory))],
                ["AIRBYTE_API_MAX_RETRIES": "1"]
            )
        )
        transport.answer(500)
        scheduler.advanceToNext()
        transport.answer(500)
        scheduler.advance(by: .zero)
        #expect(results.problems == [nil])
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

    /// The ids that the server has given, and what went wrong.
    private final class Catalogs {
        var ids: [String] = []
        var problems: [String] = []
    }

    private func writeCatalog(_ connector: ConnectorKind) throws -> Catalogs {
        let catalogs = Catalogs()
        let catalog = CatalogWrite(connector: connector, body: OutputDocument(Array("{}".utf8)))
        try deliverer([.serverAPI]).perform(.writeCatalog(catalog)) { result in
            switch result {
            case .catalogWritten(let id, _): catalogs.ids.append(id)
            case .failed(let problem): catalogs.problems.append(problem)
            case .configurationUpdated, .outputStored: Issue.record("\(result)")
            }
        }
        return catalogs
    }

    @Test(arguments: [
        (ConnectorKind.source, "sources"), (.destination, "destinations"),
    ])
    func catalogIsWritten(_ connector: ConnectorKind, _ actors: String) throws {
        let catalogs = try writeCatalog(connector)
        #expect(transport.calls == ["POST /api/v1/\(actors)/write_discover_catalog_result"])
        #expect(transport.requests[0].bodyText == "{}")
        transport.answer(200, #"{"catalogId":"c-1"}"#)
        #expect(catalogs.ids == ["c-1"])
        #expect(catalogs.problems == [])
    }

    @Test(arguments: ["{}", #"{"catalogId":null}"#, #"{"catalogId":5}"#, "[]"])
    func catalogWithoutAnId(_ answer: String) throws {
        let catalogs = try writeCatalog(.source)
        transport.answer(200, answer)
        #expect(catalogs.problems == ["the server accepted the catalog but gave no catalogId"])
    }

    @Test func catalogThatIsRefused() throws {
        let catalogs = try writeCatalog(.source)
        transport.answer(400, "bad catalog")
        #expect(catalogs.problems.first?.contains("400: bad catalog") == true)
    }
}
