import CCurl
import Containers
import HTTP
import Reactor
import Scheduling

/// HTTP/1.1 exchanges over libcurl, driven by the reactor.
///
/// Connections are kept and reused. Redirections are not followed, cookies and `.netrc` are not used, and
/// the environment is not read: all there is to know stands in the options. Belongs to the reactor's thread.
public final class CurlTransport: HTTPTransport {
    /// How many exchanges with one origin run at the same time, each on a connection of its own; further ones
    /// wait for their turn. Heartbeats, results and logs hardly ever need more than two, and servers behind
    /// load balancers should not see one workload with a crowd of connections.
    static let exchangesPerOrigin = 6

    /// How many exchanges may wait. Callers wait for their answers, so a longer queue is a caller's mistake.
    static let maximumWaiting = 128

    /// How many unused connections are kept: two each for the origins that a workload talks to.
    private static let idleConnections = 8

    /// How many handles are kept for the next exchanges, some kilobytes each.
    private static let spareHandles = exchangesPerOrigin

    private let reactor: Reactor
    private let options: Options
    private let proxies: ProxyChoice
    private let multi: UnsafeMutableRawPointer
    private let changes = LoopChanges()
    private let driver: CurlSocketDriver
    private let sockets = ConnectionSockets()

    private var lastID: UInt64 = 0
    /// The completions that have not been called yet.
    private var completions = SmallMap<HTTPExchangeID, (Result<HTTPResponse, HTTPTransportError>) -> Void>()
    /// The exchanges that have not ended yet.
    private var exchanges = SmallMap<HTTPExchangeID, Exchange>()
    private var exchangesOfHandles = SmallMap<UnsafeMutableRawPointer, Exchange>()
    private var runningPerOrigin = SmallMap<Origin, Int>()
    private var waiting: [HTTPExchangeID] = []
    /// Ends that have not been delivered yet, in order; cancelled ones have no completion anymore.
    private var ended: [(id: HTTPExchangeID, result: Result<HTTPResponse, HTTPTransportError>)] = []
    private var deliveryTimer: TimerToken?
    private var spares: [EasyHandle] = []

    /// Fails when libcurl cannot be set up, or when a proxy's address makes no sense.
    public init(reactor: Reactor, options: Options) throws(HTTPTransportError) {
        let options = options.withoutEmptyStrings
        proxies = try ProxyChoice(options)
        // curl_global_init(3): safe from any thread since 7.84, and counted, so no global of ours is needed.
        guard ccurl_global_init() == CURLE_OK else {
            throw HTTPTransportError(kind: .invalidRequest, message: "libcurl cannot be initialised")
        }
        guard let multi = curl_multi_init() else {
            curl_global_cleanup()
            throw HTTPTransportError(kind: .invalidRequest, message: "libcurl cannot be initialised")
        }
        self.reactor = reactor
        self.options = options
        self.multi = multi
        driver = CurlSocketDriver(reactor: reactor)
        ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, CurlTransport.idleConnections)
        changes.attach(to: multi)
        driver.onEvent = { [weak self] descriptor, events in self?.act(on: descriptor, events) }
    }

    deinit {
        for exchange in exchanges.values {
            if let timer = exchange.stallTimer { reactor.cancel(timer) }
            switch exchange.stage {
            case .running(let handle): curl_multi_remove_handle(multi, handle.raw)
            case .waiting(let timer): reactor.cancel(timer)
            case nil: break
            }
        }
        if let deliveryTimer { reactor.cancel(deliveryTimer) }
        curl_multi_cleanup(multi)
        exchanges.removeAll()
        exchangesOfHandles.removeAll()
        spares = []
        curl_global_cleanup()
    }

    /// Whether nothing of the transport is pending on the reactor: no exchange, no timer, no descriptor.
    var isIdle: Bool {
        completions.isEmpty && exchanges.isEmpty && deliveryTimer == nil && driver.isIdle
    }

    public func send(
        _ request: HTTPRequest,
        completion: @escaping (Result<HTTPResponse, HTTPTransportError>) -> Void
    ) -> HTTPExchangeID {
        begin(request, completion: completion)
    }

    /// - Parameters:
    ///   - lookup: gets the addresses of the request's host, instead of anybody being connected to.
    ///   - inspection: notes what the request meets.
    func begin(
        _ request: HTTPRequest,
        lookup: AddressLookup? = nil,
        inspection: ConnectionInspection? = nil,
        completion: @escaping (Result<HTTPResponse, HTTPTransportError>) -> Void
    ) -> HTTPExchangeID {
        lastID += 1
        let id = HTTPExchangeID(rawValue: lastID)
        completions[id] = completion
        do throws(HTTPTransportError) {
            let origin = try RequestRules.check(request)
            try lookup?.check(origin)
            let exchange = Exchange(
                id: id,
                request: request,
                origin: origin,
                proxy: lookup == nil ? proxies.proxy(for: origin) : nil,
                deadline: reactor.now + request.totalTimeout,
                maxResponseBytes: max(options.maxResponseBytes, request.maxResponseBytes ?? 0),
                sockets: sockets,
                lookup: lookup,
                inspection: inspection
            )
            exchanges[id] = exchange
            if hasRoom(for: exchange.origin) {
                start(exchange)
            } else {
                try queue(exchange)
            }
        } catch {
            exchanges[id] = nil
            end(id, .failure(error))
        }
        settle()
        deliverSoon()
        return id
    }

    public func cancel(_ id: HTTPExchangeID) {
        // Let go at the end: what the completion owns may call the transport when it goes.
        let completion = completions.removeValue(forKey: id)
        defer { withExtendedLifetime(completion) {} }
        guard let exchange = exchanges.removeValue(forKey: id) else { return }
        switch exchange.stage {
        case .running(let handle): release(handle, of: exchange)
        case .waiting(let timer):
            reactor.cancel(timer)
            waiting.removeAll { $0 == id }
        case nil: break
        }
        settle()
        deliverSoon()
    }
}

// MARK: Starting and ending

extension CurlTransport {
    private func hasRoom(for origin: Origin) -> Bool {
        (runningPerOrigin[origin] ?? 0) < CurlTransport.exchangesPerOrigin
    }

    private func queue(_ exchange: Exchange) throws(HTTPTransportError) {
        guard waiting.count < CurlTransport.maximumWaiting else {
            throw HTTPTransportError(
                kind: .connect,
                message: "\(exchange.origin): too many requests wait for a connection already"
            )
        }
        waiting.append(exchange.id)
        let timer = reactor.schedule(after: exchange.request.totalTimeout) { [weak self] in
            self?.giveUpWaiting(exchange)
        }
        exchange.stage = .waiting(timer)
    }

    private func giveUpWaiting(_ exchange: Exchange) {
        waiting.removeAll { $0 == exchange.id }
        exchanges[exchange.id] = nil
        let message = "\(exchange.origin): timed out while other requests held all connections"
        end(exchange.id, .failure(HTTPTransportError(kind: .timeout, message: message)))
        deliver()
    }

    private func startWaiting() {
        guard !waiting.isEmpty else { return }
        for id in waiting {
            guard let exchange = exchanges[id], hasRoom(for: exchange.origin) else { continue }
            if case .waiting(let timer) = exchange.stage { reactor.cancel(timer) }
            exchange.stage = nil
            start(exchange)
        }
        waiting.removeAll { id in
            guard case .waiting = exchanges[id]?.stage else { return true }
            return false
        }
    }

    /// Hands the exchange to libcurl, which begins with it at the next tick.
    private func start(_ exchange: Exchange) {
        do throws(HTTPTransportError) {
            try exchange.checkEmptyBody()
            if exchange.isEncrypted { ccurl_prepare_for_tls() }
            let handle: EasyHandle
            if let spare = spares.popLast() { handle = spare } else { handle = try EasyHandle() }
            try handle.prepare(
                for: exchange,
                timeout: exchange.deadline - reactor.now,
                options: options
            )
            exchange.stage = .running(handle)
            exchangesOfHandles[handle.raw] = exchange
            runningPerOrigin[exchange.origin] = (runningPerOrigin[exchange.origin] ?? 0) + 1
            let code = curl_multi_add_handle(multi, handle.raw)
            precondition(code == CURLM_OK, "libcurl refused a fresh handle")
            watchForStall(exchange)
        } catch {
            exchanges[exchange.id] = nil
            end(exchange.id, .failure(error))
        }
    }

    /// Has the exchange end if nothing moves from now on.
    private func watchForStall(_ exchange: Exchange) {
        guard let timeout = exchange.request.stallTimeout else { return }
        let before = exchange.progress
        exchange.stallTimer = reactor.schedule(after: timeout) { [weak self] in
            exchange.stallTimer = nil
            if exchange.progress == before {
                self?.giveUpRunning(exchange, after: timeout)
            } else {
                self?.watchForStall(exchange)
            }
        }
    }

    private func giveUpRunning(_ exchange: Exchange, after timeout: Duration) {
        guard case .running(let handle) = exchange.stage else { return }
        release(handle, of: exchange)
        exchange.stage = nil
        exchanges[exchange.id] = nil
        if exchange.isAnswered(despite: CURLE_OPERATION_TIMEDOUT) {
            end(exchange.id, answer(to: exchange))
        } else {
            let message = "\(exchange.route): timed out (no byte was sent or received for \(timeout))"
            end(exchange.id, .failure(HTTPTransportError(kind: .timeout, message: message)))
        }
        settle()
        deliver()
    }

    /// Takes the handle out of libcurl's hands; its memory is free again only after this.
    private func release(_ handle: EasyHandle, of exchange: Exchange) {
        let code = curl_multi_remove_handle(multi, handle.raw)
        precondition(code == CURLM_OK, "libcurl did not give a handle back")
        if let timer = exchange.stallTimer { reactor.cancel(timer) }
        exchange.stallTimer = nil
        exchangesOfHandles[handle.raw] = nil
        let left = (runningPerOrigin[exchange.origin] ?? 0) - 1
        runningPerOrigin[exchange.origin] = left > 0 ? left : nil
        guard handle.isReusable, spares.count < CurlTransport.spareHandles else { return }
        handle.reset()
        spares.append(handle)
    }

    /// Keeps the result until the loop delivers it.
    private func end(_ id: HTTPExchangeID, _ result: Result<HTTPResponse, HTTPTransportError>) {
        ended.append((id, result))
    }
}

// MARK: Driving libcurl

extension CurlTransport {
    /// Tells libcurl about one event, and follows up on whatever it made of it. Called by the loop only.
    private func act(on descriptor: Int32, _ events: Int32) {
        var stillRunning: Int32 = 0
        let code = curl_multi_socket_action(multi, descriptor, events, &stillRunning)
        precondition(code == CURLM_OK, "libcurl refused an event")
        settle()
        deliver()
    }

    /// Collects what has ended, starts what has waited for it, and puts libcurl's wishes into effect.
    private func settle() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else {
                continue
            }
            // Removing the handle invalidates the message.
            finish(easy, message.pointee.data.result)
        }
        startWaiting()
        driver.apply(changes)
    }

    private func finish(_ easy: UnsafeMutableRawPointer, _ code: CURLcode) {
        guard let exchange = exchangesOfHandles[easy], case .running(let handle) = exchange.stage else {
            preconditionFailure("libcurl ended a transfer that was not begun")
        }
        let result = result(of: exchange, handle, code)
        release(handle, of: exchange)
        exchange.stage = nil
        if exchange.objection == .staleConnection {
            exchange.restartOnFreshConnection()
            return start(exchange)
        }
        if code == CURLE_COULDNT_RESOLVE_HOST, exchange.canCompleteName {
            exchange.completeName()
            return start(exchange)
        }
        exchanges[exchange.id] = nil
        end(exchange.id, result)
    }

    private func answer(to exchange: Exchange) -> Result<HTTPResponse, HTTPTransportError> {
        func interrupted(_ reason: String, _ answer: HTTPResponse?) -> HTTPTransportError {
            HTTPTransportError(kind: .interrupted, message: "\(exchange.route): \(reason)", answer: answer)
        }
        // libcurl is content with a head that was cut off by the end of the connection.
        guard exchange.head.isComplete else {
            return .failure(interrupted("the connection was closed in the middle of the answer's head", nil))
        }
        let response = HTTPResponse(
            status: exchange.head.status,
            headers: exchange.head.headers,
            body: exchange.body,
            proxy: exchange.proxy?.origin.url,
            arrival: Int64(time(nil))
        )
        guard !exchange.isAcceptedTooEarly else {
            let reason = "the answer was \(response.status) before all of the request was sent"
            return .failure(interrupted(reason, response))
        }
        return .success(response)
    }

    private func result(
        of exchange: Exchange,
        _ handle: EasyHandle,
        _ code: CURLcode
    ) -> Result<HTTPResponse, HTTPTransportError> {
        if code == CURLE_OK || exchange.isAnswered(despite: code) { return answer(to: exchange) }
        if exchange.objection == .repetition { return .failure(exchange.unanswered) }
        if let error = exchange.bodyError { return .failure(error) }
        // Says more than that the rest of the request could not be sent.
        if exchange.isAcceptedTooEarly { return answer(to: exchange) }
        // libcurl 7.88 calls it so if a single line of the head is longer than its own bound (100 KiB).
        let isHeadTooLong = code == CURLE_OUT_OF_MEMORY && handle.number(CURLINFO_REQUEST_SIZE) > 0
        exchange.inspection?.code = code
        let failure = CurlFailure(
            code: code,
            detail: handle.detail,
            osError: exchange.socketError ?? Int32(handle.number(CURLINFO_OS_ERRNO)),
            tunnelHead: exchange.tunnelHead,
            refusal: exchange.refusal ?? (isHeadTooLong ? ResponseHead.tooLong : nil),
            route: exchange.route,
            certificateFile: options.certificateFile
        )
        return .failure(failure.error)
    }
}

// MARK: Telling the callers

extension CurlTransport {
    /// Calls the completions of what has ended. What ends because of them waits for the next time, so that
    /// callers who answer a failure with a new request cannot keep the loop to themselves.
    private func deliver() {
        let batch = ended
        ended = []
        for (id, result) in batch {
            // Cancelled ones are gone, also those that an earlier completion of the batch cancelled.
            completions.removeValue(forKey: id)?(result)
        }
        deliverSoon()
    }

    /// Has the loop deliver what ended outside of it, within a call of `send` or `cancel`.
    private func deliverSoon() {
        guard !ended.isEmpty, deliveryTimer == nil else { return }
        deliveryTimer = reactor.schedule(after: .zero) { [weak self] in
            self?.deliveryTimer = nil
            self?.deliver()
        }
    }
}
