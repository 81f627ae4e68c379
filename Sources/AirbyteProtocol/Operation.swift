/// What the connector was started to do.
public enum Operation: String, Hashable, Sendable, CaseIterable {
    case spec
    case check
    case discover
}

/// Which of the two kinds of connector runs.
public enum ConnectorKind: String, Hashable, Sendable {
    case source
    case destination
}
