/// A transport that its owner can close: then nothing more is sent, and no answer arrives.
public final class ClosableTransport: HTTPTransport {
    private let transport: any HTTPTransport
    private var exchanges: [HTTPExchangeID] = []
    private var isClosed = false

    public init(_ transport: any HTTPTransport) {
        self.transport = transport
    }

    /// Cancels what is under way. A request that is sent later is dropped, and its completion is never called.
    public func close() {
        isClosed = true
        for exchange in exchanges { transport.cancel(exchange) }
        exchanges = []
    }

    public func send(
        _ request: HTTPRequest,
        completion: @escaping (Result<HTTPResponse, HTTPTransportError>) -> Void
    ) -> HTTPExchangeID {
        guard !isClosed else { return HTTPExchangeID(rawValue: .max) }
        var started: HTTPExchangeID?
        let exchange = transport.send(request) { [weak self] result in
            if let started { self?.exchanges.removeAll { $0 == started } }
            completion(result)
        }
        started = exchange
        exchanges.append(exchange)
        return exchange
    }

    public func cancel(_ exchange: HTTPExchangeID) {
        guard let place = exchanges.firstIndex(of: exchange) else { return }
        exchanges.remove(at: place)
        transport.cancel(exchange)
    }
}
