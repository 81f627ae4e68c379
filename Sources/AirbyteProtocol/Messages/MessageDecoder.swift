/// Decides what a line of a connector's output is. No line depends on another.
public struct MessageDecoder {
    /// The most of a line that is quoted, in UTF-8 bytes; a log event of more than that helps nobody.
    public static let maximumQuotedBytes = 1 << 20

    private let kind: ConnectorKind
    private let parser = JSONParser(opaqueKeys: ProtocolSchema.opaqueKeys)
    private let schema = CompiledSchema.message

    /// What a `RECORD` needs depends on the kind of connector that wrote it.
    public init(kind: ConnectorKind = .source) {
        self.kind = kind
    }

    /// Decides what a line is; the line's end is not part of it.
    public func decode(_ line: RawSpan) -> DecodedLine {
        if let log = PlainLogLine.log(line) { return .message(.log(log)) }
        return decodeJSON(line)
    }

    /// The same for every line, whatever its form.
    func decodeJSON(_ line: RawSpan) -> DecodedLine {
        guard Self.mayBeAnObject(line), let document = try? parser.parse(line, trailing: .ignored),
            schema.accepts(document.root)
        else { return notAMessage(line) }
        return message(document.root)
    }

    /// Decides what a line is; the line's end is not part of it.
    public func decode(_ line: [UInt8]) -> DecodedLine {
        unsafe decode(line.span.bytes)
    }

    /// Decides what a line is that was too long to be held.
    ///
    /// - Parameter quotation: the line's beginning, for the case that it is no message.
    func decode(_ line: ScannedLine, quotation: @autoclosure () -> String) -> DecodedLine {
        switch line {
        case .notAMessage(let looksLikeRecord):
            return Self.notAMessage(looksLikeRecord: looksLikeRecord, text: quotation())
        case .message(let scanned):
            guard let document = try? parser.parse(scanned.skeleton) else {
                preconditionFailure(
                    "a message that was valid while it was scanned is not valid without its parts"
                )
            }
            return Self.withLargeParts(message(document.root), of: scanned)
        }
    }

    /// A message that was decoded without its large parts, with them.
    private static func withLargeParts(_ decoded: DecodedLine, of scanned: ScannedMessage) -> DecodedLine {
        switch decoded {
        case .message(.catalog): .message(.catalog(.stored(scanned.catalog)))
        case .message(.destinationCatalog): .message(.destinationCatalog(.stored(scanned.destinationCatalog)))
        case .message(.spec): scanned.spec.map { .message(.spec(.stored($0))) } ?? decoded
        default: decoded
        }
    }

    /// Most lines that are no message can be told by their first byte.
    private static func mayBeAnObject(_ line: RawSpan) -> Bool {
        unsafe line.withUnsafeBytes { line in
            let first = unsafe line.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
            return first == UInt8(ascii: "{")
        }
    }

    private func notAMessage(_ line: RawSpan) -> DecodedLine {
        var lookout = RecordLookout()
        lookout.look(at: line)
        return Self.notAMessage(looksLikeRecord: lookout.hasFound, text: Self.quotation(of: line))
    }

    /// Both ways of reading look for names in the same text, the one that may be quoted.
    private static func notAMessage(looksLikeRecord: Bool, text: String) -> DecodedLine {
        let named = unsafe NamedTypes(in: text.utf8.span.bytes)
        return .notAMessage(looksLikeRecord: looksLikeRecord, text: text, named: named)
    }

    /// A line as far as it may be quoted.
    private static func quotation(of line: RawSpan) -> String {
        if line.byteCount <= maximumQuotedBytes, UTF8Repair.isValid(line) {
            // Nothing has to be repaired or cut, so nothing is copied but what is quoted.
            return unsafe line.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
        }
        let text = UTF8Repair.text(of: line)
        return quotation(of: text, totalBytes: text.count)
    }

    /// A text's beginning, as far as it may be quoted.
    ///
    /// - Parameter beginning: the text, or at least one character more of it than may be quoted.
    static func quotation(of beginning: [UInt8], totalBytes: Int) -> String {
        guard totalBytes > maximumQuotedBytes else { return String(decoding: beginning, as: UTF8.self) }
        var end = maximumQuotedBytes
        while beginning[end] & 0xC0 == 0x80 { end -= 1 }
        return String(decoding: beginning[..<end], as: UTF8.self) + "… (\(totalBytes - end) more bytes)"
    }
}

// MARK: - Messages by type

extension MessageDecoder {
    /// The message of an object that the schema allows, if it has what its type requires.
    private func message(_ root: JSONValue) -> DecodedLine {
        guard let name = root.present("type") else {
            return .dropped(IncompleteMessage(type: nil, missing: "type"))
        }
        // The schema has let no other type through, and most messages are log lines.
        guard let type = MessageType.allCases.first(where: { name.isString($0.rawValue) }) else {
            return .dropped(IncompleteMessage(type: nil, missing: "type"))
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
            let message = log[member: "message"]?.string
        else { return Self.dropped(.log, without: "level or message") }
        return .message(
            .log(ConnectorLog(level: level, message: message, stackTrace: log[member: "stack_trace"]?.string))
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
                    message: value[member: "message"]?.string
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
        guard let control, control.present("type") != nil, control.present("emitted_at") != nil else {
            return Self.dropped(.control, without: "type or emitted_at")
        }
        return .message(.control(connectorConfig: control.present("connectorConfig")?.present("config")))
    }

    private func trace(_ trace: JSONValue?) -> DecodedLine {
        guard let trace, let type = trace[member: "type"]?.string else {
            return Self.dropped(.trace, without: "type")
        }
        let emittedAt = trace[member: "emitted_at"]?.double
        guard type == "ERROR" else {
            return emittedAt == nil ? Self.dropped(.trace, without: "emitted_at") : .message(.otherTrace)
        }
        let error = trace.present("error")
        let stream = error?.present("stream_descriptor")
        return .message(
            .errorTrace(
                ErrorTrace(
                    message: error?[member: "message"]?.string,
                    internalMessage: error?[member: "internal_message"]?.string,
                    stackTrace: error?[member: "stack_trace"]?.string,
                    failureType: error?[member: "failure_type"]?.string.flatMap(FailureType.init),
                    streamDescriptor: stream.map {
                        StreamDescriptor(
                            name: $0[member: "name"]?.string,
                            namespace: $0[member: "namespace"]?.string
                        )
                    },
                    // Nobody is without a reason for want of a time.
                    emittedAt: emittedAt.map { Int64(saturating: $0) },
                    hasError: error != nil
                )
            )
        )
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

extension JSONValue {
    /// The member of that name, unless it is null.
    func present(_ name: String) -> JSONValue? {
        self[member: name].flatMap { $0.isNull ? nil : $0 }
    }
}

extension Int64 {
    /// The whole part, or the nearest number that fits.
    fileprivate init(saturating value: Double) {
        self = Int64(exactly: value.rounded(.towardZero)) ?? (value > 0 ? .max : .min)
    }
}
