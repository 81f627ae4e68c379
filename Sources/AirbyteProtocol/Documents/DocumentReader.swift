/// Makes a document's text, from its beginning to its end, in bounded memory.
public final class DocumentReader {
    /// Gives the bytes of a range of the output as they stand in its file now.
    public typealias Source = (Range<UInt64>) throws(DocumentError) -> [UInt8]

    private let stream: any ByteStream
    private let inspector: CatalogInspectorBox

    public init(_ document: OutputDocument, source: @escaping Source) {
        inspector = CatalogInspectorBox()
        stream = PieceStream(document.pieces, StreamContext(source: source, inspector: inspector))
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
    public var catalogFindings: CatalogInspection? { inspector.findings }
}

/// Why a document cannot be made.
public struct DocumentError: Error, Hashable, Sendable {
    /// One line for people.
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
struct StreamContext {
    var source: DocumentReader.Source
    var inspector: CatalogInspectorBox
}

/// Where the stream of a catalog leaves what it has found.
final class CatalogInspectorBox {
    var findings: CatalogInspection?
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
