import AirbyteProtocol

/// What a verdict needs besides the ending and the transcript: which job it is, whose fault a failure would be,
/// and what was found in the workspace at the end.
struct VerdictContext: Sendable {
    let operation: Operation
    /// Where a failure of the connector comes from.
    let origin: FailureOrigin
    /// Hides the secrets of the connector's configuration, the one that it may have changed to included, and the
    /// sidecar's own credentials.
    var mask: SecretMask
    /// Why the output, or its rest, could not be read.
    let unread: String?
    /// What the workspace's volume has run out of: "free blocks".
    let exhausted: String?
    /// Whether a sink may hold an output of this job already: then there has to be one to replace it.
    let replacesOutput: Bool
    private let actorID: String?
    private let discover: SidecarInput.Discover?

    init(
        input: SidecarInput,
        transcript: Transcript,
        unread: String?,
        exhausted: String? = nil,
        mask: SecretMask? = nil,
        replacesOutput: Bool = false
    ) {
        operation = input.operation
        origin = FailureOrigin(input.connectorKind)
        self.mask =
            mask
            ?? SecretMask(configurations: [input.connectorConfiguration, transcript.lastConnectorConfig])
        self.unread = unread
        self.exhausted = exhausted
        self.replacesOutput = replacesOutput
        actorID = input.actorID
        discover = input.discover
    }

    /// A further sentence where the output, or its rest, could not be read; empty where it could.
    var unreadNote: String { unread.map { " The connector's output could not be read: \($0)." } ?? "" }

    /// The job output that says why there is no result; a CHECK also says `failed`.
    func failedOutput(_ reason: FailureReason) -> JobOutput {
        var output = JobOutput(operation: operation)
        output.failureReason = reason
        if operation == .check {
            output.checkConnection = ConnectionStatus(
                status: .failed,
                message: reason.visibleMessage ?? "The check failed."
            )
        }
        return output
    }

    /// The request that hands the catalog to the server. Throws where the catalog cannot be converted.
    func catalogWrite(
        _ catalog: DiscoveredCatalog,
        of connector: ConnectorKind
    ) throws(CatalogConversionError) -> CatalogWrite {
        let version = discover?.connectorVersion ?? ""
        let body =
            switch connector {
            case .source:
                try CatalogConversion.writeDiscoverCatalogResult(
                    catalog: catalog,
                    sourceId: actorID,
                    connectorVersion: version,
                    configurationHash: discover?.configHash
                )
            case .destination:
                try CatalogConversion.writeDestinationDiscoverCatalogResult(
                    catalog: catalog,
                    destinationId: actorID,
                    connectorVersion: version,
                    configurationHash: discover?.configHash
                )
            }
        return CatalogWrite(connector: connector, body: body)
    }
}
