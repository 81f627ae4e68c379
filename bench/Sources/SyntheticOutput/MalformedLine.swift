/// Ways in which connectors' lines are broken.
public enum MalformedLine: Hashable, Sendable, CaseIterable {
    /// A process that was killed, or two that write at once.
    case cutShort
    case unknownType
    case unknownLevel
    case wrongMemberType
    case rawControlCharacter
    case unknownEscape
    case singleQuotes
    case leadingText
    case byteOrderMark
    case recordCutShort
    case noType
    case nullType
    case noLevel
    case logIsMissing
    /// Bytes that are not UTF-8 are replaced, and the message counts.
    case brokenUTF8
    /// What follows the first value of a line is ignored.
    case trailingText

    /// What a reader has to make of such a line.
    public enum Expectation: Hashable, Sendable {
        case message
        case dropped
        case notAMessage
        /// No message either, and not to be quoted.
        case suspectedRecord
    }

    public var expectation: Expectation {
        switch self {
        case .brokenUTF8, .trailingText: .message
        case .noType, .nullType, .noLevel, .logIsMissing: .dropped
        case .recordCutShort: .suspectedRecord
        default: .notAMessage
        }
    }

    /// Appends a line of that length in bytes, without a newline.
    func append(_ length: Int, to buffer: inout [UInt8], _ random: inout SeededGenerator) {
        let (head, tail) = ends
        buffer.append(contentsOf: head)
        Words.appendProse(length - head.count - tail.count, escaped: false, to: &buffer, &random)
        buffer.append(contentsOf: tail)
    }

    /// What stands before and behind the text that brings the line to its length.
    private var ends: (head: [UInt8], tail: [UInt8]) {
        switch self {
        case .cutShort: Self.line(#"{"type":"LOG","log":{"level":"INFO","message":""#, "")
        case .unknownType: Self.line(#"{"type":"METRIC","metric":{"text":""#, #""}}"#)
        case .unknownLevel: Self.line(#"{"type":"LOG","log":{"level":"NOTICE","message":""#, #""}}"#)
        case .wrongMemberType: Self.line(#"{"type":"LOG","log":{"level":"INFO","message":[""#, #""]}}"#)
        case .rawControlCharacter:
            Self.line("{\"type\":\"LOG\",\"log\":{\"level\":\"INFO\",\"message\":\"\u{1}", "\"}}")
        case .unknownEscape: Self.line(#"{"type":"LOG","log":{"level":"INFO","message":"\x41"#, #""}}"#)
        case .singleQuotes: Self.line("{'type': 'LOG', 'log': {'level': 'INFO', 'message': '", "'}}")
        case .leadingText: Self.line(#"log: {"type":"LOG","log":{"level":"INFO","message":""#, #""}}"#)
        case .byteOrderMark:
            Self.line("\u{FEFF}{\"type\":\"LOG\",\"log\":{\"level\":\"INFO\",\"message\":\"", "\"}}")
        case .recordCutShort: Self.line(#"{"type":"RECORD","record":{"stream":"users","data":{"name":""#, "")
        case .noType: Self.line(#"{"log":{"level":"INFO","message":""#, #""}}"#)
        case .nullType: Self.line(#"{"type":null,"log":{"level":"INFO","message":""#, #""}}"#)
        case .noLevel: Self.line(#"{"type":"LOG","log":{"message":""#, #""}}"#)
        case .logIsMissing: Self.line(#"{"type":"LOG","text":""#, #""}"#)
        case .brokenUTF8:
            (
                Array(#"{"type":"LOG","log":{"level":"INFO","message":""#.utf8) + [
                    0xC3, 0x28, 0xED, 0xA0, 0x80, 0xFF,
                ],
                Array(#""}}"#.utf8)
            )
        case .trailingText:
            Self.line(#"{"type":"LOG","log":{"level":"INFO","message":""#, #""}} } "and more"#)
        }
    }

    private static func line(_ head: String, _ tail: String) -> (head: [UInt8], tail: [UInt8]) {
        (Array(head.utf8), Array(tail.utf8))
    }
}
