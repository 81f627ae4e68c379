import CBench
import Glibc

/// One connection of the control plane's: a request after the other.
final class ServerConnection {
    /// What is remembered of a body: the APIs' small requests whole, the beginning of the large ones.
    private static let rememberedBody = 4 * 1_024

    /// A request that is coming in.
    private struct Request {
        var head: HTTPRequestHead
        var byteCount = 0
        var start: [UInt8] = []
        var sha256: BodyDigest?
        var md5: BodyDigest?
    }

    let descriptor: Int32
    let id: UInt64
    private var parser = HTTPRequestParser()
    private var request: Request?
    private var requestCount = 0
    private let router: ControlPlaneRouter

    init(descriptor: Int32, id: UInt64, router: ControlPlaneRouter) {
        self.descriptor = descriptor
        self.id = id
        self.router = router
    }

    deinit {
        close(descriptor)
    }

    /// Reads what there is.
    ///
    /// - Returns: the requests that are complete now; nil once the peer has gone.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HTTPRequestParser.Malformed) -> [RoutedCall]?
    {
        var calls: [RoutedCall] = []
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count < 0 { return errno == EAGAIN || errno == EINTR ? calls : nil }
            if count == 0 { return calls.isEmpty ? nil : calls }
            let arrival = MonotonicTime.now
            try parser.take(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { event in
                switch event {
                case .head(let head): begin(head)
                case .body(let bytes): add(bytes)
                case .end: if let call = end(arrival) { calls.append(call) }
                }
            }
            // A short read has emptied the socket: one call less before the answer.
            if count < buffer.count { return calls }
        }
    }

    /// Sends a small answer; false where the peer has gone. It never blocks: an answer fits the socket's buffer.
    func send(_ answer: [UInt8]) -> Bool {
        answer.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            == answer.count
    }

    private func begin(_ head: HTTPRequestHead) {
        var request = Request(head: head)
        if let digest = head.fields["x-amz-content-sha256"], digest.count == 64 {
            request.sha256 = BodyDigest(.sha256)
        }
        if head.fields["content-md5"] != nil { request.md5 = BodyDigest(.md5) }
        if head.fields["expect"]?.lowercased() == "100-continue" {
            _ = send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
        }
        self.request = request
    }

    private func add(_ bytes: UnsafeRawBufferPointer) {
        guard var request else { return }
        self.request = nil
        request.byteCount += bytes.count
        let room = Self.rememberedBody - request.start.count
        if room > 0 { request.start.append(contentsOf: bytes.prefix(room)) }
        request.sha256?.add(bytes)
        request.md5?.add(bytes)
        self.request = request
    }

    private func end(_ arrival: MonotonicTime) -> RoutedCall? {
        guard let request else { return nil }
        self.request = nil
        requestCount += 1
        var routed = router.route(
            request.head,
            bodyStart: String(decoding: request.start, as: UTF8.self),
            byteCount: request.byteCount
        )
        if let problem = digestProblem(request) {
            routed.kind = .violation
            routed.text = problem
            routed.answer = ControlPlaneRouter.refusal
        }
        return RoutedCall(
            call: ReceivedCall(
                kind: routed.kind,
                workloadID: routed.workloadID,
                arrival: arrival,
                byteCount: routed.byteCount,
                text: routed.text,
                connection: id,
                numberOnConnection: requestCount
            ),
            answer: routed.answer
        )
    }

    private func digestProblem(_ request: Request) -> String? {
        if let sha256 = request.sha256 {
            let computed = BodyDigest.hexadecimal(sha256.finish())
            if computed != request.head.fields["x-amz-content-sha256"] {
                return "\(request.head.target): the body's SHA-256 is not x-amz-content-sha256"
            }
        }
        if let md5 = request.md5, BodyDigest.base64(md5.finish()) != request.head.fields["content-md5"] {
            return "\(request.head.target): the body's MD5 is not Content-MD5"
        }
        return nil
    }
}

/// A request and the answer that it gets.
struct RoutedCall {
    var call: ReceivedCall
    var answer: [UInt8]
}
