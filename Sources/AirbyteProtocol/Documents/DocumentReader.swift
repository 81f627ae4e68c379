/// Makes a document's text, from its beginning to its end, in bounded memory.
public final class DocumentReader {
    /// Gives the bytes of a range of the output as they stand in its file now.
    public typealias Source = (Range<UInt64>) throws(DocumentError) -> [UInt8]

    private let stream: any ByteStream
    private let context: StreamContext

    public init(_ document: OutputDocument, source: @escaping Source) {
        context = StreamContext(source: source)
        stream = PieceStream(document.pieces, context)
    }

    /// How many bytes a document has: makes it once to count them, in one go.
    public static func count(
        of document: OutputDocument,
        source: @escaping Source
    ) throws(DocumentError) -> Int {
        let reader = DocumentReader(document, source: source)
        var count = 0
        while let bytes = try reader.next() { count += bytes.count }
        return count
    }

    /// The next bytes, at least one; nil at the end. No more at once than comes of a block of `BlockDigests`, or of one
    /// element of a catalog.
    ///
    /// Throws where the output is not what it was when it was read first.
    public func next() throws(DocumentError) -> [UInt8]? {
        while let bytes = try stream.next() {
            if !bytes.isEmpty { return bytes }
        }
        return nil
    }

    /// What is odd about the catalog in the document, once all has been read; nil where there is none.
    public var catalogFindings: CatalogInspection? { context.catalogFindings }
}

/// Why a document cannot be made.
public struct DocumentError: Error, Hashable, Sendable {
    /// One line for the log.
    public var message: String

    public init(_ message: String) {
        self.message = message
    }
}

/// Text that is made piece by piece.
protocol ByteStream: AnyObject {
    /// The next bytes, perhaps none; nil at the end.
    func next() throws(DocumentError) -> [UInt8]?
}

/// What all streams of a document share.
final class StreamContext {
    let source: DocumentReader.Source
    /// What the stream of a catalog has found, once it has come to its end.
    var catalogFindings: CatalogInspection?

    init(source: @escaping DocumentReader.Source) {
        self.source = source
    }
}

/// Pieces one after the other.
final class PieceStream: ByteStream {
    private var rest: ArraySlice<OutputDocument.Piece>
    private let context: StreamContext
    private var current: (any ByteStream)?

    init(_ pieces: [OutputDocument.Piece], _ context: StreamContext) {
        rest = pieces[...]
        self.context = context
    }

    func next() throws(DocumentError) -> [UInt8]? {
        while true {
            if let bytes = try current?.next() { return bytes }
            current = nil
            switch rest.popFirst() {
            case nil: return nil
            case .bytes(let bytes): return bytes
            case .text(let text): current = StoredTextStream(text, context.source)
            case .catalog(let catalog, let kind): current = CatalogStream(catalog, kind, context)
            case .escaped(let pieces): current = EscapedStream(PieceStream(pieces, context))
            }
        }
    }
}

/// A text as the content of a JSON string.
private final class EscapedStream: ByteStream {
    private let inner: PieceStream

    init(_ inner: PieceStream) {
        self.inner = inner
    }

    func next() throws(DocumentError) -> [UInt8]? {
        try inner.next().map(JSONWriter.escaped)
    }
}
