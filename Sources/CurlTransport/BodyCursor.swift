import HTTP

/// How far a request's body has been handed to libcurl.
struct BodyCursor {
    private let body: HTTPRequestBody?
    /// How many bytes have been handed over since the body's beginning.
    private(set) var sentBytes: Int64 = 0
    private var generation: Generation?

    /// The bytes that a generated body's reader has given since it was made.
    fileprivate struct Generation {
        let reader: HTTPGeneratedBody.Reader
        /// Bytes that wait to be handed over are `piece[offset...]`. The array is used again for each piece.
        var piece: [UInt8] = []
        var offset = 0
        var givenBytes: Int64 = 0
        var hasEnded = false
    }

    init(_ body: HTTPRequestBody?) {
        self.body = body
    }

    /// Whether there are bytes, or can be, that have not been handed over; libcurl has its copy of a short body.
    var hasMore: Bool {
        if body?.shortBytes != nil { return false }
        if let count = body?.count { return sentBytes < count }
        guard body != nil else { return false }
        return generation.map { !$0.hasEnded || $0.offset < $0.piece.count } ?? true
    }

    /// Goes back to the first byte. A generated body begins with a fresh reader, when bytes are due again.
    mutating func rewind() {
        sentBytes = 0
        generation = nil
    }

    /// Fills the buffer with the next bytes, completely unless the body ends before; none are left at zero.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(HTTPBodyError) -> Int {
        let count: Int
        switch body {
        case nil:
            return 0
        case .bytes(let bytes):
            let start = Int(sentBytes)
            count = min(buffer.count, bytes.count - start)
            BodyCursor.copy(bytes[start..<start + count], to: buffer)
        case .generated(let body):
            // Taken out meanwhile, so that its piece is not copied, and gone once it has failed.
            var current: Generation
            if let generation {
                current = generation
            } else {
                current = Generation(reader: try body.makeReader())
            }
            generation = nil
            count = try current.read(into: buffer, announced: body.count)
            generation = current
        }
        sentBytes += Int64(count)
        return count
    }

    fileprivate static func copy(_ bytes: ArraySlice<UInt8>, to buffer: UnsafeMutableRawBufferPointer) {
        bytes.withUnsafeBytes { buffer.copyMemory(from: $0) }
    }
}

extension BodyCursor.Generation {
    fileprivate mutating func read(
        into buffer: UnsafeMutableRawBufferPointer,
        announced: Int64?
    ) throws(HTTPBodyError) -> Int {
        // A reader may bring its bytes in small pieces, and each send, or chunk, should be worth its while.
        var filled = 0
        while filled < buffer.count {
            if offset == piece.count {
                guard !hasEnded else { break }
                try readPiece(limit: buffer.count - filled, announced: announced)
                continue
            }
            let count = min(buffer.count - filled, piece.count - offset)
            BodyCursor.copy(
                piece[offset..<offset + count],
                to: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            )
            offset += count
            filled += count
        }
        return filled
    }

    private mutating func readPiece(limit: Int, announced: Int64?) throws(HTTPBodyError) {
        try callReader(limit: limit)
        guard let announced else { return }
        guard givenBytes <= announced else {
            throw HTTPBodyError("it is longer than the \(announced) bytes that were announced")
        }
        if hasEnded && givenBytes < announced {
            throw HTTPBodyError("it has ended after \(givenBytes) of \(announced) bytes")
        }
        if !hasEnded && givenBytes == announced { try expectEnd(after: announced) }
    }

    /// Has the reader say that it has ended, while the last bytes are still here.
    private mutating func expectEnd(after announced: Int64) throws(HTTPBodyError) {
        let last = piece
        try callReader(limit: 1)
        guard hasEnded else {
            throw HTTPBodyError("it is longer than the \(announced) bytes that were announced")
        }
        piece = last
    }

    private mutating func callReader(limit: Int) throws(HTTPBodyError) {
        piece.removeAll(keepingCapacity: true)
        offset = 0
        try reader(&piece, limit)
        guard piece.count <= HTTPGeneratedBody.maximumPieceBytes else {
            throw HTTPBodyError(
                "its reader gave \(piece.count) bytes at once, more than"
                    + " \(HTTPGeneratedBody.maximumPieceBytes)"
            )
        }
        givenBytes += Int64(piece.count)
        hasEnded = piece.isEmpty
    }
}
