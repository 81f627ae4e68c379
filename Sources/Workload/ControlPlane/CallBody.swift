import AirbyteProtocol
import HTTP

/// The body of a call, generated for each attempt.
package final class CallBody {
    private let document: OutputDocument
    private let source: DocumentReader.Source
    /// Known once it has been asked for.
    private var count: Int?
    private var reader: DocumentReader?

    /// - Parameter source: the connector's output, from which those parts are read that the document does not hold.
    package init(_ document: OutputDocument, source: @escaping DocumentReader.Source) {
        self.document = document
        self.source = source
        count = document.count
    }

    /// A document that is held as a whole.
    convenience init(_ document: OutputDocument) {
        precondition(document.bytes != nil, "a document with parts elsewhere needs their source")
        self.init(document) { (_) throws(DocumentError) in
            throw DocumentError("the document has no parts elsewhere")
        }
    }

    /// Bytes in memory are sent as they are. A document that has to be read again is sent in pieces, without a length if
    /// it is unknown.
    var body: HTTPRequestBody {
        if let bytes = document.bytes { return .bytes(bytes) }
        // Requests are values that may go anywhere; this one stays on the loop's thread, as the transport does.
        nonisolated(unsafe) let call = self
        return .generated(HTTPGeneratedBody(count: count.map(Int64.init)) { unsafe call.makeReader() })
    }

    private func makeReader() -> HTTPGeneratedBody.Reader {
        let reader = DocumentReader(document, source: source)
        self.reader = reader
        return Self.pieces(of: reader)
    }

    /// Whether the body goes in chunks, since its length is not known.
    var lacksLength: Bool { count == nil }

    /// Set where a receiver has to be told the length.
    var wantsLength = false

    func countLengthIfWanted() throws(DocumentError) {
        if wantsLength, lacksLength { try countLength() }
    }

    /// Generates the document once to count its bytes. Blocks the loop meanwhile.
    func countLength() throws(DocumentError) {
        count = try DocumentReader.count(of: document, source: source)
    }

    /// The findings about the catalog in the document that was sent last; nil if it has none.
    package var catalogFindings: CatalogInspection? { reader?.catalogFindings }

    private static func pieces(of reader: DocumentReader) -> HTTPGeneratedBody.Reader {
        var rest: ArraySlice<UInt8> = []
        return { (piece, limit) throws(HTTPBodyError) in
            if rest.isEmpty {
                do throws(DocumentError) {
                    rest = try reader.next()?[...] ?? []
                } catch {
                    throw HTTPBodyError(error.message)
                }
            }
            piece += rest.prefix(limit)
            rest = rest.dropFirst(limit)
        }
    }
}
