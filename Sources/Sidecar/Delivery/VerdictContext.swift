import AirbyteProtocol

/// What a verdict needs to know of the input: which job it is, and whose fault a failure would be.
struct VerdictContext: Sendable {
    let operation: Operation
    /// Where a failure of the connector comes from.
    let origin: FailureOrigin
    /// Hides the secrets of the connector's configuration, the one that it may have changed to included.
    let mask: SecretMask
    /// Why the output, or its rest, could not be read.
    let unread: String?
    private let actorID: String?
    private let discover: SidecarInput.Discover?

    init(input: SidecarInput, transcript: Transcript, unread: String?) {
        operation = input.operation
        origin = FailureOrigin(input.connectorKind)
        mask = SecretMask(configurations: [input.connectorConfiguration, transcript.lastConnectorConfig])
        self.unread = unread
        actorID = input.actorID
        discover = input.discover
    }

    /// So much of each of the connector's last log lines goes into a reason, in UTF-16 units: all ten of them fit.
    private static let longestLine = 4_000

    /// The reason of a failure: what the connector's error trace says, else the text and the connector's last log lines.
    func failure(_ text: String, transcript: Transcript) -> FailureReason {
        if let trace = transcript.errorTrace {
            // Hidden before it is cut, or the beginning of a secret at the cut would stay.
            return FailureReason(from: mask.masked(trace), operation: operation, origin: origin)
        }
        return FailureReason(
            failureOrigin: origin,
            failureType: .systemError,
            internalMessage: lastWords(transcript),
            externalMessage: text
        )
    }

    /// The connector's last log lines under a heading; nil where it logged nothing.
    private func lastWords(_ transcript: Transcript) -> String? {
        let lines = transcript.lastLines.lines
        guard !lines.isEmpty else { return nil }
        let shown = lines.map { mask.masked($0).truncated(toUTF16Length: Self.longestLine) }
        return (["The connector's last log lines:"] + shown).joined(separator: "\n")
    }

    /// The reason of a failure in the sidecar's own words; the connector's error trace, if any, goes below them.
    func statedFailure(_ text: String, transcript: Transcript) -> FailureReason {
        var reason = failure(text, transcript: transcript)
        if let traced = reason.externalMessage, traced != text {
            reason.internalMessage = [traced, reason.internalMessage].compactMap { $0 }.joined(
                separator: "\n"
            )
            .truncated(toUTF16Length: FailureReason.maximumMessageLength)
        }
        reason.externalMessage = text
        return reason
    }

    /// The reason of a failure that is not the connector's fault.
    func platformFailure(_ text: String, internalMessage: String) -> FailureReason {
        FailureReason(
            failureOrigin: .airbytePlatform,
            failureType: .systemError,
            internalMessage: internalMessage,
            externalMessage: text
        )
    }

    /// The job output that says why there is no result; a CHECK also says `failed`.
    func failedOutput(_ reason: FailureReason) -> JobOutput {
        var output = JobOutput(operation: operation)
        output.failureReason = reason
        if operation == .check {
            output.checkConnection = ConnectionStatus(
                status: .failed,
                message: reason.externalMessage ?? "The check failed."
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
