import Crypto
import Glibc
import Reactor
import Scheduling

/// One connection of a server's: a request after the other.
final class ServerConnection {
    /// A request that is coming in.
    private struct Request {
        var head: HTTPRequestHead
        var byteCount = 0
        var start: [UInt8] = []
        var sha256: Digest?
        var md5: Digest?
    }

    private let owned: OwnedDescriptor
    let id: UInt64
    private var parser = HTTPRequestParser()
    private var request: Request?
    private var requestCount = 0
    private let router: any RequestRouter
    /// What is kept of a body, in bytes.
    private let keptBody: Int
    /// Where requests take their time to come; nil for a server that is near.
    private var line: DelayLine?

    /// - Parameter delay: how late requests arrive; answers are not late.
    init(
        _ descriptor: consuming OwnedDescriptor,
        id: UInt64,
        router: any RequestRouter,
        keptBody: Int,
        delay: Duration
    ) {
        owned = descriptor
        self.id = id
        self.router = router
        self.keptBody = keptBody
        line = delay > .zero ? DelayLine(delay: delay) : nil
    }

    var descriptor: Int32 { owned.raw }

    /// Reads what there is.
    ///
    /// - Returns: the requests that are complete now; nil once the peer has gone.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HTTPRequestParser.Malformed)
        -> [AnsweredCall]?
    {
        var calls: [AnsweredCall] = []
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count < 0 { return errno == EAGAIN || errno == EINTR ? calls : nil }
            if count == 0 { return calls.isEmpty ? nil : calls }
            try take(UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: .monotonic(), &calls)
            // A short read has emptied the socket: one call less before the answer.
            if count < buffer.count { return calls }
        }
    }

    // MARK: A distant server

    /// When the next bytes arrive, if any are on their way.
    var nextArrival: Instant? { line?.nextDue }

    /// Puts on its way what there is.
    ///
    /// - Returns: false once the peer has gone: there is nothing more to read.
    func dispatch(through buffer: UnsafeMutableRawBufferPointer) -> Bool {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count < 0, errno == EAGAIN || errno == EINTR { return true }
            guard count > 0 else {
                line?.send(.end, at: .monotonic())
                return false
            }
            line?.send(.bytes(Array(buffer[..<count])), at: .monotonic())
        }
    }

    /// Takes what has arrived.
    ///
    /// - Returns: the requests that are complete now, and whether the end of the connection has arrived.
    func receive() throws(HTTPRequestParser.Malformed) -> (calls: [AnsweredCall], hasEnded: Bool) {
        var calls: [AnsweredCall] = []
        while let arrival = line?.receive(by: .monotonic()) {
            guard case .bytes(let bytes) = arrival else { return (calls, true) }
            try bytes.withUnsafeBufferPointer { bytes throws(HTTPRequestParser.Malformed) in
                try take(UnsafeRawBufferPointer(bytes), at: .monotonic(), &calls)
            }
        }
        return (calls, false)
    }

    private func take(
        _ bytes: UnsafeRawBufferPointer,
        at arrival: Instant,
        _ calls: inout [AnsweredCall]
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
    func send(_ answer: HTTPAnswer) -> Bool {
        answer.bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            == answer.bytes.count
    }

    private func begin(_ head: HTTPRequestHead) {
        var request = Request(head: head)
        if let digest = head.fields["x-amz-content-sha256"], digest.count == 64 {
            request.sha256 = Digest(.sha256)
        }
        if head.fields["content-md5"] != nil { request.md5 = Digest(.md5) }
        if head.fields["expect"]?.lowercased() == "100-continue" { _ = send(.goOn) }
        self.request = request
    }

    private func add(_ bytes: UnsafeRawBufferPointer) {
        guard var request else { return }
        self.request = nil
        request.byteCount += bytes.count
        let room = keptBody - request.start.count
        if room > 0 { request.start.append(contentsOf: bytes.prefix(room)) }
        request.sha256?.update(bytes)
        request.md5?.update(bytes)
        self.request = request
    }

    private func end(_ arrival: Instant) -> AnsweredCall? {
        guard let request else { return nil }
        self.request = nil
        requestCount += 1
        var routed = router.route(
            ReceivedRequest(head: request.head, byteCount: request.byteCount, body: request.start)
        )
        if let problem = digestProblem(request) { routed.refuse(problem) }
        return AnsweredCall(
            call: ReceivedCall(
                kind: routed.kind,
                method: request.head.method,
                target: request.head.target,
                workloadID: routed.workloadID,
                status: routed.answer.status,
                arrival: arrival,
                byteCount: routed.byteCount,
                body: request.start,
                problem: routed.problem,
                connection: id,
                numberOnConnection: requestCount
            ),
            answer: routed.answer
        )
    }

    /// What a request says of its body has to be true, wherever it says it.
    private func digestProblem(_ request: Request) -> String? {
        let fields = request.head.fields
        if let sha256 = request.sha256, sha256.finish().hexadecimal != fields["x-amz-content-sha256"] {
            return "\(request.head.target): the body's SHA-256 is not x-amz-content-sha256"
        }
        if let md5 = request.md5, Base64.encode(md5.finish()) != fields["content-md5"] {
            return "\(request.head.target): the body's MD5 is not Content-MD5"
        }
        return nil
    }
}

/// A request and the answer that it gets.
struct AnsweredCall {
    var call: ReceivedCall
    var answer: HTTPAnswer
}
