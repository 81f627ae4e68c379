import HTTP

/// Changes requests on their way.
package final class Tampering: HTTPTransport {
    private let transport: any HTTPTransport
    private let change: (inout HTTPRequest) -> Void

    package init(_ transport: any HTTPTransport, _ change: @escaping (inout HTTPRequest) -> Void) {
        self.transport = transport
        self.change = change
    }

    package func send(
        _ request: HTTPRequest,
        completion: @escaping (Result<HTTPResponse, HTTPTransportError>) -> Void
    ) -> HTTPExchangeID {
        var request = request
        change(&request)
        return transport.send(request, completion: completion)
    }

    package func cancel(_ exchange: HTTPExchangeID) {
        transport.cancel(exchange)
    }
}
