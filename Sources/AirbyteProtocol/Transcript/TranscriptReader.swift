/// Something that a connector's output gives to log, in the output's order.
public enum TranscriptEvent: Hashable, Sendable {
    /// A `LOG` message.
    case connectorLog(ConnectorLog)
    /// A line that is no message; at info, quoted.
    case plainLine(String)
    /// A line that is no message, but may hold a customer's data; a warning that does not quote it.
    case suspectedRecord
    /// A line that was left out; at debug.
    case dropped(reason: String)
}

/// Reads a connector's output: bytes in, events to log out, and a transcript at the end.
public struct TranscriptReader {
    private var framer: LineFramer
    private var lines: LineReader

    /// What the output has said so far.
    public var transcript: Transcript { lines.transcript }

    /// How many lines have ended.
    public var lineCount: Int { lines.count }

    /// See `Transcript.decisions`; without a copy of the transcript.
    public var decisions: Int { lines.transcript.decisions }

    /// What a `RECORD` needs depends on the kind of connector that wrote it.
    ///
    /// - Parameter digestSeed: of the digests by which a long line is known again when it is delivered. Random, so that no
    ///   connector can prepare two contents with one digest.
    public init(kind: ConnectorKind = .source, digestSeed: UInt64) {
        self.init(kind: kind, digestSeed: digestSeed, maxHeldLineLength: LineFramer.maxHeldLineLength)
    }

    /// A reader with another idea of lines that are too long.
    ///
    /// - Parameters:
    ///   - maxHeldLineLength: a longer line is judged while it passes, in bytes.
    ///   - tooLongLine: a line of at least this many UTF-16 units is counted.
    public init(
        kind: ConnectorKind,
        digestSeed: UInt64,
        maxHeldLineLength: Int,
        tooLongLine: Int = Transcript.tooLongLine
    ) {
        framer = LineFramer(maxHeldLineLength: maxHeldLineLength)
        lines = LineReader(
            decoder: MessageDecoder(kind: kind),
            digestSeed: digestSeed,
            tooLongLine: tooLongLine
        )
    }

    /// Reads lines that mean nothing, with a reader of its own: a connector's first line then finds warm code and the
    /// protocol's schema compiled.
    public static func warmUp(kind: ConnectorKind) {
        var reader = TranscriptReader(kind: kind, digestSeed: 0)
        let lines = #"""
            {"type":"LOG","log":{"level":"INFO","message":""}}
            { "type": "LOG", "log": { "level": "INFO", "message": "" } }
            text

            """#
        var events = TranscriptEvents()
        unsafe reader.read(lines.utf8.span.bytes, events: &events)
    }

    /// Takes the output's next bytes, cut anywhere, and appends what they give to log.
    public mutating func read(_ chunk: RawSpan, events: inout TranscriptEvents) {
        framer.append(chunk) { lines.read($0, $1, lineStart: $2, events: &events) }
    }

    /// The same, for somebody who takes the events one by one.
    public mutating func read(_ chunk: RawSpan) -> [TranscriptEvent] {
        var events = TranscriptEvents()
        read(chunk, events: &events)
        return events.list
    }

    /// Takes the output's next bytes, cut anywhere.
    public mutating func read(_ chunk: [UInt8]) -> [TranscriptEvent] {
        unsafe read(chunk.span.bytes)
    }

    /// So many zero bytes in a row have to be read before others may be skipped: more than is held of any line, so that
    /// nothing but lengths and offsets depends on the rest.
    public static let minZerosBeforeSkip = 2 * LineFramer.maxHeldLineLength

    /// Takes that many zero bytes without being given them: a hole in the output's file, which can have exabytes. The last
    /// `minZerosBeforeSkip` bytes have to be zero bytes too.
    public mutating func skipZeros(_ count: UInt64) {
        framer.skip(count)
        lines.skipZeros(count)
    }

    /// Ends the output; a last line without a line end is read.
    public mutating func finish(events: inout TranscriptEvents) {
        framer.finish { lines.read($0, $1, lineStart: $2, events: &events) }
    }

    /// The same, for somebody who takes the events one by one.
    public mutating func finish() -> [TranscriptEvent] {
        var events = TranscriptEvents()
        finish(events: &events)
        return events.list
    }
}

/// What happens to each line.
private struct LineReader {
    var transcript = Transcript()
    private(set) var count = 0
    private var position = LinePosition(number: 0, offset: 0)
    var decoder: MessageDecoder
    let tooLongLine: Int

    init(decoder: MessageDecoder, digestSeed: UInt64, tooLongLine: Int) {
        self.decoder = decoder
        self.digestSeed = digestSeed
        self.tooLongLine = tooLongLine
    }

    private let digestSeed: UInt64

    /// The line that is being read, where it is too long to be held.
    private var longLine: LineScanner?

    mutating func read(
        _ bytes: RawSpan,
        _ part: LineFramer.Part,
        lineStart: UInt64,
        events: inout TranscriptEvents
    ) {
        position = LinePosition(number: count + 1, offset: lineStart)
        if part != .more { count += 1 }
        if part == .whole { return read(bytes, events: &events) }
        var line = longLine.take() ?? LineScanner(start: lineStart, digestSeed: digestSeed)
        line.append(bytes) { record($0, events: &events) }
        guard part == .last else { return longLine = consume line }
        let length = line.finish { record($0, events: &events) }
        note(utf16Length: length)
    }

    mutating func skipZeros(_ count: UInt64) {
        guard var line = longLine.take() else { preconditionFailure("no long line is being read") }
        line.skipZeros(count)
        longLine = consume line
    }

    private mutating func read(_ line: RawSpan, events: inout TranscriptEvents) {
        // A line never has more UTF-16 units than bytes.
        if line.byteCount >= tooLongLine { note(utf16Length: UTF16Length.of(line)) }
        if let log = PlainLogLine.find(in: line) {
            let message = line.extracting(log.message)
            transcript.consume(log.level, message)
            events.observer?(
                position,
                .message(.log(ConnectorLog(level: log.level, message: Self.text(message))))
            )
            return events.append(.connectorLog(log.level), message)
        }
        if decoder.isPlain(line) {
            transcript.consumePlainLine(line)
            events.observer?(
                position,
                .notAMessage(looksLikeRecord: false, text: Self.text(line), named: [])
            )
            return events.append(.plainLine, line)
        }
        guard let decoded = decoder.decodeSingleJSON(line) else {
            for part in decoder.parts(of: line) { record(part, events: &events) }
            return
        }
        record(decoded, events: &events)
    }

    private static func text(_ line: RawSpan) -> String {
        unsafe line.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }

    private mutating func note(utf16Length length: Int) {
        if length >= tooLongLine { transcript.noteTooLongLine(length: length) }
    }

    private mutating func record(_ part: LineScanner.Part, events: inout TranscriptEvents) {
        if let decoded = decoder.decode(part) { record(decoded, events: &events) }
    }

    private mutating func record(_ decoded: DecodedLine, events: inout TranscriptEvents) {
        transcript.consume(decoded)
        events.observer?(position, decoded)
        switch decoded {
        case .message(.log(let log)): events.append(log)
        case .message(.control(let configuration?)): events.append(configuration: configuration)
        case .message: break
        case .dropped(let message): events.append(.dropped, message.description)
        case .notAMessage(looksLikeRecord: true, _, _): events.append(.suspectedRecord)
        case .notAMessage(looksLikeRecord: false, let text, _): events.append(.plainLine, text)
        // The line itself has been reported.
        case .salvaged: break
        }
    }
}
