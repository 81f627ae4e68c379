import HTTP
import Scheduling

/// A platform that answers every call in a later tick: with 204, or with an access token for `POST /token`.
package final class FakePlatform: HTTPTransport {
    /// Method and path of each call, and the body.
    package private(set) var calls: [(name: String, body: String)] = []

    /// A JSON Web Token that is valid for an hour: header {}, payload {"iat":1,"exp":3601}.
    private static let token = #"{"access_token":"e30.eyJpYXQiOjEsImV4cCI6MzYwMX0.x"}"#

    private let scheduler: any Scheduler
    private var cancelled: Set<HTTPExchangeID> = []

    package init(scheduler: any Scheduler) {
        self.scheduler = scheduler
    }

    package func send(
        _ request: HTTPRequest,
        completion: @escaping (Result<HTTPResponse, HTTPTransportError>) -> Void
    ) -> HTTPExchangeID {
        let path = request.url.split(separator: "/").dropFirst(2).joined(separator: "/")
        calls.append(("\(request.method) /\(path)", String(decoding: request.bodyBytes ?? [], as: UTF8.self)))
        let id = HTTPExchangeID(rawValue: UInt64(calls.count))
        let isToken = calls.last?.name == "POST /token"
        scheduler.schedule(after: .zero) { [weak self] in
            guard self?.cancelled.contains(id) == false else { return }
            let answer =
                isToken ? HTTPResponse(status: 200, body: Array(Self.token.utf8)) : HTTPResponse(status: 204)
            completion(.success(answer))
        }
        return id
    }

    package func cancel(_ exchange: HTTPExchangeID) {
        cancelled.insert(exchange)
    }
}
