import AirbyteProtocol
import Logging

/// Performs the steps of a delivery: hands catalogs to the server and outputs to the first sink that takes them.
package final class OutputDeliverer {
    private let client: ControlPlaneClient
    private let sinks: [any OutputSink]
    private let workloadID: String
    private let log: Logger

    /// - Parameter sinks: in the order in which they are tried; at least one.
    package init(client: ControlPlaneClient, sinks: [any OutputSink], workloadID: String, log: Logger) {
        precondition(!sinks.isEmpty, "the configuration names at least one sink")
        self.client = client
        self.sinks = sinks
        self.workloadID = workloadID
        self.log = log
    }

    /// Has the platform keep the connector's new configuration; the completion gets nil, or why it did not.
    ///
    /// The platform's update replaces name and resources too, so these are asked for first and handed back.
    package func perform(_ update: ConfigurationUpdate, completion: @escaping (DeliveryProblem?) -> Void) {
        let actor = "\(update.connector.rawValue) \(update.actorID)"
        log.info("The connector has changed its configuration: updating the \(actor)")
        client.perform(.getActor(update.connector, id: update.actorID)) { [client, log] outcome in
            guard case .accepted(let answer) = outcome else {
                return completion(DeliveryProblem(message: outcome.problem ?? ""))
            }
            guard let document = try? JSONDocument(parsing: answer),
                let name = document.root[member: "name"]?.string
            else {
                return completion(DeliveryProblem(message: "the server knows the \(actor) but gave no name"))
            }
            let resources = document.root[member: "resourceAllocation"]
            client.perform(.updateActor(update, name: name, resourceAllocation: resources)) { outcome in
                guard case .accepted = outcome else {
                    return completion(DeliveryProblem(message: outcome.problem ?? ""))
                }
                log.info("The configuration of the \(actor) is updated")
                completion(nil)
            }
        }
    }

    /// A catalog that the server has taken.
    package struct WrittenCatalog: Sendable {
        /// The id that the server gave it.
        package var id: String
        /// What is odd about it, where it had to be read again; nil where that was known before.
        package var findings: CatalogInspection?
    }

    /// Hands over the catalog.
    package func write(
        _ catalog: CatalogWrite,
        completion: @escaping (Result<WrittenCatalog, DeliveryProblem>) -> Void
    ) {
        var findings: CatalogInspection?
        client.perform(.writeCatalog(catalog), onCatalogSent: { findings = $0 }) { outcome in
            guard case .accepted(let answer) = outcome else {
                return completion(.failure(DeliveryProblem(message: outcome.problem ?? "")))
            }
            guard let document = try? JSONDocument(parsing: answer),
                let id = document.root[member: "catalogId"]?.string
            else {
                return completion(
                    .failure(
                        DeliveryProblem(message: "the server accepted the catalog but gave no catalogId")
                    )
                )
            }
            completion(.success(WrittenCatalog(id: id, findings: findings)))
        }
    }

    /// Stores the output in the first sink that takes it; the completion gets nil, or what every sink said.
    package func store(_ output: JobOutput, completion: @escaping (DeliveryProblem?) -> Void) {
        store(output.document, sinkNumber: 0, problems: [], completion)
    }

    private func store(
        _ output: OutputDocument,
        sinkNumber: Int,
        problems: [String],
        _ completion: @escaping (DeliveryProblem?) -> Void
    ) {
        let sink = sinks[sinkNumber]
        sink.store(output, workloadID: workloadID) { [self] problem in
            guard let problem else {
                let size = output.count.map { " (\($0) bytes)" } ?? ""
                log.info("The job output\(size) is stored in \(sink.name)")
                return completion(nil)
            }
            let problems = problems + ["\(sink.name): \(problem)"]
            guard sinkNumber + 1 < sinks.count else {
                return completion(DeliveryProblem(message: problems.joined(separator: "; ")))
            }
            log.warning(
                "The job output could not be stored in \(sink.name) (\(problem)); trying \(sinks[sinkNumber + 1].name)"
            )
            store(output, sinkNumber: sinkNumber + 1, problems: problems, completion)
        }
    }
}

/// Why a step of the delivery failed for good, in one line.
package struct DeliveryProblem: Error, Hashable {
    package var message: String

    package init(message: String) {
        self.message = message
    }
}
