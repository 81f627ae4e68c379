import AirbyteProtocol
import Logging

/// Performs the steps of a delivery: hands catalogs to the server and outputs to the first sink that takes them.
package final class OutputDeliverer {
    private let client: ControlPlaneClient
    private let sinks: [DeliverySink]
    private let workloadID: String
    private let connectorOutput: DocumentReader.Source
    private let log: Logger
    /// The last that has taken the output; nil where none has.
    package private(set) var usedSink: DeliverySink?

    /// - Parameters:
    ///   - sinks: in the order in which they are tried; at least one.
    ///   - connectorOutput: gives the parts of documents that are not held.
    package init(
        client: ControlPlaneClient,
        sinks: [DeliverySink],
        workloadID: String,
        connectorOutput: @escaping DocumentReader.Source,
        log: Logger
    ) {
        precondition(!sinks.isEmpty, "the configuration names at least one sink")
        self.client = client
        self.sinks = sinks
        self.workloadID = workloadID
        self.connectorOutput = connectorOutput
        self.log = log
    }

    /// Performs the step: retries transient failures, and tries one sink after the other. The completion is called once with
    /// its result, possibly from within the call.
    package func perform(_ step: DeliveryStep, completion: @escaping (DeliveryResult) -> Void) {
        switch step {
        case .updateConfiguration(let update): perform(update, completion)
        case .writeCatalog(let catalog): write(catalog, retries: true, completion)
        case .storeOutput(let output): store(output.document, sinkNumber: 0, problems: [], completion)
        }
    }

    /// Tries the step where it is tried first, and there only. The completion is called as by `perform`.
    package func attempt(_ step: DeliveryStep, completion: @escaping (DeliveryResult) -> Void) {
        switch step {
        case .updateConfiguration:
            completion(.failed("a configuration is updated at the end of a job only"))
        case .writeCatalog(let catalog):
            write(catalog, retries: false, completion)
        case .storeOutput(let output):
            let document = output.document
            put(document, in: sinks[0], retries: false) { [self] problem in
                guard let problem else { return completion(stored(document, in: sinks[0])) }
                completion(.failed("\(sinks[0].name): \(problem)"))
            }
        }
    }

    /// The platform's update replaces name and resources too, so these are asked for first and handed back.
    private func perform(_ update: ConfigurationUpdate, _ completion: @escaping (DeliveryResult) -> Void) {
        let actor = "\(update.connector.rawValue) \(update.actorID)"
        log.info("The connector has changed its configuration: updating the \(actor)")
        client.perform(.getActor(update.connector, id: update.actorID)) { [client, log] outcome in
            guard case .accepted(let answer) = outcome else {
                return completion(.failed(outcome.problem ?? ""))
            }
            guard let document = try? JSONDocument(parsing: answer),
                let name = document.root[member: "name"]?.string
            else {
                return completion(.failed("the server knows the \(actor) but gave no name"))
            }
            let resources = document.root[member: "resourceAllocation"]
            client.perform(.updateActor(update, name: name, resourceAllocation: resources)) { outcome in
                guard case .accepted = outcome else {
                    return completion(.failed(outcome.problem ?? ""))
                }
                log.info("The configuration of the \(actor) is updated")
                completion(.configurationUpdated)
            }
        }
    }

    private func write(
        _ catalog: CatalogWrite,
        retries: Bool,
        _ completion: @escaping (DeliveryResult) -> Void
    ) {
        let call = PlatformCall.writeCatalog(catalog)
        let body = CallBody(call.body, source: connectorOutput)
        make(call, body, retries: retries) { outcome in
            guard case .accepted(let answer) = outcome else {
                return completion(.failed(outcome.problem ?? ""))
            }
            guard let document = try? JSONDocument(parsing: answer),
                let id = document.root[member: "catalogId"]?.string
            else {
                return completion(.failed("the server accepted the catalog but gave no catalogId"))
            }
            completion(.catalogWritten(id: id, findings: body.catalogFindings))
        }
    }

    /// Stores the output in the first sink that takes it.
    private func store(
        _ output: OutputDocument,
        sinkNumber: Int,
        problems: [String],
        _ completion: @escaping (DeliveryResult) -> Void
    ) {
        let sink = sinks[sinkNumber]
        put(output, in: sink, retries: true) { [self] problem in
            guard let problem else { return completion(stored(output, in: sink)) }
            let problems = problems + ["\(sink.name): \(problem)"]
            guard sinkNumber + 1 < sinks.count else {
                return completion(.failed(problems.joined(separator: "; ")))
            }
            log.warning(
                "The job output could not be stored in \(sink.name) (\(problem)); trying \(sinks[sinkNumber + 1].name)"
            )
            store(output, sinkNumber: sinkNumber + 1, problems: problems, completion)
        }
    }

    private func stored(_ output: OutputDocument, in sink: DeliverySink) -> DeliveryResult {
        usedSink = sink
        let size = output.count.map { " (\($0) bytes)" } ?? ""
        log.info("The job output\(size) is stored in \(sink.name)")
        return .outputStored
    }

    /// - Parameter retries: whether a call to the server is retried. Storage always retries its requests, of which one
    ///   output can take several.
    private func put(
        _ output: OutputDocument,
        in sink: DeliverySink,
        retries: Bool,
        _ completion: @escaping (_ problem: String?) -> Void
    ) {
        switch sink {
        case .serverAPI:
            let call = PlatformCall.writeOutput(output, workloadID: workloadID)
            let body = CallBody(call.body, source: connectorOutput)
            make(call, body, retries: retries) { completion($0.problem) }
        case .storage(let storage):
            storage.store(output, workloadID: workloadID, completion: completion)
        }
    }

    private func make(
        _ call: PlatformCall,
        _ body: CallBody,
        retries: Bool,
        _ completion: @escaping ControlPlaneClient.Completion
    ) {
        retries
            ? client.perform(call, body, completion: completion)
            : client.attempt(call, body, completion: completion)
    }
}

/// A place where the platform reads job outputs.
package enum DeliverySink {
    case serverAPI
    case storage(any OutputStorage)

    /// One word for statistics: `api` or `storage`.
    package var kind: String {
        switch self {
        case .serverAPI: "api"
        case .storage: "storage"
        }
    }

    /// For messages: "the server API", "local storage in /storage".
    var name: String {
        switch self {
        case .serverAPI: "the server API"
        case .storage(let storage): storage.name
        }
    }
}

/// Storage that takes job outputs.
package protocol OutputStorage: AnyObject {
    /// For messages.
    var name: String { get }

    /// Puts the output there. The completion is called once, perhaps from within the call, with nil or with one
    /// line that says why it failed for good.
    func store(
        _ output: OutputDocument,
        workloadID: String,
        completion: @escaping (_ problem: String?) -> Void
    )
}
