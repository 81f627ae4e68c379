/// The document in which a job's outcome is handed to the platform.
public struct JobOutput: Equatable, Sendable {
    public var operation: Operation
    /// The result of a check.
    public var checkConnection: ConnectionStatus?
    /// The id under which the server keeps the discovered catalog.
    public var discoverCatalogId: String?
    /// The result of a spec.
    public var spec: Specification?
    /// Whether the connector's configuration was changed on the server.
    public var connectorConfigurationUpdated: Bool
    public var failureReason: FailureReason?

    public init(
        operation: Operation,
        checkConnection: ConnectionStatus? = nil,
        discoverCatalogId: String? = nil,
        spec: Specification? = nil,
        connectorConfigurationUpdated: Bool = false,
        failureReason: FailureReason? = nil
    ) {
        self.operation = operation
        self.checkConnection = checkConnection
        self.discoverCatalogId = discoverCatalogId
        self.spec = spec
        self.connectorConfigurationUpdated = connectorConfigurationUpdated
        self.failureReason = failureReason
    }

    /// `outputType` in the document.
    public var outputType: String {
        switch operation {
        case .check: "checkConnection"
        case .discover: "discoverCatalogId"
        case .spec: "spec"
        }
    }

    /// The document as compact JSON in UTF-8. What is nil is left out.
    public var document: OutputDocument {
        var writer = JSONWriter()
        var pieces: [OutputDocument.Piece] = []
        writer.beginObject()
        writer.member("outputType", outputType)
        if let checkConnection {
            writer.key("checkConnection")
            writer.beginObject()
            writer.member("status", checkConnection.status.rawValue)
            writer.member("message", checkConnection.message)
            writer.endObject()
        }
        writer.member("discoverCatalogId", discoverCatalogId)
        switch spec {
        case nil: break
        case .held(let value): writer.member("spec", value)
        case .stored(let text):
            writer.key("spec")
            pieces += [.bytes(writer.handOver()), .text(text)]
        }
        writer.member("connectorConfigurationUpdated", connectorConfigurationUpdated)
        if let failureReason {
            writer.key("failureReason")
            failureReason.write(to: &writer)
        }
        writer.endObject()
        return OutputDocument(pieces: pieces + [.bytes(writer.bytes)])
    }
}
