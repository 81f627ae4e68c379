/// Reads a stored value again: compares each block with its digest, and repairs the text as it was repaired when it was
/// judged.
final class StoredTextStream: ByteStream {
    private let text: StoredText
    private let blocks: BlockReader
    private var position: UInt64
    private var isFinished = false
    /// Cuts the text between characters where it needs a repair.
    private var pieces = UTF8Pieces()
    /// Repaired bytes that may be the beginning of a pair of escapes.
    private var unpaired: [UInt8] = []

    init(_ text: StoredText, _ source: @escaping DocumentReader.Source) {
        self.text = text
        blocks = BlockReader(text.digests, source)
        position = text.range.lowerBound
    }

    func next() throws(DocumentError) -> [UInt8]? {
        guard position < text.range.upperBound else { return end() }
        let bytes = try blocks.bytes(from: position, to: text.range.upperBound)
        position += UInt64(bytes.count)
        return text.isVerbatim ? Array(bytes) : repaired(Array(bytes))
    }

    private func repaired(_ bytes: [UInt8]) -> [UInt8] {
        var pieces = self.pieces
        var result = unpaired
        unsafe pieces.append(bytes.span.bytes) { result += UTF8Repair.text(of: $0) }
        self.pieces = pieces
        let settled = LoneSurrogates.replaceSettled(in: &result)
        unpaired = Array(result[settled...])
        result.removeLast(result.count - settled)
        return result
    }

    private func end() -> [UInt8]? {
        guard !isFinished else { return nil }
        isFinished = true
        var rest = unpaired
        var pieces = self.pieces
        pieces.finish { rest += UTF8Repair.text(of: $0) }
        self.pieces = pieces
        LoneSurrogates.replace(in: &rest, count: rest.count)
        return rest
    }
}

/// Reads a stretch of the output block by block, and believes no block whose digest has changed.
final class BlockReader {
    private let digests: BlockDigests
    private let source: DocumentReader.Source
    private var block: Range<UInt64> = 0..<0
    private var content: [UInt8] = []

    init(_ digests: BlockDigests, _ source: @escaping DocumentReader.Source) {
        self.digests = digests
        self.source = source
    }

    /// Bytes from the offset on, at least one, as far as its block goes and not beyond `end`.
    func bytes(from offset: UInt64, to end: UInt64) throws(DocumentError) -> ArraySlice<UInt8> {
        if !block.contains(offset) {
            let wanted = digests.block(around: offset)
            let bytes = try source(wanted)
            guard digests.match(bytes, in: wanted) else {
                throw DocumentError(
                    """
                    the connector's output was changed while its result was being delivered: bytes \(wanted.lowerBound) \
                    to \(wanted.upperBound) are not what was read first
                    """
                )
            }
            block = wanted
            content = bytes
        }
        return content[Int(offset - block.lowerBound)..<Int(min(end, block.upperBound) - block.lowerBound)]
    }
}
