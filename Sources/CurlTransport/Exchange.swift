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

    private(set) var head = ResponseHead()
    private(set) var body: [UInt8] = []
    /// Why we ended the transfer ourselves.
    private(set) var refusal: String?
    private var sentBytes = 0

    init(
        id: HTTPExchangeID,
        request: HTTPRequest,
        origin: Origin,
        deadline: Instant,
        maximumResponseBytes: Int
    ) {
        self.id = id
        self.request = request
        self.origin = origin
        self.deadline = deadline
        self.maximumResponseBytes = maximumResponseBytes
    }

    /// The bytes that libcurl is to send; nil for none and no `Content-Length` either.
    ///
    /// RFC 9110, section 8.6: methods that usually bring a body say that theirs is empty.
    var bodyToSend: [UInt8]? {
        if let body = request.body { return body }
        return ["POST", "PUT", "PATCH"].contains(request.method) ? [] : nil
    }

    /// Takes a piece of the answer's head; false ends the transfer.
    fileprivate func receive(head line: UnsafeRawBufferPointer) -> Bool {
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
        body.append(contentsOf: bytes)
        return true
    }

    /// Fills libcurl's buffer with the next bytes of the request's body; none are left at zero.
    fileprivate func send(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard let body = request.body else { return 0 }
        let count = min(buffer.count, body.count - sentBytes)
        body.withUnsafeBytes { bytes in
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[sentBytes..<sentBytes + count]))
        }
        sentBytes += count
        return count
    }

    /// Goes back in the request's body, for a second try on a fresh connection.
    fileprivate func seek(to offset: Int) -> Bool {
        guard 0...(request.body?.count ?? 0) ~= offset else { return false }
        sentBytes = offset
        return true
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
        ccurl_easy_set_pointer(easy, CURLOPT_READDATA, reference)
        ccurl_easy_set_read_function(easy) { buffer, size, count, user in
            Exchange.from(user).send(into: UnsafeMutableRawBufferPointer(start: buffer, count: size * count))
        }
        ccurl_easy_set_pointer(easy, CURLOPT_SEEKDATA, reference)
        ccurl_easy_set_seek_function(easy) { user, offset, whence in
            let done = whence == SEEK_SET && Exchange.from(user).seek(to: Int(offset))
            return done ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL
        }
    }

    private static func from(_ user: UnsafeMutableRawPointer?) -> Exchange {
        guard let user else { preconditionFailure("libcurl lost the pointer to an exchange") }
        return Unmanaged<Exchange>.fromOpaque(user).takeUnretainedValue()
    }
}
