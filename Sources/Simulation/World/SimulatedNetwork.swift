import HTTP
import Scheduling

/// The way to the services: every request meets the weather.
package final class SimulatedNetwork: HTTPTransport {
    private let timeline: Timeline
    private let platform: SimulatedPlatform
    private let weather: Weather
    private let census: Census
    private let story: Story
    private let observer: Invariants
    private var random: SplitMix64
    private var lastID: UInt64 = 0
    /// What the sidecar still waits for.
    private var open: Set<UInt64> = []
    private let sabotage: Sabotage?

    init(
        _ timeline: Timeline,
        _ platform: SimulatedPlatform,
        _ weather: Weather,
        _ census: Census,
        _ story: Story,
        _ observer: Invariants,
        sabotage: Sabotage?,
        seed: UInt64
    ) {
        self.timeline = timeline
        self.platform = platform
        self.weather = weather
        self.census = census
        self.story = story
        self.observer = observer
        self.sabotage = sabotage
        random = SplitMix64(seed: seed)
    }

    /// How many requests wait for their answers.
    package var inFlight: Int { open.count }

    package func send(
        _ request: HTTPRequest,
        completion: @escaping (Result<HTTPResponse, HTTPTransportError>) -> Void
    ) -> HTTPExchangeID {
        lastID += 1
        let id = lastID
        open.insert(id)
        var call = Self.kind(of: request)
        if sabotage == .turnsReport, call == .success { call = .failure }
        let body = Self.bytes(of: request)
        let fate = weather.fate(of: call, at: timeline.elapsed, using: &random)
        if let fault = fate.fault { census.count(fault) }
        let exchange = Exchange(id: id, call: call, request: request, body: body, completion: completion)
        story.tell("sidecar", "→ \(request.method) \(call.rawValue) (\(body.count) bytes)")
        if sabotage == .dropsContacts, call.isContact, !timeline.freezes.isEmpty {
            fail(exchange, .connect, "connection refused", after: .zero)
            return HTTPExchangeID(rawValue: id)
        }
        if sabotage == .restoresOldOutput, call == .success { platform.storeInFolder(Array("{}".utf8)) }
        observer.sent(exchange.sent, fate)
        if sabotage == .addsReport, call == .success {
            observer.sent(SentCall(kind: .failure, url: request.url, body: []), .answered)
        }
        if sabotage == .swallowsOutput, call.storesOutput { return swallow(exchange) }
        meet(fate, exchange)
        return HTTPExchangeID(rawValue: id)
    }

    package func cancel(_ exchange: HTTPExchangeID) {
        open.remove(exchange.rawValue)
    }

    /// A request on its way.
    private struct Exchange {
        var id: UInt64
        var call: CallKind
        var request: HTTPRequest
        var body: [UInt8]
        var completion: (Result<HTTPResponse, HTTPTransportError>) -> Void

        var sent: SentCall { SentCall(kind: call, url: request.url, body: body) }
    }

    private func meet(_ fate: Fate, _ exchange: Exchange) {
        let way = weather.delay(using: &random)
        let timeout = exchange.request.totalTimeout
        switch fate {
        case .answered:
            arrive(exchange, after: way) { [self] in answer(exchange, after: way) }
        case .slow:
            let long = Duration.milliseconds(Int.random(in: 500...20_000, using: &random))
            guard long < timeout else { return meet(.timeoutAfter, exchange) }
            arrive(exchange, after: way) { [self] in answer(exchange, after: long - way) }
        case .twice:
            guard exchange.request.isIdempotent else { return meet(.resetAfter, exchange) }
            arrive(exchange, after: way) { [self] in
                _ = platform.answer(exchange.call, exchange.request, exchange.body)
                answer(exchange, after: way)
            }
        case .connectionRefused: fail(exchange, .connect, "connection refused", after: way)
        case .resetBefore: fail(exchange, .interrupted, "the connection was reset", after: way * 2)
        case .resetAfter:
            arrive(exchange, after: way) { [self] in
                _ = platform.answer(exchange.call, exchange.request, exchange.body)
                fail(exchange, .interrupted, "the connection was reset", after: way)
            }
        case .timeoutBefore: fail(exchange, .timeout, "timed out", after: timeout)
        case .timeoutAfter, .lateEffect:
            let delay = fate == .lateEffect ? timeout + .seconds(Int.random(in: 1...90, using: &random)) : way
            arrive(exchange, after: delay) { [self] in
                _ = platform.answer(exchange.call, exchange.request, exchange.body)
            }
            fail(exchange, .timeout, "timed out", after: timeout)
        case .serverErrorAfter:
            arrive(exchange, after: way) { [self] in
                _ = platform.answer(exchange.call, exchange.request, exchange.body)
                deliver(HTTPResponse(status: 502, body: Array("bad gateway".utf8)), exchange, after: way)
            }
        case .serverError, .throttled, .page, .refused, .unauthorized, .proxyRefusal, .odd:
            deliver(madeUp(fate, exchange), exchange, after: way * 2)
        }
    }

    /// What does not come from the service.
    private func madeUp(_ fate: Fate, _ exchange: Exchange) -> HTTPResponse {
        switch fate {
        case .serverError:
            return HTTPResponse(status: [500, 502, 503, 504].randomElement(using: &random) ?? 500)
        case .throttled:
            let seconds = [0, 1, 7, 40, 600].randomElement(using: &random) ?? 0
            return HTTPResponse(
                status: Bool.random(using: &random) ? 429 : 503,
                headers: seconds == 0 ? [] : [HTTPHeader("Retry-After", "\(seconds)")]
            )
        case .page:
            return HTTPResponse(
                status: 200,
                headers: [HTTPHeader("Content-Type", "text/html")],
                body: Array("<html><title>Sign in</title></html>".utf8)
            )
        case .refused:
            return quoting(
                exchange.request,
                status: [400, 405, 409, 422].randomElement(using: &random) ?? 400
            )
        case .unauthorized: return quoting(exchange.request, status: Bool.random(using: &random) ? 401 : 403)
        case .proxyRefusal: return HTTPResponse(status: 407, proxy: "http://proxy:3128")
        default:
            return HTTPResponse(
                // From the workload API, 200 with any JSON counts as 204.
                status: exchange.call.service == .workloadAPI ? 206 : 200,
                headers: [HTTPHeader("Content-Type", "application/json")],
                body: Array(#"{"unexpected":[]}"#.utf8)
            )
        }
    }

    /// Some services say what they refuse, credentials included.
    private func quoting(_ request: HTTPRequest, status: Int) -> HTTPResponse {
        let fields = request.headers.flatMap { $0.value.split(separator: " ") }.joined(separator: " ")
        return HTTPResponse(status: status, body: Array("refused: \(fields)".utf8))
    }
}

// MARK: - Arriving

extension SimulatedNetwork {
    /// Swallows a request: the sidecar is told that all is well, and the service has never seen it.
    private func swallow(_ exchange: Exchange) -> HTTPExchangeID {
        let response =
            exchange.call == .putOutput
            ? HTTPResponse(status: 200, headers: [HTTPHeader("ETag", "\"0\"")]) : HTTPResponse(status: 204)
        timeline.plan(after: .milliseconds(1), .sidecar) { [self] in
            if open.remove(exchange.id) != nil { exchange.completion(.success(response)) }
        }
        return HTTPExchangeID(rawValue: exchange.id)
    }

    private func arrive(_ exchange: Exchange, after delay: Duration, _ effect: @escaping () -> Void) {
        timeline.plan(after: delay, .world) { [self] in
            story.tell("service", "takes \(exchange.call.rawValue)")
            effect()
        }
    }

    /// The service acts now, and its answer arrives after the delay.
    private func answer(_ exchange: Exchange, after delay: Duration) {
        let answer = platform.answer(exchange.call, exchange.request, exchange.body)
        deliver(answer, exchange, after: delay, isGenuine: true)
    }

    private func deliver(
        _ response: HTTPResponse,
        _ exchange: Exchange,
        after delay: Duration,
        isGenuine: Bool = false
    ) {
        timeline.plan(after: delay, .sidecar) { [self] in
            guard open.remove(exchange.id) != nil else { return }
            story.tell("network", "← \(exchange.call.rawValue): \(response.status)")
            observer.answered(exchange.sent, status: response.status, isGenuine: isGenuine)
            exchange.completion(.success(response))
        }
    }

    private func fail(
        _ exchange: Exchange,
        _ kind: HTTPTransportError.Kind,
        _ text: String,
        after delay: Duration
    ) {
        timeline.plan(after: min(delay, exchange.request.totalTimeout), .sidecar) { [self] in
            guard open.remove(exchange.id) != nil else { return }
            story.tell("network", "← \(exchange.call.rawValue): \(text)")
            observer.unanswered(exchange.sent)
            exchange.completion(.failure(HTTPTransportError(kind: kind, message: text)))
        }
    }
}

// MARK: - Reading requests

extension SimulatedNetwork {
    private static func kind(of request: HTTPRequest) -> CallKind {
        let url = request.url
        let ends: [(String, CallKind)] = [
            ("/workload/running", .running), ("/workload/heartbeat", .heartbeat),
            ("/workload/success", .success), ("/workload/failure", .failure),
            ("/workload_output/write", .writeOutput), ("/write_discover_catalog_result", .writeCatalog),
            ("/get", .getActor), ("/update", .updateActor), ("/token", .token),
        ]
        if let call = ends.first(where: { url.hasSuffix($0.0) }) { return call.1 }
        return url.contains("/workload/output/") ? .putOutput : .putLog
    }

    private static func bytes(of request: HTTPRequest) -> [UInt8] {
        switch request.body {
        case nil: return []
        case .bytes(let bytes)?: return bytes
        case .generated(let body)?:
            var bytes: [UInt8] = []
            guard let read = try? body.makeReader() else { return bytes }
            while true {
                var piece: [UInt8] = []
                guard (try? read(&piece, HTTPGeneratedBody.maximumPieceBytes)) != nil, !piece.isEmpty else {
                    return bytes
                }
                bytes += piece
            }
        }
    }
}
