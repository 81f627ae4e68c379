import AirbyteProtocol

/// One thing to be delivered before the report. The plan yields it, the machine's action carries it, and a
/// `DeliveryResult` answers it.
package enum DeliveryStep: Sendable {
    /// Have the platform keep the configuration that the connector has changed.
    case updateConfiguration(ConfigurationUpdate)
    /// Hand the discovered catalog to the server, which answers with its id.
    case writeCatalog(CatalogWrite)
    /// Put the job output where the platform reads it.
    case storeOutput(JobOutput)

    /// The result of a step that succeeds.
    ///
    /// - Parameter catalogID: what the server calls the catalog.
    func success(catalogID: String = "") -> DeliveryResult {
        switch self {
        case .updateConfiguration: .configurationUpdated
        case .writeCatalog: .catalogWritten(id: catalogID)
        case .storeOutput: .outputStored
        }
    }

    /// The calls that the step makes if each succeeds, in order, where the server API stores outputs.
    ///
    /// - Parameter actorName: of the source or destination, which the server answers to the first call of an update.
    package func calls(workloadID: String, actorName: String = "") -> [PlatformCall] {
        switch self {
        case .updateConfiguration(let update):
            [
                .getActor(update.connector, id: update.actorID),
                .updateActor(update, name: actorName, resourceAllocation: nil),
            ]
        case .writeCatalog(let catalog): [.writeCatalog(catalog)]
        case .storeOutput(let output): [.writeOutput(output.document, workloadID: workloadID)]
        }
    }
}

/// How a delivery step has ended.
package enum DeliveryResult: Sendable {
    case configurationUpdated
    /// The server has given the catalog an id. `findings` are what is odd about a catalog that had to be read again; nil
    /// where they were known before.
    case catalogWritten(id: String, findings: CatalogInspection? = nil)
    case outputStored
    /// The step has failed for good; one line says why.
    case failed(String)
}

/// A discovered catalog on its way to the server API.
package struct CatalogWrite: Hashable, Sendable {
    package var connector: ConnectorKind
    /// The whole request body, JSON.
    package var body: OutputDocument

    package init(connector: ConnectorKind, body: OutputDocument) {
        self.connector = connector
        self.body = body
    }
}
