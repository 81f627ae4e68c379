import CurlTransport

extension CallOutcome {
    /// So much of an error's body is quoted at most: enough for a message, too little for a page.
    private static let longestQuote = 300

    /// Classifies the end of an exchange.
    ///
    /// - Parameters:
    ///   - call: names it in messages, such as `PUT http://host/path`.
    ///   - quotingBody: false where an error's body could hold a secret.
    init(_ result: Result<HTTPResponse, HTTPTransportError>, call: String, quotingBody: Bool = true) {
        switch result {
        case .failure(let error):
            self =
                error.isTemporary
                ? .unavailable("\(call) failed: \(error.message)", retryAfter: nil)
                : .refused("\(call) cannot be sent: \(error.message)")
        case .success(let response):
            self.init(response, call: call, quotingBody: quotingBody)
        }
    }

    private init(_ response: HTTPResponse, call: String, quotingBody: Bool) {
        let quote = quotingBody ? Self.quote(response.body) : ""
        let problem = "\(call) was answered with \(response.status)\(quote)"
        switch response.status {
        case 200..<300: self = .accepted(body: response.body)
        case 401, 403: self = .unauthorized(problem)
        case 404: self = .notFound(problem)
        case 410: self = .gone
        case 408, 429, 500...: self = .unavailable(problem, retryAfter: response.retryAfter)
        default: self = .refused(problem)
        }
    }

    private static func quote(_ body: [UInt8]) -> String {
        let text = String(decoding: body.prefix(longestQuote), as: UTF8.self).trimmingWhitespace()
        guard !text.isEmpty else { return "" }
        return ": " + text.escapingControlCharacters() + (body.count > longestQuote ? " …" : "")
    }
}
