import HTTP
import Synchronization

/// A body whose every byte tells its place, and what its readers were asked.
final class PatternSource: Sendable {
    enum Event: Hashable, Sendable {
        case made
        case asked(limit: Int)
        case ended
        case released
    }

    let log = Recorder<Event>()
    private let length: Int64
    private let piece: Int?
    private let failure: (at: Int64, error: HTTPBodyError)?

    /// Readers give `piece` bytes at once, or as many as they are asked for, and `length` in all. Those with a
    /// failure throw when so many bytes are gone.
    init(_ length: Int, piece: Int? = nil, failure: (at: Int64, error: HTTPBodyError)? = nil) {
        self.length = Int64(length)
        self.piece = piece
        self.failure = failure
    }

    func body(count: Int64?) -> HTTPGeneratedBody {
        HTTPGeneratedBody(count: count) {
            let reader = Reader(self)
            return { (piece: inout [UInt8], limit: Int) throws(HTTPBodyError) in
                try reader.read(into: &piece, limit: limit)
            }
        }
    }

    /// The body's first bytes, which repeat at no power of two, so that a mistaken place shows.
    static func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        append(count, from: 0, to: &bytes)
        return bytes
    }

    private static let period = 251
    private static let block = (0..<1000 * period).map { UInt8($0 % period) }

    private static func append(_ count: Int, from place: Int64, to bytes: inout [UInt8]) {
        var place = place
        let end = place + Int64(count)
        while place < end {
            let offset = Int(place % Int64(period))
            let next = min(Int(end - place), block.count - offset)
            bytes += block[offset..<offset + next]
            place += Int64(next)
        }
    }

    private final class Reader {
        private let source: PatternSource
        private var place: Int64 = 0
        private var hasEnded = false

        init(_ source: PatternSource) {
            self.source = source
            source.log.append(.made)
        }

        deinit { source.log.append(.released) }

        func read(into piece: inout [UInt8], limit: Int) throws(HTTPBodyError) {
            precondition(piece.isEmpty && limit > 0 && !hasEnded, "a reader was asked in a wrong way")
            source.log.append(.asked(limit: limit))
            if let failure = source.failure, place >= failure.at {
                hasEnded = true
                throw failure.error
            }
            let length = min(source.length, source.failure?.at ?? .max)
            let end = min(length, place + Int64(source.piece ?? limit))
            PatternSource.append(Int(end - place), from: place, to: &piece)
            place = end
            hasEnded = piece.isEmpty
            if hasEnded { source.log.append(.ended) }
        }
    }
}
