import AirbyteProtocol
import Containers
import HTTP
import Logging
import Scheduling

/// Calls the workload API and the server API: adds the access token, retries transient failures.
///
/// Every completion is called once, from the loop, never from within the call that started it.
package final class ControlPlaneClient {
    package typealias Completion = (CallOutcome) -> Void

    package struct Settings: Sendable {
        package var workloadAPI: PlatformAPI
        /// Absent where the platform's server is not to be called.
        package var serverAPI: PlatformAPI?
        /// Absent where no access tokens are sent.
        package var tokenSource: TokenSource?
        /// Sent as `X-Airbyte-Version`.
        package var airbyteVersion: String

        package init(
            workloadAPI: PlatformAPI,
            serverAPI: PlatformAPI?,
            tokenSource: TokenSource?,
            airbyteVersion: String
        ) {
            self.workloadAPI = workloadAPI
            self.serverAPI = serverAPI
            self.tokenSource = tokenSource
            self.airbyteVersion = airbyteVersion
        }

        /// Carried by each request to the platform.
        var headers: [HTTPHeader] {
            [
                HTTPHeader("Content-Type", "application/json"),
                HTTPHeader("Accept", "application/json"),
                HTTPHeader("X-Airbyte-Version", airbyteVersion),
            ]
        }
    }

    private let workloadAPI: PlatformAPI
    private let serverAPI: PlatformAPI?
    /// Nil where no tokens are configured.
    private let tokens: AccessTokenSource?
    private let headers: [HTTPHeader]
    private let transport: any HTTPTransport
    private let scheduler: any Scheduler
    private let log: Logger
    private let retrier: Retrier
    private var hasWarned = false
    /// How many attempts in a row have failed, of calls that are not repeated here.
    private var failedAttempts = SmallMap<RequestPurpose.Call, Int>()
    private var isClosed = false

    /// - Parameter tokens: nil where calls carry no access tokens.
    package init(
        settings: Settings,
        tokens: AccessTokenSource?,
        transport: any HTTPTransport,
        scheduler: any Scheduler,
        log: Logger,
        seed: UInt64
    ) {
        workloadAPI = settings.workloadAPI
        serverAPI = settings.serverAPI
        headers = settings.headers
        self.tokens = tokens
        self.transport = transport
        self.scheduler = scheduler
        self.log = log
        retrier = Retrier(scheduler: scheduler, seed: seed)
    }

    /// Ends the calls that wait for a retry or for an access token; their completions are not called. Requests that are
    /// under way are for the transport to end.
    package func close() {
        isClosed = true
    }

    /// Makes the call once. Only a stale token leads to a second attempt, with a new one.
    package func attempt(_ call: PlatformCall, _ body: CallBody? = nil, completion: @escaping Completion) {
        let number = (failedAttempts[call.name] ?? 0) + 1
        attempt(call, body ?? CallBody(call.body), Retrier.AttemptNumber(value: number, isLast: false)) {
            [self] outcome in
            if case .unavailable = outcome {
                failedAttempts[call.name] = number
            } else {
                _ = failedAttempts.removeValue(forKey: call.name)
            }
            completion(outcome)
        }
    }

    /// Makes the call, and retries transient failures as the API's settings say.
    ///
    /// - Parameter body: the call's body where parts of it have to be read from the connector's output.
    package func perform(_ call: PlatformCall, _ body: CallBody? = nil, completion: @escaping Completion) {
        let body = body ?? CallBody(call.body)
        retrier.run(
            settings(of: call)?.retries ?? .none,
            attempt: { [self] number, finish in
                attempt(call, body, number) { outcome in
                    guard case .unavailable(let problem, let retryAfter) = outcome else {
                        return finish(.final(outcome))
                    }
                    finish(.transient(outcome, problem: problem, retryAfter: retryAfter))
                }
            },
            // The caller logs the final outcome.
            onRetry: { [log] retry in log.info("\(retry.announcement)") },
            completion: completion
        )
    }

    private func settings(of call: PlatformCall) -> PlatformAPI? {
        call.api == .workload ? workloadAPI : serverAPI
    }
}

// MARK: - One attempt

extension ControlPlaneClient {
    /// How a call was sent that the platform refused with 401 or 403.
    private struct Refusal {
        var token: String?
        var problem: String
    }

    /// - Parameters:
    ///   - number: which of the call's attempts it is; the last one makes do with less.
    ///   - refusal: how the attempt ended before this one, which is made with another token.
    private func attempt(
        _ call: PlatformCall,
        _ body: CallBody,
        _ number: Retrier.AttemptNumber,
        after refusal: Refusal? = nil,
        _ completion: @escaping Completion
    ) {
        guard !isClosed else { return }
        guard let tokens else {
            return send(call, body, number, token: nil, tokenIsFresh: true, completion)
        }
        tokens.get(isRefused: refusal != nil, isLastAttempt: number.isLast) { [self] grant in
            switch grant {
            case .wait(let failure):
                completion(.unavailable(failure.text, retryAfter: failure.retryAfter))
            case .send(let token, let isStandIn, let failure):
                if let failure { warn(failure) }
                if token == nil, let refusal, refusal.token == nil {
                    // The result would be the same.
                    return completion(unauthorized(refusal.problem))
                }
                send(
                    call,
                    body,
                    number,
                    token: token,
                    // Where the platform does require a token, the endpoint is asked again at once.
                    tokenIsFresh: (isStandIn && token != nil) || refusal != nil,
                    completion
                )
            }
        }
    }

    /// No colon follows the words "access token": the log would hide what comes after it.
    private func warn(_ failure: AccessTokenCache.FetchFailure) {
        guard !hasWarned else { return }
        hasWarned = true
        log.warning("No access token could be fetched (\(failure.problem)); making calls without one")
    }

    /// The platform requires a token, or a different one. An endpoint that gives none may do so soon, whatever it has
    /// answered: a gateway in front of it can say anything for a while.
    private func unauthorized(_ problem: String) -> CallOutcome {
        guard let failure = tokens?.failure else { return .unauthorized(problem) }
        return .unavailable("\(problem); \(failure.text)", retryAfter: failure.retryAfter)
    }

    private func send(
        _ call: PlatformCall,
        _ body: CallBody,
        _ number: Retrier.AttemptNumber,
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
        var request = request(for: call, body, api, token: token)
        request.purpose = RequestPurpose(
            call.name,
            attempt: number.value,
            maxRetries: api.retries.maxRetries
        )
        _ = transport.send(request) { [self] result in
            let outcome = CallOutcome(
                result,
                call: "\(call.method) \(api.baseURL.withoutUserInfo)\(call.path)",
                expecting: call.expectedAnswer,
                quotingBody: call.mayQuoteAnswer
            )
            if case .unauthorized(let problem) = outcome {
                guard !tokenIsFresh else { return completion(unauthorized(problem)) }
                if let token {
                    tokens?.reject(token)
                    log.info("The access token was refused: fetching a new one")
                }
                let refusal = Refusal(token: token, problem: problem)
                return attempt(call, body, number, after: refusal, completion)
            }
            if case .success(let answer) = result, answer.status == 411, body.lacksLength {
                // The receiver, or a proxy before it, takes no body without a length.
                body.wantsLength = true
                return send(call, body, number, token: token, tokenIsFresh: tokenIsFresh, completion)
            }
            if case .failure(let error) = result, Self.canComeOfChunks(error) { body.wantsLength = true }
            completion(outcome)
        }
    }

    private func request(
        for call: PlatformCall,
        _ body: CallBody,
        _ api: PlatformAPI,
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
        request.maxResponseBytes = call.maxAnswerLength
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

extension AccessTokenCache.FetchFailure {
    /// No colon follows the words "access token": the log would hide what comes after it.
    fileprivate var text: String { "no access token could be fetched (\(problem))" }
}
