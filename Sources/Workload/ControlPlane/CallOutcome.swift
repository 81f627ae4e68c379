/// How one call to the platform ended, as far as decisions depend on it.
package enum CallOutcome: Hashable, Sendable {
    /// 2xx; the body is what the call gave.
    case accepted(body: [UInt8])
    /// 410: the workload is in a terminal state.
    case gone
    /// 404.
    case notFound(String)
    /// Transient: no connection, a timeout, 408, 429, 5xx. `retryAfter` is what the server asked for.
    case unavailable(String, retryAfter: Duration?)
    /// 401 or 403, a fresh token included.
    case unauthorized(String)
    /// Any other answer: a retry would not help.
    case refused(String)

    /// What went wrong, for people; nil where nothing did.
    package var problem: String? {
        switch self {
        case .accepted: nil
        case .gone: "410 Gone"
        case .notFound(let text), .unavailable(let text, _), .unauthorized(let text), .refused(let text): text
        }
    }
}
