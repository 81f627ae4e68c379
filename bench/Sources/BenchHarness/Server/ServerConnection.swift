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
    /// Where requests take their time to come; nil for a server that is near.
    private var line: DelayLine?

    /// - Parameter delay: how late requests arrive, in seconds; answers are not late.
    init(descriptor: Int32, id: UInt64, router: ControlPlaneRouter, delay: Double) {
        self.descriptor = descriptor
        self.id = id
        self.router = router
        line = delay > 0 ? DelayLine(delay: delay) : nil
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
            try take(UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: .now, &calls)
            // A short read has emptied the socket: one call less before the answer.
            if count < buffer.count { return calls }
        }
    }

    // MARK: A distant server

    /// When the next bytes arrive, if any are on their way.
    var nextArrival: MonotonicTime? { line?.nextDue }

    /// Puts on its way what there is.
    ///
    /// - Returns: false once the peer has gone: there is nothing more to read.
    func dispatch(through buffer: UnsafeMutableRawBufferPointer) -> Bool {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count < 0, errno == EAGAIN || errno == EINTR { return true }
            guard count > 0 else {
                line?.send(.end, at: .now)
                return false
            }
            line?.send(.bytes(Array(buffer[..<count])), at: .now)
        }
    }

    /// Takes what has arrived.
    ///
    /// - Returns: the requests that are complete now, and whether the end of the connection has arrived.
    func receive() throws(HTTPRequestParser.Malformed) -> (calls: [RoutedCall], hasEnded: Bool) {
        var calls: [RoutedCall] = []
        while let arrival = line?.receive(by: .now) {
            guard case .bytes(let bytes) = arrival else { return (calls, true) }
            try bytes.withUnsafeBufferPointer { bytes throws(HTTPRequestParser.Malformed) in
                try take(UnsafeRawBufferPointer(bytes), at: .now, &calls)
            }
        }
        return (calls, false)
    }

    private func take(
        _ bytes: UnsafeRawBufferPointer,
        at arrival: MonotonicTime,
        _ calls: inout [RoutedCall]
    ) throws(HTTPRequestParser.Malformed) {
        try parser.take(bytes) { event in
            switch event {
            case .head(let head): begin(head)
            case .body(let bytes): add(bytes)
            case .end: if let call = end(arrival) { calls.append(call) }
            }
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
