import CCurl
import Reactor

/// One request on its way, and what has come back of its answer.
///
/// libcurl's functions for the data of a transfer work on this object alone.
final class Exchange {
    enum Stage {
        /// The host has no connection to spare yet; the timer ends the wait with the exchange's time-out.
        case waiting(TimerToken)
        case running(EasyHandle)
    }

    let id: HTTPExchangeID
    let request: HTTPRequest
    let origin: Origin
    let deadline: Instant
    let maximumResponseBytes: Int
    var stage: Stage?
    /// Looks now and then whether anything has moved.
    var stallTimer: TimerToken?
    /// Grows whenever bytes have come or gone.
    private(set) var progress: UInt64 = 0

    private(set) var head = ResponseHead()
    private(set) var body: [UInt8] = []
    /// Why we ended the transfer ourselves.
    private(set) var refusal: String?
    private var bodyProblem: HTTPBodyError?
    private var cursor: BodyCursor

    init(
        id: HTTPExchangeID,
        request: HTTPRequest,
        origin: Origin,
        deadline: Instant,
        maximumResponseBytes: Int
    ) {
        self.id = id
        self.request = request
        cursor = BodyCursor(request.body)
        self.origin = origin
        self.deadline = deadline
        self.maximumResponseBytes = maximumResponseBytes
    }

    /// What libcurl is to send; nil for nothing and no `Content-Length` either.
    ///
    /// RFC 9110, section 8.6: methods that usually bring a body say that theirs is empty.
    var bodyToSend: HTTPRequestBody? {
        if let body = request.body { return body }
        return ["POST", "PUT", "PATCH"].contains(request.method) ? .bytes([]) : nil
    }

    /// Whether a server has refused the request; it may not have seen all of it.
    private var isRefused: Bool { head.isComplete && head.status >= 300 }

    /// Whether a failure is only that a server hung up on the rest of a request that it has refused. What it said
    /// counts, even if that was cut off with it.
    func isRefusal(despite code: CURLcode) -> Bool {
        switch code {
        case CURLE_SEND_ERROR: isRefused
        case CURLE_RECV_ERROR: isRefused && cursor.hasMore
        default: false
        }
    }

    /// Whether a server has accepted a request that it has not seen the end of. It hangs up then, and libcurl leaves
    /// it at that.
    var isAcceptedTooEarly: Bool { head.isComplete && head.status < 300 && cursor.hasMore }

    /// Has a generated body of no bytes prove that it is one: libcurl never asks for it.
    func checkEmptyBody() throws(HTTPTransportError) {
        guard case .generated(let body) = request.body, body.count == 0 else { return }
        withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { _ = send(into: $0) }
        if let error = bodyError { throw error }
    }

    /// Why the request's body could not be sent, as the exchange's end.
    var bodyError: HTTPTransportError? {
        bodyProblem.map { problem in
            HTTPTransportError(
                kind: .bodyUnavailable,
                message: "\(origin): the request's body is not available: \(problem.message)"
            )
        }
    }

    /// Takes a piece of the answer's head; false ends the transfer.
    fileprivate func receive(head line: UnsafeRawBufferPointer) -> Bool {
        progress += 1
        if head.append(line) { return true }
        refusal = "the head of the answer is longer than \(ResponseHead.maximumBytes) bytes"
        return false
    }

    /// Takes a piece of the answer's body; false ends the transfer.
    fileprivate func receive(body bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= maximumResponseBytes - body.count else {
            refusal = "the answer is longer than \(maximumResponseBytes) bytes"
            return false
        }
        progress += 1
        body.append(contentsOf: bytes)
        return true
    }

    /// Begins an attempt, which may be the second one, on a fresh connection.
    fileprivate func beginSending() {
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
    }

    private func attachBody(to easy: UnsafeMutableRawPointer, _ reference: UnsafeMutableRawPointer) {
        ccurl_easy_set_pointer(easy, CURLOPT_READDATA, reference)
        ccurl_easy_set_read_function(easy) { buffer, size, count, user in
            let buffer = UnsafeMutableRawBufferPointer(start: buffer, count: size * count)
            return Exchange.from(user).send(into: buffer) ?? Int(CURL_READFUNC_ABORT)
        }
        // Every attempt comes by here. libcurl does not go back by itself when it has read bytes of the body, but
        // none of them has left before the connection turned out to be dead.
        ccurl_easy_set_pointer(easy, CURLOPT_PREREQDATA, reference)
        ccurl_easy_set_prereq_function(easy) { user, _, _, _, _ in
            Exchange.from(user).beginSending()
            return CURL_PREREQFUNC_OK
        }
        // Without this libcurl gives up where it does go back; it goes to the beginning only.
        ccurl_easy_set_pointer(easy, CURLOPT_SEEKDATA, reference)
        ccurl_easy_set_seek_function(easy) { user, offset, whence in
            guard whence == SEEK_SET && offset == 0 else { return CURL_SEEKFUNC_FAIL }
            Exchange.from(user).beginSending()
            return CURL_SEEKFUNC_OK
        }
    }

    private static func from(_ user: UnsafeMutableRawPointer?) -> Exchange {
        guard let user else { preconditionFailure("libcurl lost the pointer to an exchange") }
        return Unmanaged<Exchange>.fromOpaque(user).takeUnretainedValue()
    }
}
