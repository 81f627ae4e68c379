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
    public private(set) var transcript = Transcript()
    private var framer = LineFramer()
    private var decoder: MessageDecoder

    /// What a `RECORD` needs depends on the kind of connector that wrote it.
    public init(kind: ConnectorKind = .source) {
        decoder = MessageDecoder(kind: kind)
    }

    /// Takes the output's next bytes, cut anywhere.
    public mutating func read(_ chunk: RawSpan) -> [TranscriptEvent] {
        var events: [TranscriptEvent] = []
        framer.append(chunk) { line in
            Self.take(line, decoder: &decoder, transcript: &transcript, events: &events)
        }
        return events
    }

    /// Takes the output's next bytes, cut anywhere.
    public mutating func read(_ chunk: [UInt8]) -> [TranscriptEvent] {
        unsafe read(chunk.span.bytes)
    }

    /// Ends the output; a last line without a line end is read.
    public mutating func finish() -> [TranscriptEvent] {
        var events: [TranscriptEvent] = []
        framer.finish { line in
            Self.take(line, decoder: &decoder, transcript: &transcript, events: &events)
        }
        return events
    }

    private static func take(
        _ line: RawSpan,
        decoder: inout MessageDecoder,
        transcript: inout Transcript,
        events: inout [TranscriptEvent]
    ) {
        // A line never has more UTF-16 units than bytes.
        if line.byteCount >= Transcript.tooLongLine {
            transcript.note(lineLength: UTF16Length.of(UTF8Repair.text(of: line)))
        }
        let decoded = decoder.decode(line)
        transcript.consume(decoded)
        switch decoded {
        case .message(.log(let log)): events.append(.connectorLog(log))
        case .message: break
        case .dropped(let reason): events.append(.dropped(reason: reason))
        case .notAMessage(looksLikeRecord: true, _, _): events.append(.suspectedRecord)
        case .notAMessage(looksLikeRecord: false, _, let text): events.append(.plainLine(text))
        }
    }
}
