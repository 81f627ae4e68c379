import HTTP
import Scheduling

/// A platform that answers every call in a later tick: 204, or a catalog's id.
package final class FakePlatform: HTTPTransport {
    /// Method and path of each call, and the body.
    package private(set) var calls: [(name: String, body: String)] = []

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
        scheduler.schedule(after: .zero) { [weak self] in
            guard self?.cancelled.contains(id) == false else { return }
            completion(.success(HTTPResponse(status: 204)))
        }
        return id
    }

    package func cancel(_ exchange: HTTPExchangeID) {
        cancelled.insert(exchange)
    }
}
