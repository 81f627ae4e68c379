/// A line that is too long to be held: judged while it passes.
struct LongLine {
    /// Where in the output the bytes so far end.
    private var end: UInt64
    private var scanner = JSONScanner(handler: MessageScanner())
    private var lookout = RecordLookout()
    private(set) var measure = TextMeasure()
    private var digester: BlockDigester
    /// The beginning, for the case that it is no message and has to be quoted.
    private var beginning: [UInt8] = []

    /// In bytes: as much as is quoted, and a character more.
    private static let longestBeginning = MessageDecoder.maximumQuotedBytes + 4

    /// - Parameter start: where the line begins in the output.
    init(start: UInt64) {
        end = start
        digester = BlockDigester(start: start)
    }

    /// Takes the line's next bytes.
    mutating func append(_ bytes: RawSpan) {
        scanner.scan(bytes, at: end)
        lookout.look(at: bytes)
        measure.append(bytes)
        digester.append(bytes)
        let room = Self.longestBeginning - beginning.count
        if room > 0 {
            unsafe bytes.extracting(first: room).withUnsafeBytes { unsafe beginning.append(contentsOf: $0) }
        }
        end += UInt64(bytes.byteCount)
    }

    /// The line is complete.
    mutating func finish() -> ScannedLine {
        scanner.finish(at: end)
        measure.finish()
        guard scanner.status == .complete else { return .notAMessage(looksLikeRecord: lookout.hasFound) }
        let message = scanner.handler
        let source = StoredText.Source(
            digests: digester.finish(),
            isValidUTF8: measure.isValid,
            hasSurrogateEscapes: scanner.hasSurrogateEscapes
        )
        return .message(
            ScannedMessage(
                skeleton: message.skeleton,
                spec: message.spec.map { StoredText(range: $0, source: source) },
                catalog: StoredCatalog(message.streams, source),
                destinationCatalog: StoredCatalog(message.operations, source)
            )
        )
    }

    /// The line's text as far as it may be quoted.
    var quotation: String {
        let isWhole = beginning.count < Self.longestBeginning
        let tail = unsafe isWhole ? 0 : UTF8Pieces.incompleteTail(of: beginning.span.bytes)
        let text = unsafe UTF8Repair.text(of: beginning.span.bytes.extracting(droppingLast: tail))
        return MessageDecoder.quotation(of: text, totalBytes: measure.utf8Length)
    }
}

/// What a long line turned out to be.
enum ScannedLine {
    /// JSON that the protocol's schema allows.
    case message(ScannedMessage)
    case notAMessage(looksLikeRecord: Bool)
}

/// A message whose large parts are still in the output's file.
struct ScannedMessage {
    /// The message without its large parts, see `MessageScanner.skeleton`.
    var skeleton: [UInt8]
    var spec: StoredText?
    var catalog: StoredCatalog
    var destinationCatalog: StoredCatalog
}
