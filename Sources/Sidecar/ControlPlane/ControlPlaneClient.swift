import AirbyteProtocol
import CurlTransport
import Logging
import Reactor

/// Calls the workload API and the server API: adds the access token, tries again where that helps.
///
/// Every completion is called once, from the loop, never from within the call that started it.
final class ControlPlaneClient {
    typealias Completion = (CallOutcome) -> Void

    private let workloadAPI: Configuration.API
    private let serverAPI: Configuration.API?
    private let tokenSource: Configuration.TokenSource?
    private let headers: [HTTPHeader]
    private let transport: any HTTPTransport
    private let scheduler: any Scheduler
    private let wallClock: WallClock
    private let log: Logger
    private let connectorOutput: DocumentReader.Source

    private var keeper = AccessTokenKeeper()
    /// Calls that wait for the token that is being fetched; empty when none is.
    private var tokenWaiters: [(TokenResult) -> Void] = []
    private var random: SplitMix64

    private typealias TokenResult = Result<String, TokenFailure>

    private struct TokenFailure: Error {
        var outcome: CallOutcome
    }

    /// - Parameter connectorOutput: from which the parts are read of a body that is not held.
    init(
        configuration: Configuration,
        transport: any HTTPTransport,
        scheduler: any Scheduler,
        wallClock: WallClock,
        log: Logger,
        seed: UInt64,
        connectorOutput: @escaping DocumentReader.Source
    ) {
        workloadAPI = configuration.workloadAPI
        serverAPI = configuration.serverAPI
        tokenSource = configuration.tokenSource
        headers = [
            HTTPHeader("Content-Type", "application/json"),
            HTTPHeader("Accept", "application/json"),
            HTTPHeader("X-Airbyte-Version", configuration.airbyteVersion),
        ]
        self.transport = transport
        self.scheduler = scheduler
        self.wallClock = wallClock
        self.log = log
        self.connectorOutput = connectorOutput
        random = SplitMix64(seed: seed)
    }

    /// Makes the call once; only a stale token is replaced and tried again.
    func attempt(_ call: PlatformCall, completion: @escaping Completion) {
        attempt(call, body(of: call), tokenIsFresh: false, completion)
    }

    /// Makes the call and repeats it, as the API's settings say, as long as it is worth trying.
    ///
    /// - Parameter onCatalogSent: called before the completion where the body had a catalog that was read again, with what
    ///   is odd about it.
    func perform(
        _ call: PlatformCall,
        onCatalogSent: @escaping (CatalogInspection) -> Void = { _ in },
        completion: @escaping Completion
    ) {
        let body = body(of: call)
        perform(call, body, retry: 1) { outcome in
            if let findings = body.catalogFindings { onCatalogSent(findings) }
            completion(outcome)
        }
    }

    private func body(of call: PlatformCall) -> CallBody {
        CallBody(call.body, source: connectorOutput)
    }

    private func perform(
        _ call: PlatformCall,
        _ body: CallBody,
        retry: Int,
        _ completion: @escaping Completion
    ) {
        attempt(call, body, tokenIsFresh: false) { [self] outcome in
            let policy = settings(of: call)?.retries
            guard case .unavailable(let problem, let retryAfter) = outcome, let policy,
                retry <= policy.maxRetries
            else { return completion(outcome) }
            let delay = policy.delay(beforeRetry: retry, retryAfter: retryAfter, using: &random)
            // What comes of it is told by whoever asked.
            log.info(
                """
                \(problem); trying again in \(delay.spokenDescription) (retry \(retry) of \(policy.maxRetries))
                """
            )
            scheduler.schedule(after: delay) { [self] in
                perform(call, body, retry: retry + 1, completion)
            }
        }
    }

    private func settings(of call: PlatformCall) -> Configuration.API? {
        call.api == .workload ? workloadAPI : serverAPI
    }
}

// MARK: - One attempt

extension ControlPlaneClient {
    private func attempt(
        _ call: PlatformCall,
        _ body: CallBody,
        tokenIsFresh: Bool,
        _ completion: @escaping Completion
    ) {
        withToken { [self] result in
            switch result {
            case .failure(let failure): completion(failure.outcome)
            case .success(let token): send(call, body, token: token, tokenIsFresh: tokenIsFresh, completion)
            }
        }
    }

    private func send(
        _ call: PlatformCall,
        _ body: CallBody,
        token: String?,
        tokenIsFresh: Bool,
        _ completion: @escaping Completion
    ) {
        guard let api = settings(of: call) else {
            return later {
                completion(.refused("INTERNAL_API_HOST is not set, so \(call.path) cannot be called"))
            }
        }
        do {
            try body.countLengthIfWanted()
        } catch {
            return later { completion(.refused("\(call.path) cannot be called: \(error.message)")) }
        }
        _ = transport.send(request(for: call, body, api, token: token)) { [self] result in
            let outcome = CallOutcome(
                result,
                call: "\(call.method) \(api.baseURL.withoutUserInfo)\(call.path)",
                expecting: call.expectedAnswer,
                quotingBody: call.mayQuoteAnswer
            )
            if case .unauthorized = outcome, let token, !tokenIsFresh {
                keeper.reject(token)
                log.info("The access token was refused: fetching a new one")
                return attempt(call, body, tokenIsFresh: true, completion)
            }
            if case .success(let answer) = result, answer.status == 411, body.lacksLength {
                // The receiver, or a proxy before it, takes no body without a length.
                body.wantsLength = true
                return send(call, body, token: token, tokenIsFresh: tokenIsFresh, completion)
            }
            if case .failure(let error) = result, Self.canComeOfChunks(error) { body.wantsLength = true }
            completion(outcome)
        }
    }

    private func request(
        for call: PlatformCall,
        _ body: CallBody,
        _ api: Configuration.API,
        token: String?
    ) -> HTTPRequest {
        var request = HTTPRequest(
            method: call.method,
            url: api.baseURL + call.path,
            headers: headers,
            body: body.body,
            connectTimeout: min(api.connectTimeout, call.timeout ?? api.connectTimeout),
            totalTimeout: call.timeout ?? api.connectTimeout + api.readTimeout
        )
        if let token { request.headers.append(HTTPHeader("Authorization", "Bearer \(token)")) }
        return request
    }

    /// Whether a proxy can have broken the exchange off because the body came in chunks. squid 5.7, for one, closes the
    /// connection without an answer where the chunks exceed its limit; to a body with a length it says 413 at once.
    private static func canComeOfChunks(_ error: HTTPTransportError) -> Bool {
        [.interrupted, .timeout, .protocolViolation].contains(error.kind)
    }

    /// Keeps the promise that no completion is called from within the call.
    private func later(_ body: @escaping () -> Void) {
        scheduler.schedule(after: .zero, handler: body)
    }
}

// MARK: - Access token

extension ControlPlaneClient {
    /// Hands over a good token, nil where none is configured; fetches it where needed, once for all who wait.
    private func withToken(_ body: @escaping (Result<String?, TokenFailure>) -> Void) {
        guard let tokenSource else { return body(.success(nil)) }
        if let token = keeper.current(now: scheduler.now) { return body(.success(token)) }
        tokenWaiters.append { body($0.map { $0 }) }
        guard tokenWaiters.count == 1 else { return }
        fetchToken(tokenSource) { [self] result in
            let waiters = tokenWaiters
            tokenWaiters = []
            for waiter in waiters { waiter(result) }
        }
    }

    private func fetchToken(
        _ source: Configuration.TokenSource,
        _ completion: @escaping (TokenResult) -> Void
    ) {
        let body = JSONWriter.object { writer in
            writer.member("client_id", source.clientID)
            writer.member("client_secret", source.clientSecret)
        }
        // A contact waits for the token, so the token has no more time than a contact.
        let request = HTTPRequest(
            method: "POST",
            url: source.endpoint,
            headers: headers,
            body: body,
            connectTimeout: PlatformCall.contactTimeout,
            totalTimeout: PlatformCall.contactTimeout
        )
        _ = transport.send(request) { [self] result in
            completion(tokenResult(result, endpoint: source.endpoint.withoutUserInfo))
        }
    }

    private func tokenResult(
        _ result: Result<HTTPResponse, HTTPTransportError>,
        endpoint: String
    ) -> TokenResult {
        switch CallOutcome(result, call: "POST \(endpoint)", expecting: .document, quotingBody: false) {
        case .accepted(let answer):
            do {
                return .success(
                    try keeper.accept(
                        answer: answer,
                        now: scheduler.now,
                        wallClock: wallClock.secondsSince1970
                    )
                )
            } catch {
                return .failure(
                    TokenFailure(
                        outcome: .refused("The answer of the token endpoint \(endpoint) \(error.problem)")
                    )
                )
            }
        case .unavailable(let problem, let retryAfter):
            return .failure(
                TokenFailure(outcome: .unavailable("No access token was given: \(problem)", retryAfter: retryAfter))
            )
        case let outcome:
            return .failure(
                TokenFailure(
                    outcome: .unauthorized(
                        "No access token was given: \(outcome.problem ?? ""); are DATAPLANE_CLIENT_ID and "
                            + "DATAPLANE_CLIENT_SECRET right?"
                    )
                )
            )
        }
    }
}
