import HTTP
import Logging
import Scheduling
import Text

/// Gives access tokens: keeps one, and fetches a new one before it ends.
final class GoogleTokenSource {
    typealias Completion = (Result<String, StorageRequester.Unprepared>) -> Void

    /// Tokens live for an hour. The metadata server gives a new one only in its last five minutes, hence less than those.
    private static let renewalMargin: Duration = .seconds(225)

    /// The metadata server is on the same machine: what takes no connection soon is not there.
    private static let metadataConnectTimeout: Duration = .seconds(1)
    /// It may have to fetch the token itself.
    private static let metadataTimeout: Duration = .seconds(10)
    /// As Google's own libraries have it, and with a pause between the tries, since GKE's server is not there in a
    /// pod's first seconds. Elsewhere than on Google's cloud all that is over soon, and another sink gets its turn.
    private static let metadataRetries = RetryPolicy(
        firstDelay: .seconds(1),
        maxRetries: 2,
        backoff: .constant
    )

    /// Clocks that differ by less are not the reason why an assertion is refused, in seconds.
    private static let tolerableClockOffset: Int64 = 30

    private let settings: GCSSettings
    private let transport: any HTTPTransport
    private let scheduler: any Scheduler
    private let wallClock: WallClock
    private let files: CredentialFiles
    private let onCredential: (String) -> Void
    private let requestSettings: StorageRequester.Settings
    private let log: Logger
    private var cache = StorageTokenCache(renewalMargin: GoogleTokenSource.renewalMargin)
    private let flight = SingleFlight<Result<String, StorageRequester.Unprepared>>()
    /// Nil until they are first needed, and where the metadata server stands for them.
    private var credentials: GoogleCredentials?
    /// The file that is named and not there.
    private var missingFile: String?
    /// The difference between Google's clock and ours, in seconds.
    private var clockOffset: Int64 = 0
    /// Once the metadata server has answered, its failures are transient.
    private var hasMetadataServerAnswered = false
    private let retrier: Retrier
    /// Whether this fetch was repeated with a new offset.
    private var isClockCorrected = false

    /// - Parameter onCredential: gets each key and token, so that it is hidden.
    init(
        settings: GCSSettings,
        transport: any HTTPTransport,
        scheduler: any Scheduler,
        wallClock: WallClock,
        files: CredentialFiles,
        onCredential: @escaping (String) -> Void,
        requestSettings: StorageRequester.Settings,
        log: Logger
    ) {
        self.settings = settings
        self.transport = transport
        self.scheduler = scheduler
        self.wallClock = wallClock
        self.files = files
        self.onCredential = onCredential
        self.requestSettings = requestSettings
        self.log = log
        // A constant backoff has no jitter, so any seed does.
        retrier = Retrier(scheduler: scheduler, seed: 0)
    }

    /// Gives a token, at once or later; all callers meanwhile wait for one fetch. Failures are retried by the caller that
    /// asks again.
    func token(_ ready: @escaping Completion) {
        if let token = cache.current(now: scheduler.now) { return ready(.success(token)) }
        flight.join(ready, fetch: fetch)
    }

    /// The service has refused the token.
    func reject(_ token: String) {
        cache.reject(token)
    }

    /// The project in which a missing bucket is made, as far as it can be known; later, from the loop.
    func project(_ completion: @escaping (String?) -> Void) {
        let known = settings.projectID ?? credentials?.projectID
        guard known == nil, isOnMetadataServer else {
            scheduler.schedule(after: .zero) { completion(known) }
            return
        }
        let request = GoogleRequest.metadata(settings.metadataServer, path: "project/project-id")
        send(request, isMetadata: true) { result in
            guard case .success(let response) = result, response.status == 200 else { return completion(nil) }
            let text = String(decoding: response.body, as: UTF8.self).trimmingWhitespace()
            completion(text.isEmpty ? nil : text)
        }
    }

    private var isOnMetadataServer: Bool { settings.identity == .metadataServer || missingFile != nil }

    // MARK: Fetching

    private func fetch() {
        isClockCorrected = false
        do throws(StorageFailure) {
            try readCredentials()
        } catch {
            return fail(error.message, isTemporary: false)
        }
        request()
    }

    /// Read for each fetch, once an hour, so that a replaced secret is used.
    private func readCredentials() throws(StorageFailure) {
        do throws(GoogleCredentials.Unusable) {
            switch settings.identity {
            case .none, .metadataServer: break
            case .inline(let json): credentials = try GoogleCredentials(parsing: Array(json.utf8))
            case .file(let path): credentials = try read(path)
            }
            for secret in credentials?.secrets ?? [] { onCredential(secret) }
        } catch {
            throw StorageFailure(message: "\(source) \(error.problem)")
        }
    }

    /// Nil where the file is missing: Airbyte's charts name one also where a workload identity is to be used.
    private func read(_ path: String) throws(GoogleCredentials.Unusable) -> GoogleCredentials? {
        let bytes: [UInt8]
        do throws(CredentialFiles.Problem) {
            bytes = try files.read(path)
        } catch {
            switch error {
            case .unreadable(let problem): throw GoogleCredentials.Unusable(problem: problem)
            case .missing:
                if missingFile == nil { log.warning("\(source) does not exist; asking the metadata server") }
                missingFile = path
                return nil
            }
        }
        missingFile = nil
        return try GoogleCredentials(parsing: bytes)
    }

    private func request() {
        switch credentials {
        case nil: askMetadataServer()
        case .serviceAccount(let account): askForItself(account)
        case .authorizedUser(let user):
            exchange(GoogleRequest.token(for: user), of: user.tokenURL) { [self] in keep($0) }
        case .externalAccount(let account): exchangeToken(account)
        }
    }

    private func askMetadataServer() {
        let scope = GoogleRequest.encoded(GoogleRequest.storageScope)
        let request = GoogleRequest.metadata(
            settings.metadataServer,
            path: "instance/service-accounts/default/token?scopes=\(scope)"
        )
        retrier.run(
            Self.metadataRetries,
            attempt: { [self] _, finish in
                send(request, isMetadata: true) { [self] result in
                    // A server that has answered once is there: whoever asks for the token repeats the fetch.
                    guard case .failure(let error) = result, error.isTemporary, !hasMetadataServerAnswered
                    else { return finish(.final(result)) }
                    finish(.transient(result, problem: error.message, retryAfter: nil))
                }
            },
            completion: { [self] result in takeMetadata(result) }
        )
    }

    private func takeMetadata(_ result: Result<HTTPResponse, HTTPTransportError>) {
        switch result {
        case .failure(let error):
            fail(error.message, isTemporary: error.isTemporary && hasMetadataServerAnswered)
        case .success(let response):
            hasMetadataServerAnswered = true
            take(response, from: settings.metadataServer.withoutUserInfo) { [self] in keep($0) }
        }
    }

    private func askForItself(_ account: GoogleCredentials.ServiceAccount) {
        let now = wallClock.secondsSince1970 + clockOffset
        guard let assertion = GoogleRequest.assertion(of: account, secondsSince1970: now) else {
            return fail("\(source) has a private_key that is no RSA key in PEM", isTemporary: false)
        }
        onCredential(assertion)
        let request = GoogleRequest.token(for: account, assertion: assertion)
        exchange(request, of: account.tokenURL) { [self] in keep($0) }
    }

    private func exchangeToken(_ account: GoogleCredentials.ExternalAccount) {
        let subjectToken: String
        do throws(StorageFailure) {
            subjectToken = try account.subjectToken(files)
        } catch {
            // Kubernetes may be replacing the file.
            return fail(error.message, isTemporary: true)
        }
        onCredential(subjectToken)
        let request = GoogleRequest.token(for: account, subjectToken: subjectToken)
        exchange(request, of: account.tokenURL) { [self] answer in
            guard let url = account.impersonationURL else { return keep(answer) }
            exchange(GoogleRequest.impersonation(url, federatedToken: answer.token), of: url) { [self] in
                keep($0)
            }
        }
    }

    /// Sends a request for a token.
    private func exchange(
        _ request: HTTPRequest,
        of service: String,
        _ accepted: @escaping (GoogleTokenAnswer) -> Void
    ) {
        send(request, isMetadata: false) { [self] result in
            switch result {
            case .failure(let error):
                fail(error.message, isTemporary: error.isTemporary)
            case .success(let response):
                take(response, from: service.withoutUserInfo, accepted)
            }
        }
    }

    private func send(
        _ request: HTTPRequest,
        isMetadata: Bool,
        _ completion: @escaping (Result<HTTPResponse, HTTPTransportError>) -> Void
    ) {
        var request = request
        request.connectTimeout =
            isMetadata ? Self.metadataConnectTimeout : requestSettings.connectTimeout
        request.totalTimeout =
            isMetadata ? Self.metadataTimeout : requestSettings.connectTimeout + requestSettings.readTimeout
        _ = transport.send(request, completion: completion)
    }

    private func take(
        _ response: HTTPResponse,
        from service: String,
        _ accepted: (GoogleTokenAnswer) -> Void
    ) {
        guard response.status == 200, !response.holdsPage else {
            let problem = GoogleProblem(response)
            if correctClock(problem, response) { return request() }
            return fail(
                "\(service) answered with \(problem.description)\(advice(problem))",
                isTemporary: problem.isTemporary
            )
        }
        do throws(GoogleTokenAnswer.Unusable) {
            let answer = try GoogleTokenAnswer(parsing: response.body)
            onCredential(answer.token)
            accepted(answer)
        } catch {
            fail("the answer of \(service) \(error.problem)", isTemporary: false)
        }
    }

    private func keep(_ answer: GoogleTokenAnswer) {
        cache.accept(answer.token, life: answer.life, now: scheduler.now)
        flight.finish(.success(answer.token))
    }

    // MARK: When it fails

    /// An assertion that is not of the present is refused: takes the time from the answer, once a fetch.
    private func correctClock(_ problem: GoogleProblem, _ response: HTTPResponse) -> Bool {
        guard problem.reason == "invalid_grant", case .serviceAccount = credentials, !isClockCorrected,
            let date = response.secondsSince1970,
            case let offset = date - wallClock.secondsSince1970,
            abs(offset - clockOffset) > Self.tolerableClockOffset
        else { return false }
        log.warning("the clock here differs from Google's by \(-offset) seconds")
        clockOffset = offset
        isClockCorrected = true
        return true
    }

    private func advice(_ problem: GoogleProblem) -> String {
        switch (credentials, problem.reason) {
        case (.serviceAccount, "invalid_grant"):
            "; the account or its key may have been deleted or disabled: give a new key to \(source)"
        case (.authorizedUser, "invalid_grant"):
            "; log in again, or better, use a service account"
        case (nil, _) where problem.status == 404:
            "; give the pod's Kubernetes service account an IAM service account, or set "
                + "GOOGLE_APPLICATION_CREDENTIALS"
        default: ""
        }
    }

    private func fail(_ problem: String, isTemporary: Bool) {
        if let old = cache.fallBack(now: scheduler.now) {
            log.warning(
                "no new Google access token was given: \(problem); the present one is used to its end"
            )
            return flight.finish(.success(old))
        }
        let note = missingFile == nil ? "" : " (\(source) does not exist)"
        let hint =
            credentials == nil && settings.identity == .metadataServer && !hasMetadataServerAnswered
            ? "; where this does not run on Google Cloud, set GOOGLE_APPLICATION_CREDENTIALS" : ""
        let failure = StorageFailure(message: "no Google access token was given: \(problem)\(note)\(hint)")
        flight.finish(.failure(.init(failure: failure, isTemporary: isTemporary)))
    }

    /// For messages.
    private var source: String {
        switch settings.identity {
        case .file(let path): "the file \(path.escapingControlCharacters()) of GOOGLE_APPLICATION_CREDENTIALS"
        default: "GOOGLE_APPLICATION_CREDENTIALS"
        }
    }
}
