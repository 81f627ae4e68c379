import HTTP

/// Observes requests for somebody who comes later: the process's requests begin before its workload is known.
final class LateObserver: RequestObserver {
    /// The first one counts; the requests of a process with several workloads belong to none of them.
    weak var observer: (any RequestObserver)?

    func willSend(
        _ request: inout HTTPRequest
    ) -> ((Result<HTTPResponse, HTTPTransportError>) -> Void)? {
        observer?.willSend(&request)
    }
}
