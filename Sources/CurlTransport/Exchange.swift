import CCurl
import Glibc
import HTTP
import Scheduling

/// One request on its way, and what has come back of its answer.
///
/// libcurl's functions for the data of a transfer work on this object alone.
final class Exchange {
    enum Stage {
        /// The host has no connection to spare yet; the timer ends the wait with the exchange's timeout.
        case waiting(TimerToken)
        case running(EasyHandle)
    }

    let id: HTTPExchangeID
    let request: HTTPRequest
    let origin: Origin
    /// The proxy that the request goes through; nil where it goes to its origin directly.
    let proxy: ProxyChoice.Proxy?
    let deadline: Instant
    let maxResponseBytes: Int
    var stage: Stage?
    /// Looks now and then whether anything has moved.
    var stallTimer: TimerToken?
    /// Grows whenever bytes have come or gone.
    private(set) var progress: UInt64 = 0

    /// What the proxy has said to CONNECT, if it was asked to.
    private(set) var tunnelHead = ResponseHead()
    /// Whether the request is on its way: heads that came before it belong to the tunnel.
    private var hasBegun = false
    private(set) var head = ResponseHead()
    private(set) var body: [UInt8] = []
    /// Why we ended the transfer ourselves.
    private(set) var refusal: String?
    /// Why the last socket could not be opened: `EMFILE` …
    private(set) var socketError: Int32?
    /// Why nothing is sent on the connection that libcurl has chosen.
    private(set) var objection: Objection?
    /// Has libcurl make a connection instead of using an idle one.
    private(set) var needsFreshConnection = false
    /// Whether the host's name counts as complete: no search domain is tried.
    private(set) var hasCompleteName = false
    private var bodyProblem: HTTPBodyError?
    private var cursor: BodyCursor
    private let sockets: ConnectionSockets
    /// Gets the host's addresses instead of anybody being connected to.
    private let lookup: AddressLookup?
    /// Notes what the exchange meets.
    let inspection: ConnectionInspection?
    /// How many bytes libcurl had sent when it last began to send the request: on the way to it, to a proxy.
    private var bytesBeforeRequest: Int?
    /// libcurl's handle, for the functions that it calls.
    private var easy: UnsafeMutableRawPointer?

    enum Objection {
        /// Something has arrived on the idle connection. Nothing was sent, so the exchange can begin anew.
        case staleConnection
        /// The request was sent before, on a connection that was closed without an answer. A server may have acted on
        /// it, so only whoever made the request can decide to send it again.
        case repetition
    }

    init(
        id: HTTPExchangeID,
        request: HTTPRequest,
        origin: Origin,
        proxy: ProxyChoice.Proxy?,
        deadline: Instant,
        maxResponseBytes: Int,
        sockets: ConnectionSockets,
        lookup: AddressLookup? = nil,
        inspection: ConnectionInspection? = nil
    ) {
        self.sockets = sockets
        self.lookup = lookup
        self.inspection = inspection
        inspection?.proxy = proxy?.origin.url
        self.id = id
        self.request = request
        cursor = BodyCursor(request.body)
        self.origin = origin
        self.proxy = proxy
        self.deadline = deadline
        self.maxResponseBytes = maxResponseBytes
    }

    /// Where the request goes, for messages.
    var route: Route { Route(origin: origin, proxy: proxy?.origin) }

    /// Whether another look-up can find the host: c-ares 1.18.1 gives up at the first search domain whose name server
    /// fails, where glibc goes on to the name itself. See `findings/c-ares-one-failing-domain-ends-the-search.sh`.
    var canCompleteName: Bool {
        !hasCompleteName && proxy == nil && origin.host.contains(".") && !origin.host.hasSuffix(".")
    }

    func completeName() {
        hasCompleteName = true
    }

    /// What libcurl is to send; nil for nothing and no `Content-Length` either.
    ///
    /// RFC 9110, section 8.6: methods that usually bring a body say that theirs is empty.
    var bodyToSend: HTTPRequestBody? {
        if let body = request.body { return body }
        return ["POST", "PUT", "PATCH"].contains(request.method) ? .bytes([]) : nil
    }

    /// Whether the answer's head counts although the transfer has failed; the answer's body may be cut off with it.
    ///
    /// An error's head says all that matters, whatever happens after it: tinyproxy 1.11.1 sends a whole 407 or 500 and
    /// resets the connection, since it has not read the request's body. A redirection counts where the server only
    /// hung up on the rest of the request.
    func isAnswered(despite code: CURLcode) -> Bool {
        if isRefused { return true }
        guard head.isComplete, head.status >= 300 else { return false }
        return code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR && cursor.hasMore
    }

    private var isRefused: Bool { head.isComplete && head.status >= 400 }

    /// Whether a server has accepted a request that it has not seen the end of. It hangs up then, and libcurl leaves
    /// it at that.
    var isAcceptedTooEarly: Bool { head.isComplete && head.status < 300 && cursor.hasMore }

    /// Has a generated body of no bytes prove that it is one: libcurl never asks for it.
    func checkEmptyBody() throws(HTTPTransportError) {
        guard case .generated(let body) = request.body, body.count == 0 else { return }
        withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { _ = send(into: $0) }
        if let error = bodyError { throw error }
    }

    /// The end of an exchange whose request was sent, but not answered.
    var unanswered: HTTPTransportError {
        HTTPTransportError(
            kind: .interrupted,
            message: "\(route): the connection was closed without an answer"
        )
    }

    /// Why the request's body could not be sent, as the exchange's end.
    var bodyError: HTTPTransportError? {
        bodyProblem.map { problem in
            HTTPTransportError(
                kind: .bodyUnavailable,
                message: "\(route): the request's body is not available: \(problem.message)"
            )
        }
    }

    /// Takes a piece of the answer's head; false ends the transfer.
    fileprivate func receive(head line: UnsafeRawBufferPointer) -> Bool {
        progress += 1
        guard hasBegun ? head.append(line) : appendToTunnelHead(line) else {
            refusal = ResponseHead.tooLong
            return false
        }
        if head.isComplete, head.hasDoubtfulEnd, let easy {
            ccurl_easy_set_long(easy, CURLOPT_FORBID_REUSE, 1)
        }
        return true
    }

    private func appendToTunnelHead(_ line: UnsafeRawBufferPointer) -> Bool {
        if tunnelHead.isComplete { tunnelHead = ResponseHead() }
        return tunnelHead.append(line)
    }

    /// Takes a piece of the answer's body; false ends the transfer.
    fileprivate func receive(body bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= maxResponseBytes - body.count else {
            refusal = "the answer is longer than \(maxResponseBytes) bytes"
            return false
        }
        progress += 1
        body.append(contentsOf: bytes)
        return true
    }

    /// Opens a socket for a new connection of this exchange.
    fileprivate func openSocket(_ address: UnsafePointer<curl_sockaddr>) -> Int32 {
        if let lookup {
            lookup.add(address)
            return -1
        }
        inspection?.tries(address)
        let address = address.pointee
        hasBegun = false
        let descriptor = sockets.open(for: id, address)
        socketError = descriptor < 0 ? errno : nil
        return descriptor
    }

    /// Begins to send the request on the connection with these ends; false ends the transfer before anything is sent.
    ///
    /// Called again where libcurl repeats a request by itself, which it does when a connection that it used again was
    /// closed before an answer came.
    fileprivate func beginSending(_ ends: ConnectionSockets.Ends) -> Bool {
        if hasSentBytes, !request.isIdempotent {
            objection = .repetition
            return false
        }
        // An answer that was found unread on a connection that libcurl has given up.
        if isRefused { return false }
        guard claims(ends) else {
            objection = .staleConnection
            return false
        }
        bytesBeforeRequest = sentBytes
        hasBegun = true
        head = ResponseHead()
        body = []
        rewind()
        return true
    }

    /// Whether a part of the request has left on an earlier connection. Where a new connection leads through a proxy's
    /// tunnel, that cannot be told any more, and is assumed.
    private var hasSentBytes: Bool { bytesBeforeRequest.map { $0 < sentBytes } ?? false }

    /// How many bytes of heads, CONNECT's included, libcurl has sent in this transfer.
    private var sentBytes: Int {
        var count = 0
        guard let easy, ccurl_easy_get_long(easy, CURLINFO_REQUEST_SIZE, &count) == CURLE_OK else { return 0 }
        return count
    }

    private func claims(_ ends: ConnectionSockets.Ends) -> Bool {
        // What OpenSSL has read together with the last answer.
        if !needsFreshConnection, let easy, ccurl_easy_has_tls_bytes(easy) { return false }
        return sockets.claim(ends, for: self)
    }

    /// Reads what libcurl has left in the socket when it closes it: once it cannot send the rest of a request, it does not
    /// look for the answer that says why.
    ///
    /// tinyproxy 1.11.1 resets the connection right behind its answer, so that both can arrive between libcurl's last
    /// look and its next send.
    func connectionCloses(_ descriptor: Int32) {
        guard case .running = stage, hasBegun, !head.isComplete, !isEncrypted else { return }
        var rest = ConnectionSockets.unreadBytes(descriptor, upTo: ResponseHead.maximumBytes)[...]
        var whole = head
        // An answer from its beginning, or the lines that are missing.
        guard whole.status > 0 || rest.starts(with: "HTTP/1.".utf8) else { return }
        while !whole.isComplete {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")), whole.append(rest[...end]) else {
                return
            }
            rest = rest[(end + 1)...]
        }
        head = whole
        _ = rest.withUnsafeBytes { receive(body: $0) }
    }

    var isEncrypted: Bool { origin.scheme == "https" || proxy?.origin.scheme == "https" }

    /// Prepares the exchange for another transfer, after the first one was not begun.
    func restartOnFreshConnection() {
        precondition(!needsFreshConnection, "a fresh connection is never stale")
        objection = nil
        bytesBeforeRequest = nil
        needsFreshConnection = true
    }

    /// Goes back to the first byte of the request's body.
    fileprivate func rewind() {
        cursor.rewind()
        bodyProblem = nil
    }

    /// Fills libcurl's buffer with the next bytes of the request's body; none are left at zero, and nil ends the
    /// transfer.
    fileprivate func send(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        do throws(HTTPBodyError) {
            // libcurl asks for more once the connection has taken what it had.
            progress += 1
            return try cursor.read(into: buffer)
        } catch {
            bodyProblem = error
            return nil
        }
    }
}

extension Exchange {
    /// Tells libcurl to bring the transfer's data here. The exchange must outlive the transfer.
    func attach(to easy: UnsafeMutableRawPointer) {
        self.easy = easy
        let reference = Unmanaged.passUnretained(self).toOpaque()
        ccurl_easy_set_pointer(easy, CURLOPT_HEADERDATA, reference)
        ccurl_easy_set_header_function(easy) { bytes, size, count, user in
            let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return Exchange.from(user).receive(head: piece) ? piece.count : 0
        }
        ccurl_easy_set_pointer(easy, CURLOPT_WRITEDATA, reference)
        ccurl_easy_set_write_function(easy) { bytes, size, count, user in
            let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
            return Exchange.from(user).receive(body: piece) ? piece.count : 0
        }
        attachBody(to: easy, reference)
        attachConnection(to: easy, reference)
    }

    private func attachBody(to easy: UnsafeMutableRawPointer, _ reference: UnsafeMutableRawPointer) {
        ccurl_easy_set_pointer(easy, CURLOPT_READDATA, reference)
        ccurl_easy_set_read_function(easy) { buffer, size, count, user in
            let buffer = UnsafeMutableRawBufferPointer(start: buffer, count: size * count)
            return Exchange.from(user).send(into: buffer) ?? Int(CURL_READFUNC_ABORT)
        }
        // Without this libcurl gives up where it does go back; it goes to the beginning only.
        ccurl_easy_set_pointer(easy, CURLOPT_SEEKDATA, reference)
        ccurl_easy_set_seek_function(easy) { user, offset, whence in
            guard whence == SEEK_SET && offset == 0 else { return CURL_SEEKFUNC_FAIL }
            Exchange.from(user).rewind()
            return CURL_SEEKFUNC_OK
        }
    }

    private func attachConnection(to easy: UnsafeMutableRawPointer, _ reference: UnsafeMutableRawPointer) {
        sockets.attach(to: easy)
        ccurl_easy_set_pointer(easy, CURLOPT_OPENSOCKETDATA, reference)
        ccurl_easy_set_open_socket_function(easy) { user, _, address in
            guard let address else { return -1 }
            return Exchange.from(user).openSocket(address)
        }
        // Every attempt comes by here. libcurl does not go back by itself when it has read bytes of the body, but
        // none of them has left before the connection turned out to be dead.
        ccurl_easy_set_pointer(easy, CURLOPT_PREREQDATA, reference)
        ccurl_easy_set_prereq_function(easy) { user, remoteAddress, localAddress, remotePort, localPort in
            let ends = ConnectionSockets.Ends(
                localAddress: localAddress.map { String(cString: $0) } ?? "",
                localPort: localPort,
                remoteAddress: remoteAddress.map { String(cString: $0) } ?? "",
                remotePort: remotePort
            )
            return Exchange.from(user).beginSending(ends) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
        }
    }

    private static func from(_ user: UnsafeMutableRawPointer?) -> Exchange {
        guard let user else { preconditionFailure("libcurl lost the pointer to an exchange") }
        return Unmanaged<Exchange>.fromOpaque(user).takeUnretainedValue()
    }
}
