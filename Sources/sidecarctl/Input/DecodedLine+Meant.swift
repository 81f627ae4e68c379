import AirbyteProtocol

extension DecodedLine {
    /// Whether a line that is no message was probably meant as one: it begins as JSON does, or names a type.
    var isMeantAsMessage: Bool {
        guard case .notAMessage(_, let text, let named) = self else { return false }
        return !named.isEmpty || text.utf8.first { $0 > 0x20 } == UInt8(ascii: "{")
    }
}

extension ProtocolMessage {
    var type: MessageType {
        switch self {
        case .log: .log
        case .spec: .spec
        case .connectionStatus: .connectionStatus
        case .catalog: .catalog
        case .destinationCatalog: .destinationCatalog
        case .errorTrace, .otherTrace: .trace
        case .control: .control
        case .record: .record
        case .state: .state
        }
    }
}
