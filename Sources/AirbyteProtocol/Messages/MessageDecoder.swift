/// Decides what a line of a connector's output is. No line depends on another.
public struct MessageDecoder {
    /// The most of a line that is quoted, in UTF-8 bytes; a log event of more than that helps nobody.
    public static let maximumQuotedBytes = 1 << 20

    let kind: ConnectorKind
    private let parser = JSONParser(opaqueKeys: ProtocolSchema.opaqueKeys)

    /// What a `RECORD` needs depends on the kind of connector that wrote it.
    public init(kind: ConnectorKind = .source) {
        self.kind = kind
    }

    /// Decides what a line is; the line's end is not part of it. Nil where more than one thing can be on it, which is rare:
    /// then see `parts`.
    func decodeSingle(_ line: RawSpan) -> DecodedLine? {
        if let log = PlainLogLine.log(line) { return .message(.log(log)) }
        return decodeSingleJSON(line)
    }

    /// The same for every line, whatever its form.
    func decodeSingleJSON(_ line: RawSpan) -> DecodedLine? {
        if let document = parseObject(line) {
            if document.hasBraceBehind { return nil }
            return decode(document.root) ?? notAMessage(line, NamedTypes(in: line))
        }
        let named = NamedTypes(in: line)
        return named.isEmpty ? notAMessage(line, named) : nil
    }

    /// Whether a line is certainly one for people that can be shown as it is: no JSON, nothing to repair, cut or tell of.
    func isPlain(_ line: RawSpan) -> Bool {
        line.byteCount <= Self.maximumQuotedBytes && !Self.mayBeginWithObject(line)
            && NamedTypes(in: line).isEmpty && !looksLikeRecord(line) && UTF8Repair.isValid(line)
    }

    /// Whether a line may begin with an object: behind the brace stands what can follow one. A printed dictionary of Python's
    /// does not.
    private static func mayBeginWithObject(_ line: RawSpan) -> Bool {
        guard beginsWithBrace(line) else { return false }
        let inside = line.extracting(droppingFirst: MessageSpace.leading(in: line) + 1)
        let blank = MessageSpace.leading(in: inside)
        guard blank < inside.byteCount else { return true }
        let next = unsafe inside.unsafeLoad(fromByteOffset: blank, as: UInt8.self)
        return next == UInt8(ascii: "\"") || next == UInt8(ascii: "}")
    }

    private func looksLikeRecord(_ line: RawSpan) -> Bool {
        var lookout = RecordLookout()
        lookout.look(at: line)
        return lookout.hasFound
    }

    /// White space left out.
    private static func beginsWithBrace(_ line: RawSpan) -> Bool {
        let blank = MessageSpace.leading(in: line)
        guard blank < line.byteCount else { return false }
        return unsafe line.unsafeLoad(fromByteOffset: blank, as: UInt8.self) == UInt8(ascii: "{")
    }

    /// Decides what a line is by its first value, as if there were no others.
    public func decode(_ line: [UInt8]) -> DecodedLine {
        if let single = unsafe decodeSingle(line.span.bytes) { return single }
        let parts = unsafe parts(of: line.span.bytes)
        return parts.first { if case .salvaged = $0 { false } else { true } } ?? .dropped(.withoutType)
    }

    /// The object with which a line begins; most lines without one can be told by their first byte.
    private func parseObject(_ line: RawSpan) -> JSONDocument? {
        guard Self.beginsWithBrace(line) else { return nil }
        return try? parser.parse(
            line.extracting(droppingFirst: MessageSpace.leading(in: line)),
            trailing: .ignored
        )
    }

    /// What an object is; nil where the schema does not allow it.
    private func decode(_ root: JSONValue) -> DecodedLine? {
        // Compiled when it is first needed: what the platform waits for at the start comes before.
        CompiledSchema.message.accepts(root) || Self.isErrorTrace(root) ? message(root) : nil
    }

    /// A message that was decoded without its large parts, with them.
    private static func withLargeParts(_ decoded: DecodedLine, of scanned: ScannedMessage) -> DecodedLine {
        switch decoded {
        case .message(.catalog): .message(.catalog(.stored(scanned.catalog)))
        case .message(.destinationCatalog): .message(.destinationCatalog(.stored(scanned.destinationCatalog)))
        // Null, where the last of several is, stays nil.
        case .message(.control(let config?)):
            .message(.control(connectorConfig: scanned.configuration ?? config))
        case .message(.spec): scanned.spec.map { .message(.spec(.stored($0))) } ?? decoded
        default: decoded
        }
    }

    private func notAMessage(_ line: RawSpan, _ named: NamedTypes) -> DecodedLine {
        let looksLikeRecord = looksLikeRecord(line)
        let text = Self.quotation(of: line)
        // Where the text is cut or repaired, what it names is looked for in it again.
        guard text.utf8.count == line.byteCount else {
            return Self.notAMessage(looksLikeRecord: looksLikeRecord, text: text)
        }
        return .notAMessage(looksLikeRecord: looksLikeRecord, text: text, named: named)
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

// MARK: - Lines with more than one message, or one behind text

extension MessageDecoder {
    /// What is on a line that is held, part by part.
    func parts(of line: RawSpan) -> [DecodedLine] {
        var parts: [DecodedLine] = []
        // The line is held, so that nothing of it is read again and compared.
        var scanner = LineScanner(start: 0, digestSeed: 0)
        scanner.append(line) { if let part = decode($0, of: line) { parts.append(part) } }
        _ = scanner.finish { if let part = decode($0, of: line) { parts.append(part) } }
        return parts
    }

    private func decode(_ part: LineScanner.Part, of line: RawSpan) -> DecodedLine? {
        switch part {
        case .segment(let segment):
            let text = line.extracting(segment.range.held)
            return segment.value.flatMap { decode($0, of: line) } ?? segment.brokenTrace
                ?? notAMessage(text, NamedTypes(in: text))
        case .salvaged(let value, let textBefore):
            return decode(value, of: line).flatMap { Self.salvaged($0, textBefore) }
        }
    }

    private func decode(_ value: ScannedValue, of line: RawSpan) -> DecodedLine? {
        guard value.message != nil, let document = try? parser.parse(line.extracting(value.range.held)) else {
            return nil
        }
        return decode(document.root)
    }

    /// What is on a line that is too long to be held, part by part; nil for a part that counts for nothing.
    func decode(_ part: LineScanner.Part) -> DecodedLine? {
        switch part {
        case .segment(let segment):
            return segment.value?.message.flatMap(decode) ?? segment.brokenTrace
                ?? Self.notAMessage(looksLikeRecord: segment.looksLikeRecord, text: segment.quotation)
        case .salvaged(let value, let textBefore):
            return value.message.flatMap(decode).flatMap { Self.salvaged($0, textBefore) }
        }
    }

    private func decode(_ scanned: ScannedMessage) -> DecodedLine? {
        guard let document = try? parser.parse(scanned.skeleton) else {
            preconditionFailure(
                "a message that was valid while it was scanned is not valid without its parts"
            )
        }
        guard !scanned.isFlawed || Self.isErrorTrace(document.root) else { return nil }
        return Self.withLargeParts(message(document.root), of: scanned)
    }

    /// Of what stands behind text only results and error traces count.
    private static func salvaged(_ decoded: DecodedLine, _ textBefore: String) -> DecodedLine? {
        guard case .message(let message) = decoded, message.isResultOrErrorTrace else { return nil }
        return .salvaged(message, textBefore: textBefore)
    }
}

extension LineSegment {
    /// The error trace that the line was meant to be, if it can be read although it is not JSON.
    fileprivate var brokenTrace: DecodedLine? {
        guard value?.message == nil else { return nil }
        return (unsafe BrokenTrace.read(beginning.span.bytes)).map { .message(.errorTrace($0)) }
    }
}

extension ProtocolMessage {
    fileprivate var isResultOrErrorTrace: Bool {
        switch self {
        case .spec, .connectionStatus, .catalog, .destinationCatalog, .errorTrace: true
        case .log, .otherTrace, .control, .record, .state: false
        }
    }
}

extension Range<UInt64> {
    /// The same offsets in bytes that are held.
    fileprivate var held: Range<Int> { Int(lowerBound)..<Int(upperBound) }
}
