/// Learns of each request and of its answer.
public protocol RequestObserver: AnyObject {
    /// A request is about to be sent. The observer may add header fields.
    ///
    /// - Returns: what is to be called with the answer, before whoever waits for it is; nil if nothing is.
    func willSend(_ request: inout HTTPRequest) -> ((Result<HTTPResponse, HTTPTransportError>) -> Void)?
}

/// A transport whose requests are observed. The observer does not learn of exchanges that are cancelled.
public final class ObservedTransport: HTTPTransport {
    private let transport: any HTTPTransport
    private let observer: any RequestObserver

    public init(_ transport: any HTTPTransport, observer: any RequestObserver) {
        self.transport = transport
        self.observer = observer
    }

    public func send(
        _ request: HTTPRequest,
        completion: @escaping (Result<HTTPResponse, HTTPTransportError>) -> Void
    ) -> HTTPExchangeID {
        var request = request
        guard let observe = observer.willSend(&request) else {
            return transport.send(request, completion: completion)
        }
        return transport.send(request) { result in
            observe(result)
            completion(result)
        }
    }

    public func cancel(_ exchange: HTTPExchangeID) {
        transport.cancel(exchange)
    }
}
