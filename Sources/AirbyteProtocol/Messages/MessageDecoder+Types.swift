extension MessageDecoder {
    /// The message of an object that the schema allows, if it has what its type requires.
    func message(_ root: JSONValue) -> DecodedLine {
        guard let name = root.present("type") else {
            return .dropped(.withoutType)
        }
        // The schema has let no other type through, and most messages are log lines.
        guard let type = MessageType.allCases.first(where: { name.isString($0.rawValue) }) else {
            return .dropped(.withoutType)
        }
        switch type {
        case .log: return log(root.present("log"))
        case .trace: return trace(root.present("trace"))
        case .spec: return spec(root.present("spec"))
        case .connectionStatus: return connectionStatus(root.present("connectionStatus"))
        case .catalog:
            return Self.catalog(in: root, type, "catalog", list: "streams") { .catalog(.held($0)) }
        case .destinationCatalog:
            return Self.catalog(in: root, type, "destination_catalog", list: "operations") {
                .destinationCatalog(.held($0))
            }
        case .control: return control(root.present("control"))
        case .state:
            return root.present("state") == nil ? Self.dropped(type, without: "state") : .message(.state)
        case .record: return record(root.present("record"))
        }
    }

    private static func dropped(_ type: MessageType, without missing: String) -> DecodedLine {
        .dropped(IncompleteMessage(type: type, missing: missing))
    }

    /// A catalog. One without its list is none: taken for an empty one, it would wipe the platform's schema.
    private static func catalog(
        in root: JSONValue,
        _ type: MessageType,
        _ name: String,
        list: String,
        _ message: (JSONValue) -> ProtocolMessage
    ) -> DecodedLine {
        guard let catalog = root.present(name) else { return dropped(type, without: name) }
        guard catalog.present(list) != nil else { return dropped(type, without: list) }
        return .message(message(catalog))
    }

    private func log(_ log: JSONValue?) -> DecodedLine {
        guard let log, let name = log[member: "level"],
            let level = LogLevel.allCases.first(where: { name.isString($0.rawValue) }),
            let message = log[member: "message"]?.coercedText
        else { return Self.dropped(.log, without: "level or message") }
        return .message(
            .log(
                ConnectorLog(
                    level: level,
                    message: message,
                    stackTrace: log[member: "stack_trace"]?.coercedText
                )
            )
        )
    }

    private func connectionStatus(_ value: JSONValue?) -> DecodedLine {
        guard let value, let status = value[member: "status"]?.string else {
            return Self.dropped(.connectionStatus, without: "status")
        }
        return .message(
            .connectionStatus(
                ConnectionStatus(
                    status: status == "SUCCEEDED" ? .succeeded : .failed,
                    message: value[member: "message"]?.coercedText
                )
            )
        )
    }

    private func spec(_ spec: JSONValue?) -> DecodedLine {
        // Present is enough: null is let through.
        guard let spec, spec[member: "connectionSpecification"] != nil else {
            return Self.dropped(.spec, without: "connectionSpecification")
        }
        return .message(.spec(.held(spec)))
    }

    private func control(_ control: JSONValue?) -> DecodedLine {
        guard let control, control.present("type") != nil,
            control[member: "emitted_at"]?.coercedDouble != nil
        else {
            return Self.dropped(.control, without: "type or emitted_at")
        }
        return .message(.control(connectorConfig: control.present("connectorConfig")?.present("config")))
    }

    private func trace(_ trace: JSONValue?) -> DecodedLine {
        guard let trace, let type = trace[member: "type"]?.string else {
            return Self.dropped(.trace, without: "type")
        }
        let emittedAt = trace[member: "emitted_at"]?.coercedDouble
        if type == Self.errorTraceType { return .message(.errorTrace(ErrorTrace(of: trace, emittedAt))) }
        return emittedAt == nil ? Self.dropped(.trace, without: "emitted_at") : .message(.otherTrace)
    }

    private func record(_ record: JSONValue?) -> DecodedLine {
        // A destination's records are not looked at, as the platform does not.
        if kind == .destination { return .message(.record) }
        guard let record, record.present("stream") != nil, record[member: "data"]?.isEmptyContainer == false
        else {
            return Self.dropped(.record, without: "stream or data")
        }
        return .message(.record)
    }
}

// MARK: - Error traces

extension MessageDecoder {
    /// The type of the traces that say why something failed.
    static let errorTraceType = "ERROR"

    /// Whether an object is an error trace, whatever else is in it: such a trace is never lost over a member beside it.
    static func isErrorTrace(_ root: JSONValue) -> Bool {
        root[member: "type"]?.isString(MessageType.trace.rawValue) == true
            && root[member: "trace"]?[member: "type"]?.isString(errorTraceType) == true
    }
}

extension ErrorTrace {
    /// What can be understood of a trace; what cannot is left out.
    fileprivate init(of trace: JSONValue, _ emittedAt: Double?) {
        let error = trace[member: "error"].flatMap { $0.kind == .object ? $0 : nil }
        let stream = error?[member: "stream_descriptor"].flatMap { $0.kind == .object ? $0 : nil }
        self.init(
            message: error?[member: "message"]?.coercedText,
            internalMessage: error?[member: "internal_message"]?.coercedText,
            stackTrace: error?[member: "stack_trace"]?.coercedText,
            failureType: error?[member: "failure_type"]?.string.flatMap(FailureType.init(ofTrace:)),
            streamDescriptor: stream.map {
                StreamDescriptor(
                    name: $0[member: "name"]?.coercedText,
                    namespace: $0[member: "namespace"]?.coercedText
                )
            },
            emittedAt: emittedAt.map { Int64(saturating: $0) },
            hasError: error != nil
        )
    }
}

extension FailureType {
    /// A type that the protocol has for traces; the platform knows more.
    init?(ofTrace name: String) {
        guard let type = FailureType(rawValue: name),
            [.systemError, .configError, .transientError].contains(type)
        else { return nil }
        self = type
    }
}

extension JSONValue {
    /// The member of that name, unless it is null.
    func present(_ name: String) -> JSONValue? {
        self[member: name].flatMap { $0.isNull ? nil : $0 }
    }
}

extension Int64 {
    /// The whole part, or the nearest number that fits.
    init(saturating value: Double) {
        self = Int64(exactly: value.rounded(.towardZero)) ?? (value > 0 ? .max : .min)
    }
}
