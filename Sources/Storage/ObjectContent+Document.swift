import AirbyteProtocol

extension ObjectContent {
    /// The text of a document. Where its length is not known it is made once to count it.
    package init(_ document: OutputDocument, source: @escaping DocumentReader.Source) throws(StorageFailure) {
        if let bytes = document.bytes {
            self.init(bytes)
            return
        }
        let count: Int
        if let known = document.count {
            count = known
        } else {
            do throws(DocumentError) {
                count = try DocumentReader.count(of: document, source: source)
            } catch {
                throw StorageFailure(message: error.message)
            }
        }
        let text = RereadableDocument(document, source: source)
        self.init(count: count) { range throws(StorageFailure) in
            try text.bytes(in: range)
        }
    }
}

/// A document from which ranges are read: cheaply where each begins at the end of the last.
private final class RereadableDocument {
    private let document: OutputDocument
    private let source: DocumentReader.Source
    private var reader: DocumentReader
    private var position = 0
    /// Bytes from `position` on.
    private var rest: ArraySlice<UInt8> = []

    init(_ document: OutputDocument, source: @escaping DocumentReader.Source) {
        self.document = document
        self.source = source
        reader = DocumentReader(document, source: source)
    }

    func bytes(in range: Range<Int>) throws(StorageFailure) -> [UInt8] {
        // A part that is sent again: what lies before it is made once more.
        if range.lowerBound < position { rewind() }
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        while position < range.upperBound {
            if rest.isEmpty, try !advance() {
                throw StorageFailure(message: "the document ends before its length: \(position) bytes")
            }
            let skipped = rest.prefix(max(0, range.lowerBound - position))
            if skipped.isEmpty {
                let taken = rest.prefix(range.upperBound - position)
                result += taken
                take(taken.count)
            } else {
                take(skipped.count)
            }
        }
        return result
    }

    private func take(_ count: Int) {
        rest = rest.dropFirst(count)
        position += count
    }

    private func rewind() {
        reader = DocumentReader(document, source: source)
        position = 0
        rest = []
    }

    /// Makes the next bytes; false at the end.
    private func advance() throws(StorageFailure) -> Bool {
        do {
            rest = try reader.next()?[...] ?? []
            return !rest.isEmpty
        } catch {
            throw StorageFailure(message: error.message)
        }
    }
}
