import AirbyteProtocol

/// A configuration that the connector has changed while it ran (a rotated token, say) and the platform has to keep.
package struct ConfigurationUpdate: Sendable {
    package var connector: ConnectorKind
    /// The source's or the destination's id.
    package var actorID: String
    /// The whole new configuration. It holds secrets in plain text and must never be shown.
    package var configuration: JSONValue

    /// The update that a transcript asks for; nil where the connector named no configuration, where it is the one that
    /// it was started with (as JSON values), or where the actor has not been saved yet.
    init?(transcript: Transcript, input: SidecarInput) {
        guard let actorID = input.actorID, let configuration = transcript.lastConnectorConfig else {
            return nil
        }
        if let known = input.connectorConfiguration, Self.isSame(known, configuration) { return nil }
        connector = input.connectorKind
        self.actorID = actorID
        self.configuration = configuration
    }

    /// The most members that are compared as values; more have to be written alike. An update too many does no harm.
    private static let maxComparedMembers = 20_000

    private static func isSame(_ known: JSONValue, _ new: JSONValue) -> Bool {
        if known == new { return true }
        return !new.mayHaveMore(than: maxComparedMembers) && known.isEquivalent(to: new)
    }
}
