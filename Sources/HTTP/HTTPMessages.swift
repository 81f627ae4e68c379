/// One HTTP header field; names are compared without regard to letter case (RFC 9110, section 5.1).
public struct HTTPHeader: Hashable, Sendable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A request with everything that its one attempt needs.
public struct HTTPRequest: Sendable {
    public var method: String
    /// Absolute, `http` or `https`.
    public var url: String
    /// `Content-Length`, `Transfer-Encoding` and `Expect` are left out: the transport says what it does itself.
    public var headers: [HTTPHeader]
    /// What is sent after the head; nil sends none.
    public var body: HTTPRequestBody?
    /// The longest time until the connection is established.
    public var connectTimeout: Duration
    /// The longest time for the whole exchange, the connection included.
    public var totalTimeout: Duration
    /// The longest body that an answer may have, in bytes, where it is more than the transport's own bound.
    public var maxResponseBytes: Int?
    /// The longest time in which neither the connection takes a byte of the body nor a byte of the answer comes; nil
    /// leaves it to the whole timeout.
    ///
    /// For bodies whose time depends on the network, where the whole timeout can only be generous. What is counted
    /// begins anew with each byte, but is looked at only after the whole span, so the end comes after one to two of
    /// them. The server's thinking counts, and so does making the connection.
    public var stallTimeout: Duration?
    /// Nil where telemetry need not tell it from others.
    public var purpose: RequestPurpose?

    public init(
        method: String,
        url: String,
        headers: [HTTPHeader] = [],
        body: HTTPRequestBody,
        connectTimeout: Duration,
        totalTimeout: Duration,
        stallTimeout: Duration? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.connectTimeout = connectTimeout
        self.totalTimeout = totalTimeout
        self.stallTimeout = stallTimeout
    }

    /// A request whose body, if there is one, is in memory.
    public init(
        method: String,
        url: String,
        headers: [HTTPHeader] = [],
        body: [UInt8]? = nil,
        connectTimeout: Duration,
        totalTimeout: Duration
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body.map { .bytes($0) }
        self.connectTimeout = connectTimeout
        self.totalTimeout = totalTimeout
    }

    /// Whether sending the request twice is the same as sending it once (RFC 9110, section 9.2.2). The transport repeats
    /// such a request by itself where an idle connection is closed while it is sent. It never repeats another: a server
    /// can have acted on it.
    public var isIdempotent: Bool { ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"].contains(method) }

    /// The body's bytes, where they are in memory; nil for none, and for a body that is generated.
    public var bodyBytes: [UInt8]? {
        get {
            guard case .bytes(let bytes) = body else { return nil }
            return bytes
        }
        set { body = newValue.map { .bytes($0) } }
    }
}

/// A complete answer, whatever its status.
public struct HTTPResponse: Hashable, Sendable {
    public var status: Int
    public var headers: [HTTPHeader]
    public var body: [UInt8]
    /// The proxy that the answer came through, as `http://host:port`; nil where there was none.
    public var proxy: String?

    /// When it arrived by the clock of this machine, in seconds since 1970; nil if unknown.
    public var arrival: Int64?

    public init(
        status: Int,
        headers: [HTTPHeader] = [],
        body: [UInt8] = [],
        proxy: String? = nil,
        arrival: Int64? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.proxy = proxy
        self.arrival = arrival
    }

    /// The value of the first field of that name, in any letter case.
    public func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }
}

/// Why an exchange ended without a complete answer.
public struct HTTPTransportError: Error, Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// The host's name has no address.
        case nameResolution
        /// No connection could be made.
        case connect
        /// The timeout of the connection or of the exchange passed.
        case timeout
        /// The certificate or the handshake was refused.
        case tls
        /// The connection ended in the middle.
        case interrupted
        /// The peer did not speak HTTP, or its answer was over the bound.
        case protocolViolation
        /// A proxy does not let the request through: it demands authentication, or a filter holds it back.
        case refusedByProxy
        /// The request itself cannot be sent (a malformed URL, an unsupported scheme).
        case invalidRequest
        /// The request's body could not be generated, or was not as long as announced. Nothing is wrong with the
        /// connection.
        case bodyUnavailable
    }

    public var kind: Kind
    /// One line for people: what failed, on which host, through which proxy.
    public var message: String
    /// A complete answer that does not count: a success that came before the request was sent. It can say why.
    public var answer: HTTPResponse?

    /// Whether sending the same request again can help: not where the request itself is at fault, or a proxy refuses it.
    public var isTemporary: Bool { ![.refusedByProxy, .invalidRequest, .bodyUnavailable].contains(kind) }

    public init(kind: Kind, message: String, answer: HTTPResponse? = nil) {
        self.kind = kind
        self.message = message
        self.answer = answer
    }
}

/// Sends requests and reports each one's end exactly once, later, from the loop, never from within `send`.
public protocol HTTPTransport: AnyObject {
    /// Starts the exchange. `completion` is called once, unless the exchange is cancelled first.
    func send(
        _ request: HTTPRequest,
        completion: @escaping (Result<HTTPResponse, HTTPTransportError>) -> Void
    ) -> HTTPExchangeID

    /// Ends the exchange; its completion is not called any more. An exchange that has ended is ignored.
    func cancel(_ exchange: HTTPExchangeID)
}

/// Names one exchange for as long as the process lives.
public struct HTTPExchangeID: Hashable, Sendable {
    public var rawValue: UInt64

    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }
}
