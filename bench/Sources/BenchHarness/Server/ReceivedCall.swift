/// A request that has come in whole, or what was wrong with it.
public struct ReceivedCall: Sendable, Equatable {
    public enum Kind: String, Sendable, Equatable {
        case running
        case heartbeat
        case success
        case failure
        /// The job output through the server API.
        case writeOutput
        case writeCatalog
        /// The job output in the bucket, whole, or the last request of one in parts.
        case putObject
        /// A request on the way to an object: the beginning of an upload, or a part of it.
        case objectPart
        /// The request is none that the job takes, or wrong: an error of the run.
        case violation
    }

    public var kind: Kind
    /// Empty where the request does not name it, as the catalog's.
    public var workloadID: String
    /// When the last byte of the request had been read.
    public var arrival: MonotonicTime
    /// Length of the body; for a finished object, of all its parts.
    public var byteCount: Int
    /// The beginning of a small body, or what is wrong.
    public var text: String
    /// The connection it came on, and the how-manieth request on it: what tells a warm connection from a new one.
    public var connection: UInt64
    public var numberOnConnection: Int

    /// Whether `text` is the whole body.
    var isWhole: Bool { text.utf8.count == byteCount }

    public init(
        kind: Kind,
        workloadID: String,
        arrival: MonotonicTime,
        byteCount: Int = 0,
        text: String = "",
        connection: UInt64 = 0,
        numberOnConnection: Int = 1
    ) {
        self.kind = kind
        self.workloadID = workloadID
        self.arrival = arrival
        self.byteCount = byteCount
        self.text = text
        self.connection = connection
        self.numberOnConnection = numberOnConnection
    }
}
