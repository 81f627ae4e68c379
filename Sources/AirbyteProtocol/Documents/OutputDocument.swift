/// A JSON text that is made of a connector's output: held, but for parts that are read when they are needed.
public struct OutputDocument: Hashable, Sendable {
    indirect enum Piece: Hashable, Sendable {
        case bytes([UInt8])
        /// A value as it stands in the output, repaired.
        case text(StoredText)
        /// A catalog in the server's terms.
        case catalog(StoredCatalog, ConnectorKind)
        /// Pieces as the content of a JSON string.
        case escaped([Piece])
    }

    let pieces: [Piece]

    init(pieces: [Piece]) {
        self.pieces = pieces
    }

    public init(_ bytes: [UInt8]) {
        pieces = [.bytes(bytes)]
    }

    /// The text, where all of it is held.
    public var bytes: [UInt8]? {
        guard pieces.count == 1, case .bytes(let bytes) = pieces[0] else { return nil }
        return bytes
    }

    /// Its length in bytes; nil where that is not known before it has been made.
    public var count: Int? {
        var sum = 0
        for piece in pieces {
            guard let count = piece.count else { return nil }
            sum += count
        }
        return sum
    }

    /// An object of one member more, with this text as the content of a string.
    ///
    /// - Parameter members: writes the members before it.
    public static func object(
        _ members: (inout JSONWriter) -> Void,
        string name: String,
        holding document: OutputDocument
    ) -> OutputDocument {
        var writer = JSONWriter()
        writer.beginObject()
        members(&writer)
        writer.key(name)
        if let bytes = document.bytes {
            writer.string(utf8: bytes)
            writer.endObject()
            return OutputDocument(writer.bytes)
        }
        var pieces: [Piece] = [.bytes(writer.handOver() + [UInt8(ascii: "\"")]), .escaped(document.pieces)]
        writer.endObject()
        pieces.append(.bytes([UInt8(ascii: "\"")] + writer.bytes))
        return OutputDocument(pieces: pieces)
    }
}

extension OutputDocument.Piece {
    fileprivate var count: Int? {
        switch self {
        case .bytes(let bytes): bytes.count
        case .text(let text): text.count
        case .catalog, .escaped: nil
        }
    }
}
