import Containers
import HTTP
import Telemetry

/// Counts what a workload's requests have to do with each other, and lets telemetry observe them.
final class RequestTally: RequestObserver {
    /// Attempts that repeated an earlier one, by call.
    private(set) var retries = SmallMap<RequestPurpose.Call, Int>()
    /// Nil where nothing is sent about the workload.
    var telemetry: Telemetry?

    func willSend(
        _ request: inout HTTPRequest
    ) -> ((Result<HTTPResponse, HTTPTransportError>) -> Void)? {
        if let purpose = request.purpose, purpose.attempt > 1 {
            retries[purpose.call] = (retries[purpose.call] ?? 0) + 1
        }
        return telemetry?.willSend(&request)
    }
}
