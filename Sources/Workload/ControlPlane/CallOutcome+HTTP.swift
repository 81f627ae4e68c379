import AirbyteProtocol
import HTTP

/// What the body of a call's success is, which tells the service's own answer from a gateway's.
enum ExpectedAnswer: Hashable, Sendable {
    /// 204.
    case noContent
    /// 204, or 200 with no body or with JSON, which counts as the same.
    case noContentOrOK
    /// 200 or 201 with JSON.
    case document

    /// Whether a 2xx is an answer of the service. A gateway's sign-in page is none, whatever its status.
    func accepts(_ response: HTTPResponse) -> Bool {
        switch self {
        case .noContent:
            response.status == 204
        case .noContentOrOK:
            response.status == 204
                || response.status == 200 && !response.isPage && (response.body.isEmpty || response.isJSON)
        case .document:
            (response.status == 200 || response.status == 201) && response.isJSON
        }
    }

    /// Continues "the service itself answers with …".
    fileprivate var description: String {
        switch self {
        case .noContent, .noContentOrOK: "204"
        case .document: "200 and JSON"
        }
    }
}

extension CallOutcome {
    /// Classifies the end of an exchange.
    ///
    /// - Parameters:
    ///   - call: names it in messages, such as `PUT http://host/path`.
    ///   - expected: what the service answers with where the call has succeeded.
    ///   - quotingBody: false where an answer's body could hold a secret.
    init(
        _ result: Result<HTTPResponse, HTTPTransportError>,
        call: String,
        expecting expected: ExpectedAnswer,
        quotingBody: Bool = true
    ) {
        switch result {
        case .failure(let error):
            let words = error.answer?.words(quotingBody: quotingBody) ?? ""
            self =
                error.isTemporary
                ? .unavailable("\(call) failed: \(error.message)\(words)", retryAfter: nil)
                : .refused("\(call) cannot be sent: \(error.message)")
        case .success(let response):
            self.init(response, call: call, expected, quotingBody: quotingBody)
        }
    }

    private init(_ response: HTTPResponse, call: String, _ expected: ExpectedAnswer, quotingBody: Bool) {
        if 200..<300 ~= response.status, expected.accepts(response) {
            self = .accepted(body: response.body)
            return
        }
        let problem = "\(call) was answered with \(response.summary(quotingBody: quotingBody))"
        switch response.status {
        case 200..<300:
            // Not from the service, so the service has not been reached.
            self = .unavailable(
                "\(problem); this is a gateway's answer: the service itself answers with \(expected.description)",
                retryAfter: response.retryAfter
            )
        case 401, 403: self = .unauthorized(problem)
        case 404: self = .notFound(problem)
        case 410: self = .gone
        case 408, 429, 500...: self = .unavailable(problem, retryAfter: response.retryAfter)
        default: self = .refused(problem)
        }
    }
}

extension HTTPResponse {
    /// Whether the body is JSON and is not declared as anything else.
    fileprivate var isJSON: Bool {
        if let mediaType, !mediaType.isEmpty, mediaType != "application/json", mediaType != "text/json",
            !mediaType.hasSuffix("+json")
        {
            return false
        }
        return (try? JSONDocument(parsing: body)) != nil
    }
}
