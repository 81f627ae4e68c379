/// A part of a line that stands for itself: a value in the place of a message, and all that follows up to the next such
/// value or the line's end; or a line without one.
struct LineSegment {
    /// Where it lies in the output.
    private(set) var range: Range<UInt64>
    /// The value in the place of a message, where it is complete.
    var value: ScannedValue?

    private var lookout = RecordLookout()
    private(set) var measure = TextMeasure()
    /// As much as may be quoted, and a character more: for the case that it is no message.
    private(set) var beginning: [UInt8] = []

    private static let maxBeginning = MessageDecoder.maximumQuotedBytes + 4

    init(start: UInt64) {
        range = start..<start
    }

    mutating func append(_ bytes: RawSpan) {
        lookout.look(at: bytes)
        measure.append(bytes)
        let room = Self.maxBeginning - beginning.count
        if room > 0 {
            unsafe bytes.extracting(first: room).withUnsafeBytes { unsafe beginning.append(contentsOf: $0) }
        }
        range = range.lowerBound..<(range.upperBound + UInt64(bytes.byteCount))
    }

    /// Takes zero bytes that follow so many others that no more of the beginning is kept.
    mutating func skipZeros(_ count: UInt64) {
        precondition(beginning.count >= Self.maxBeginning, "these bytes belong to the beginning")
        measure.skipASCII(count)
        range = range.lowerBound..<(range.upperBound + count)
    }

    /// The segment is complete.
    mutating func finish() { measure.finish() }

    var looksLikeRecord: Bool { lookout.hasFound }

    /// The text as far as it may be quoted.
    var quotation: String {
        let isWhole = beginning.count < Self.maxBeginning
        let tail = unsafe isWhole ? 0 : UTF8Pieces.incompleteTail(of: beginning.span.bytes)
        let text = unsafe UTF8Repair.text(of: beginning.span.bytes.extracting(droppingLast: tail))
        return MessageDecoder.quotation(of: text, totalBytes: measure.utf8Length)
    }
}

/// Text in front of a message on its line, in bytes as they come.
struct TextBefore {
    private var bytes: [UInt8] = []
    private(set) var count = 0

    mutating func append(_ piece: RawSpan) {
        count += piece.byteCount
        let room = SalvagedResult.maxTextLength - bytes.count
        guard room > 0 else { return }
        unsafe piece.extracting(first: room).withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }

    /// Takes bytes that follow so many others that they are not kept.
    mutating func skip(_ count: UInt64) {
        self.count += Int(clamping: count)
    }

    /// The first bytes, repaired; a note of their number where they are too many to be kept.
    func text(first count: Int) -> String {
        guard count <= SalvagedResult.maxTextLength else { return "[a text of \(count) bytes]" }
        let text = unsafe UTF8Repair.text(of: bytes.span.bytes.extracting(first: count))
        return String(decoding: text, as: UTF8.self)
    }
}
