import HTTP

/// Keeps requests until the test answers them, one after the other.
package final class FakeTransport: HTTPTransport {
    package typealias Completion = (Result<HTTPResponse, HTTPTransportError>) -> Void

    /// Everything that was sent, answered or not.
    package private(set) var requests: [HTTPRequest] = []
    private var waiting: [(id: HTTPExchangeID, completion: Completion)] = []

    package init() {}

    package func send(_ request: HTTPRequest, completion: @escaping Completion) -> HTTPExchangeID {
        requests.append(request)
        let id = HTTPExchangeID(rawValue: UInt64(requests.count))
        waiting.append((id, completion))
        return id
    }

    package func cancel(_ exchange: HTTPExchangeID) {
        waiting.removeAll { $0.id == exchange }
    }

    /// How many requests have had no answer yet.
    package var unanswered: Int { waiting.count }

    /// Answers the oldest request that has had none.
    package func answer(_ status: Int, _ body: String = "", headers: [HTTPHeader] = []) {
        answer(HTTPResponse(status: status, headers: headers, body: Array(body.utf8)))
    }

    package func answer(_ response: HTTPResponse) { answer(.success(response)) }

    /// The oldest request that has had no answer fails.
    package func fail(_ kind: HTTPTransportError.Kind, _ message: String = "host: no luck") {
        answer(.failure(HTTPTransportError(kind: kind, message: message)))
    }

    private func answer(_ result: Result<HTTPResponse, HTTPTransportError>) {
        precondition(!waiting.isEmpty, "nothing was asked")
        waiting.removeFirst().completion(result)
    }

    /// Method and path of each request.
    package var calls: [String] {
        requests.map { request in
            let path =
                request.url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).last ?? ""
            return request.method + " /" + (path.split(separator: "/", maxSplits: 1).last ?? "")
        }
    }
}

extension HTTPRequest {
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    package var bodyText: String { String(decoding: bodyBytes ?? [], as: UTF8.self) }
}
