import Scheduling

/// A request that has come in whole, and how it is answered; or what was wrong with it.
public struct ReceivedCall: Sendable, Equatable {
    /// What a request asks for. Routers may add kinds of their own.
    public struct Kind: RawRepresentable, Hashable, Sendable {
        public var rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        public static let running = Kind(rawValue: "running")
        public static let heartbeat = Kind(rawValue: "heartbeat")
        public static let success = Kind(rawValue: "success")
        public static let failure = Kind(rawValue: "failure")
        /// The job output through the server API.
        public static let writeOutput = Kind(rawValue: "writeOutput")
        public static let writeCatalog = Kind(rawValue: "writeCatalog")
        /// Reads a source or destination.
        public static let getActor = Kind(rawValue: "getActor")
        /// Changes the configuration of a source or destination.
        public static let updateActor = Kind(rawValue: "updateActor")
        /// The request is none that is served, or wrong; `problem` says why.
        public static let violation = Kind(rawValue: "violation")
    }

    public var kind: Kind
    public var method: String
    /// Path and query as they stand in the request line.
    public var target: String
    /// Empty where the request does not name it, as the catalog's.
    public var workloadID: String
    /// The status of the answer; 0 where none is sent.
    public var status: Int
    /// When the last byte of the request had been read.
    public var arrival: Instant
    /// When the answer was about to be sent; nil where none is sent, or it is held back.
    public var answered: Instant?
    /// Length of the body, in bytes. A router may count bodies of several requests in one.
    public var byteCount: Int
    /// The beginning of the body, up to the server's bound.
    public var body: [UInt8]
    /// What is wrong with a violation.
    public var problem: String?
    /// The connection it came on, and the how-manieth request on it: what tells a warm connection from a new one.
    public var connection: UInt64
    public var numberOnConnection: Int

    public init(
        kind: Kind,
        method: String = "",
        target: String = "",
        workloadID: String,
        status: Int = 0,
        arrival: Instant,
        answered: Instant? = nil,
        byteCount: Int = 0,
        body: [UInt8] = [],
        problem: String? = nil,
        connection: UInt64 = 0,
        numberOnConnection: Int = 1
    ) {
        self.kind = kind
        self.method = method
        self.target = target
        self.workloadID = workloadID
        self.status = status
        self.arrival = arrival
        self.answered = answered
        self.byteCount = byteCount
        self.body = body
        self.problem = problem
        self.connection = connection
        self.numberOnConnection = numberOnConnection
    }

    /// Whether `body` is the whole body.
    public var isWhole: Bool { body.count == byteCount }

    /// What is wrong, or else the beginning of the body.
    public var text: String { problem ?? String(decoding: body, as: UTF8.self) }
}
