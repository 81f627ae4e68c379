import HTTP
import Scheduling
import Text

/// Posts the requests of one signal, one after the other.
///
/// Retries are for connections that fail and for the four statuses that OTLP names (OTLP 1.9, "Retryable Response
/// Codes"): all else is final. So is a timeout, since the receiver may have taken everything.
final class OTLPSender {
    /// A receiver that restarts is back within them: 16 s in all, with jitter at least 8.
    static let retries = RetryPolicy(firstDelay: .milliseconds(500), maxRetries: 5)

    /// At the end, no later retry is waited for: the process is about to go.
    static let maxDelayAtEnd: Duration = .seconds(1)

    private static let retriedStatuses = [429, 502, 503, 504]

    private let settings: OTLPSettings
    private let signal: OTLPSignal
    private let context: OTLPContext
    private let retrier: Retrier

    /// What was asked last, and who wants to know how it ends.
    private var sending: Sending?
    private var isFinishing = false
    private var hasWarned = false
    /// Whether the last request failed, with all its retries.
    private var isFailing = false
    /// Whether a request was given up at the end. Then nothing more is to be sent.
    private(set) var hasGivenUp = false

    private struct Sending {
        var request: HTTPRequest
        var itemCount: Int
        var completion: (_ isTaken: Bool) -> Void
        var run: RetryRun<End>?
        var exchange: HTTPExchangeID?
        /// Why the last attempt failed.
        var problem: String?
        /// When the next attempt starts, while that is waited for, and whether the receiver has asked for it.
        var retry: (start: Instant, isAskedFor: Bool)?
    }

    private enum End {
        case taken(HTTPResponse)
        case failed(problem: String)
    }

    init(_ settings: OTLPSettings, _ signal: OTLPSignal, _ context: OTLPContext) {
        self.settings = settings
        self.signal = signal
        self.context = context
        retrier = Retrier(scheduler: context.scheduler, seed: context.seed)
    }

    /// Whether a request is under way.
    var isBusy: Bool { sending != nil }

    /// Sends one request; none may be under way.
    ///
    /// - Parameter completion: called once, later or by `hurry`, and not after a cancellation.
    func send(_ body: [UInt8], itemCount: Int, completion: @escaping (_ isTaken: Bool) -> Void) {
        precondition(sending == nil && !hasGivenUp, "one request at a time")
        sending = Sending(request: request(body), itemCount: itemCount, completion: completion)
        start()
    }

    /// From now on no time is lost: a retry that waits for its backoff starts at once, one that would come too late is
    /// given up, and a receiver that has failed before gets no retries. The completion can be called within this call.
    func hurry() {
        isFinishing = true
        guard let retry = sending?.retry else { return }
        if !retry.isAskedFor {
            sending?.run?.cancel()
            start()
        } else if retry.start - context.scheduler.now > Self.maxDelayAtEnd {
            giveUp()
        }
    }

    /// Ends the request that is under way.
    ///
    /// - Returns: how many items it had.
    func cancel() -> Int {
        guard let sending else { return 0 }
        sending.run?.cancel()
        if let exchange = sending.exchange { context.transport.cancel(exchange) }
        self.sending = nil
        warn(sending.problem ?? "POST \(address) was not answered in time")
        return sending.itemCount
    }

    // MARK: - A request

    private func request(_ body: [UInt8]) -> HTTPRequest {
        var headers = [
            HTTPHeader(
                "Content-Type",
                settings.encoding == .protobuf ? "application/x-protobuf" : "application/json"
            )
        ]
        var body = body
        if settings.usesGzip, let compressed = Gzip.compressed(body) {
            headers.append(HTTPHeader("Content-Encoding", "gzip"))
            body = compressed
        }
        return HTTPRequest(
            method: "POST",
            url: settings.endpoint,
            headers: headers + settings.headers,
            body: body,
            connectTimeout: settings.timeout,
            totalTimeout: settings.timeout
        )
    }

    private func start() {
        sending?.retry = nil
        var retryAfter: Duration?
        let run = retrier.run(
            Self.retries,
            attempt: { [self] _, finish in
                guard let request = sending?.request else { return }
                sending?.retry = nil
                let exchange = context.transport.send(request) { [self] result in
                    sending?.exchange = nil
                    let end = end(of: result)
                    if case .transient(_, let problem, let delay) = end {
                        sending?.problem = problem
                        retryAfter = delay
                    }
                    finish(end)
                }
                sending?.exchange = exchange
            },
            onRetry: { [self] retry in
                sending?.retry = (context.scheduler.now + retry.delay, retryAfter != nil)
                if isFinishing, isFailing || retry.delay > Self.maxDelayAtEnd { giveUp() }
            },
            completion: { [self] end in take(end) }
        )
        sending?.run = run
    }

    private func end(
        of result: Result<HTTPResponse, HTTPTransportError>
    ) -> Retrier.AttemptEnd<End> {
        switch result {
        case .failure(let error):
            let problem = "POST \(address): \(error.message)"
            guard [.nameResolution, .connect, .interrupted].contains(error.kind) else {
                return .final(.failed(problem: problem))
            }
            return .transient(.failed(problem: problem), problem: problem, retryAfter: nil)
        case .success(let response):
            // A portal's page is a success of its own.
            if (200..<300).contains(response.status), !response.isPage { return .final(.taken(response)) }
            var problem =
                "POST \(address) was answered with \(OTLPAnswer.refusal(response, secrets: secrets))"
            if response.status == 400, settings.usesGzip {
                problem += "; perhaps it takes no gzip, which OTEL_EXPORTER_OTLP_COMPRESSION=none turns off"
            }
            guard Self.retriedStatuses.contains(response.status) else {
                return .final(.failed(problem: problem))
            }
            return .transient(.failed(problem: problem), problem: problem, retryAfter: response.retryAfter)
        }
    }

    private func giveUp() {
        hasGivenUp = true
        sending?.run?.cancel()
        take(.failed(problem: sending?.problem ?? "POST \(address) failed"))
    }

    private func take(_ end: End) {
        guard let sending else { return }
        // Still busy meanwhile: a warning can be a log record that is to be sent.
        let isTaken: Bool
        switch end {
        case .failed(let problem):
            isTaken = false
            isFailing = true
            warn(problem)
        case .taken(let response):
            isTaken = true
            isFailing = false
            if let partial = OTLPAnswer.partialSuccess(in: response) { take(partial) }
        }
        self.sending = nil
        sending.completion(isTaken)
    }

    private func take(_ partial: OTLPAnswer.PartialSuccess) {
        let reason =
            partial.message.isEmpty || secrets.contains { partial.message.contains($0) }
            ? "" : ": \(partial.message)"
        warn("POST \(address) was answered with \(partial.rejected) \(signal.items) rejected\(reason)")
        if partial.rejected > 0 { context.onDrop(signal.rawValue, partial.rejected) }
    }

    // MARK: - Words

    private func warn(_ problem: String) {
        guard !hasWarned else { return }
        hasWarned = true
        context.onTrouble("Some of the \(signal.rawValue) did not reach the OTLP receiver: \(problem)")
    }

    /// Without credentials, and without the query, which can hold some.
    private var address: String {
        String(settings.endpoint.withoutUserInfo.prefix { $0 != "?" && $0 != "#" })
    }

    /// What no message may repeat: the words of the headers' values. Short ones, such as `true`, are none.
    private var secrets: [String] {
        settings.headers.flatMap { header in
            header.value.split { " ,;=".contains($0) }.map(String.init).filter { $0.utf8.count >= 6 }
        }
    }
}
