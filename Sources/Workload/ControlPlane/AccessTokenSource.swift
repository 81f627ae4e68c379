import AirbyteProtocol
import HTTP
import Scheduling

/// Provides the access token for calls: it caches one, and fetches a new one when needed, once for all callers.
///
/// A process has one, whichever workloads it runs. It never fails a call for good. If no token is available, calls are
/// made without one, as the platform's own client makes them: installations without authentication exist.
package final class AccessTokenSource {
    /// How a call proceeds.
    package enum Grant {
        /// - Parameters:
        ///   - token: nil where none is available, for the reason in `failure`.
        ///   - isStandIn: whether the endpoint has just given nothing better.
        case send(token: String?, isStandIn: Bool, failure: AccessTokenCache.FetchFailure? = nil)
        case wait(AccessTokenCache.FetchFailure)
    }

    /// A fetch has as much time as the first attempt at a heartbeat, see `ContactState`: a contact waits for it.
    private static let fetchTimeout: Duration = .seconds(10)

    private let settings: TokenSource
    private let headers: [HTTPHeader]
    private let credentials: KnownCredentials
    private let transport: any HTTPTransport
    private let scheduler: any Scheduler
    private let wallClock: WallClock

    private var cache = AccessTokenCache()
    /// The last tokens, the present one included. One that was replaced can be on its way, and in a server's message.
    private var tokens: [String] = []
    private static let maxTokens = 2
    /// Nil where the endpoint gave no token; the cache knows why.
    private let flight = SingleFlight<String?>()

    /// Nil where the settings name no token endpoint.
    ///
    /// - Parameter credentials: gets each token, so that it is hidden.
    package init?(
        _ settings: ControlPlaneClient.Settings,
        credentials: KnownCredentials,
        transport: any HTTPTransport,
        scheduler: any Scheduler,
        wallClock: WallClock
    ) {
        guard let source = settings.tokenSource else { return nil }
        self.settings = source
        headers = settings.headers
        self.credentials = credentials
        self.transport = transport
        self.scheduler = scheduler
        self.wallClock = wallClock
    }

    /// Why the last fetch failed; nil where the endpoint gives tokens.
    var failure: AccessTokenCache.FetchFailure? { cache.failure }

    /// Tells how the call proceeds, at once or later.
    ///
    /// - Parameters:
    ///   - isRefused: whether the platform has refused the call as it was sent before.
    ///   - isLastAttempt: whether the call will not be repeated.
    package func get(isRefused: Bool, isLastAttempt: Bool, _ completion: @escaping (Grant) -> Void) {
        let advice = cache.advice(isRefused: isRefused, now: scheduler.now)
        guard case .fetch = advice else { return completion(grant(advice, isStandIn: false)) }
        flight.join(
            { [self] token in
                if let token { return completion(.send(token: token, isStandIn: false)) }
                let advice = cache.adviceAfterFailure(isLastAttempt: isLastAttempt, now: scheduler.now)
                completion(grant(advice, isStandIn: true))
            },
            fetch: fetch
        )
    }

    /// How long the present token lives from now on; nil where there is none, and for one that does not say it.
    package var life: Duration? {
        guard let end = cache.end else { return nil }
        let life = end - scheduler.now
        // A token that does not say it counts as one that lives for a year.
        return life > AccessTokenCache.unknownLife / 2 ? nil : life
    }

    /// Forgets the token that was refused; one that has replaced it meanwhile stays.
    func reject(_ token: String) { cache.reject(token) }

    private func grant(_ advice: AccessTokenCache.Advice, isStandIn: Bool) -> Grant {
        switch advice {
        case .send(let token): return .send(token: token, isStandIn: isStandIn)
        case .wait(let failure): return .wait(failure)
        case .fetch: preconditionFailure("what has just been fetched is not fetched again")
        case .sendWithout(let failure):
            return .send(token: nil, isStandIn: isStandIn, failure: failure)
        }
    }

    // MARK: The endpoint

    private func fetch() {
        let body = JSONWriter.object { writer in
            writer.member("client_id", settings.clientID)
            writer.member("client_secret", settings.clientSecret)
        }
        var request = HTTPRequest(
            method: "POST",
            url: settings.endpoint,
            headers: headers,
            body: body,
            connectTimeout: Self.fetchTimeout,
            totalTimeout: Self.fetchTimeout
        )
        request.purpose = RequestPurpose(.token, maxRetries: 0)
        _ = transport.send(request) { [self] result in
            do throws(AccessTokenCache.FetchFailure) {
                flight.finish(try accept(result))
            } catch {
                cache.fetchFailed(error, now: scheduler.now)
                flight.finish(nil)
            }
        }
    }

    /// Has the token hidden, and forgets one that was replaced twice: it stays nowhere in memory.
    private func remember(_ token: String) {
        credentials.learn(token)
        tokens.removeAll { $0 == token }
        tokens.append(token)
        if tokens.count > Self.maxTokens { credentials.forget(tokens.removeFirst()) }
    }

    private func refusal(_ problem: String) -> AccessTokenCache.FetchFailure {
        AccessTokenCache.FetchFailure(
            problem: "\(problem); are DATAPLANE_CLIENT_ID and DATAPLANE_CLIENT_SECRET right?",
            isTransient: false
        )
    }

    private func accept(
        _ result: Result<HTTPResponse, HTTPTransportError>
    ) throws(AccessTokenCache.FetchFailure) -> String {
        let endpoint = settings.endpoint.withoutUserInfo
        switch CallOutcome(result, call: "POST \(endpoint)", expecting: .document, quotingBody: false) {
        case .accepted(let answer):
            do throws(AccessTokenCache.Unusable) {
                let wallClock = wallClock.secondsSince1970
                let token = try cache.accept(answer: answer, now: scheduler.now, wallClock: wallClock)
                remember(token)
                return token
            } catch {
                throw AccessTokenCache.FetchFailure(
                    problem: "the answer of the token endpoint \(endpoint) \(error.problem)",
                    isTransient: false
                )
            }
        case .unavailable(let problem, let retryAfter):
            throw AccessTokenCache.FetchFailure(
                problem: problem,
                isTransient: true,
                retryAfter: retryAfter
            )
        case .gone:
            throw refusal("POST \(endpoint) was answered with 410")
        case .notFound(let problem), .unauthorized(let problem), .refused(let problem):
            throw refusal(problem)
        }
    }
}
