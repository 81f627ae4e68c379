import HTTP

/// So many zeros, quickly, counted on their way; for the loop's thread only.
final class CountingBody: @unchecked Sendable {
    private(set) var given = 0
    private let length: Int
    private let onPiece: (_ limit: Int, _ piece: [UInt8]) -> Void
    private static let block = [UInt8](repeating: 0, count: 64 * 1024)

    init(_ length: Int, onPiece: @escaping (_ limit: Int, _ piece: [UInt8]) -> Void = { _, _ in }) {
        self.length = length
        self.onPiece = onPiece
    }

    /// With its length.
    var generated: HTTPGeneratedBody { body(count: Int64(length)) }

    /// Without.
    var chunked: HTTPGeneratedBody { body(count: nil) }

    private func body(count: Int64?) -> HTTPGeneratedBody {
        HTTPGeneratedBody(count: count) { [self] in
            given = 0
            return { [self] (piece: inout [UInt8], limit: Int) throws(HTTPBodyError) in
                piece.append(contentsOf: CountingBody.block.prefix(min(limit, length - given)))
                given += piece.count
                onPiece(limit, piece)
            }
        }
    }
}
