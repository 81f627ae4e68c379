/// What a request sends after its head.
public enum HTTPRequestBody: Sendable {
    /// Bytes that are in memory anyway.
    case bytes([UInt8])
    /// Bytes that are made while they are sent.
    case generated(HTTPGeneratedBody)

    /// The length that the head announces as `Content-Length`; nil for one that nobody knows yet.
    public var count: Int64? {
        switch self {
        case .bytes(let bytes): Int64(bytes.count)
        case .generated(let body): body.count
        }
    }
}

extension HTTPRequestBody {
    /// In bytes: libcurl sends a body up to this long in one piece with the head, which spares both sides a look at the
    /// socket.
    private static let maxShortLength = 64 * 1_024

    /// A body that libcurl copies as a whole instead of asking for it.
    package var shortBytes: [UInt8]? {
        guard case .bytes(let bytes) = self, bytes.count <= Self.maxShortLength else { return nil }
        return bytes
    }
}

/// A body of any length that is never in memory as a whole: a reader brings it piece by piece, as the connection
/// takes it.
public struct HTTPGeneratedBody: Sendable {
    /// Appends the next bytes to `piece`, which is empty; appending none says that the body has ended.
    ///
    /// `limit` is how many bytes can be sent now, at least one. A reader may append more where its source comes in
    /// larger units, up to `maximumPieceBytes`: the rest is kept and sent first. Once it has ended or thrown, it is
    /// not called again.
    ///
    /// The loop stands still meanwhile, so it should take no longer than reading a local file does. Neither then nor
    /// when it is let go, which is with the exchange's end or before, may it call the transport.
    public typealias Reader = (_ piece: inout [UInt8], _ limit: Int) throws(HTTPBodyError) -> Void

    /// The longest piece that a reader may give at once: enough for a source that comes in units of its own, such
    /// as a decompressor's window, and little beside what a socket buffers.
    public static let maximumPieceBytes = 256 * 1024

    /// How many bytes the body has. With nil it goes in the chunked transfer coding, which not every server takes.
    ///
    /// A reader that gives fewer or more ends the exchange as `bodyUnavailable`. Whether it gives more is asked
    /// before the last bytes are sent, so that neither kind can pass for a complete request.
    public var count: Int64?

    /// Begins at the body's first byte, for each attempt anew: libcurl sends a request again when a kept
    /// connection has turned out to be dead. Called when the first bytes are due.
    public var makeReader: @Sendable () throws(HTTPBodyError) -> Reader

    public init(count: Int64?, makeReader: @escaping @Sendable () throws(HTTPBodyError) -> Reader) {
        self.count = count
        self.makeReader = makeReader
    }
}

/// Why a body could not be generated.
public struct HTTPBodyError: Error, Hashable, Sendable {
    /// One line for people, shown as it is: it must not hold secrets.
    public var message: String

    public init(_ message: String) {
        self.message = message
    }
}
