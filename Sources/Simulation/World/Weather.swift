import Scheduling

/// What a request does for the sidecar, and which service takes it.
package enum CallKind: String, CaseIterable, Sendable {
    case running, heartbeat, success, failure
    case writeOutput, writeCatalog, getActor, updateActor
    case token
    case putOutput, putLog

    enum Service: CaseIterable {
        case workloadAPI, serverAPI, tokenEndpoint, objectStore
    }

    var service: Service {
        switch self {
        case .running, .heartbeat, .success, .failure: .workloadAPI
        case .writeOutput, .writeCatalog, .getActor, .updateActor: .serverAPI
        case .token: .tokenEndpoint
        case .putOutput, .putLog: .objectStore
        }
    }

    var isContact: Bool { self == .running || self == .heartbeat }
    var isReport: Bool { self == .success || self == .failure }
    /// Whether it puts the job output where the platform reads it.
    var storesOutput: Bool { self == .writeOutput || self == .putOutput }
}

/// What becomes of one request.
enum Fate: CaseIterable, Sendable {
    /// The service takes it and its answer arrives.
    case answered
    /// The same, but it takes long.
    case slow
    case connectionRefused
    /// The connection ends before the service has read the request.
    case resetBefore
    /// The service has taken it, and the connection ends before its answer.
    case resetAfter
    /// No answer comes, and the service has not seen it.
    case timeoutBefore
    /// No answer comes, although the service has taken it.
    case timeoutAfter
    /// The service takes it after the sidecar has given up.
    case lateEffect
    /// A kept connection was dead: the transport sends it again, and the service sees it twice.
    case twice
    case serverError
    /// The service has taken it, and a gateway says 502.
    case serverErrorAfter
    case throttled
    /// A portal's page in place of an answer.
    case page
    /// A final refusal.
    case refused
    case unauthorized
    case proxyRefusal
    /// The answer has the right status and something else in it.
    case odd

    var fault: Fault? {
        switch self {
        case .answered: nil
        case .slow: .slowAnswer
        case .connectionRefused: .connectionRefused
        case .resetBefore: .resetBeforeEffect
        case .resetAfter: .resetAfterEffect
        case .timeoutBefore: .timeoutBeforeEffect
        case .timeoutAfter: .timeoutAfterEffect
        case .lateEffect: .lateEffect
        case .twice: .staleConnection
        case .serverError: .serverError
        case .serverErrorAfter: .serverErrorAfterEffect
        case .throttled: .throttled
        case .page: .gatewayPage
        case .refused: .refused
        case .unauthorized: .credentialsRefused
        case .proxyRefusal: .proxyRefusal
        case .odd: .oddAnswer
        }
    }
}

/// What requests meet, and when.
struct Weather: Sendable {
    /// For a while, most requests of some kinds have the same fate.
    struct Front: Sendable {
        var start: Duration
        var end: Duration
        var calls: Set<CallKind>
        var fate: Fate
    }

    var fronts: [Front] = []
    /// How often a request outside of a front meets with something, from 0 to 1.
    var badLuck = 0.0
    var latency: ClosedRange<Int> = 1...20

    /// The fate of a request that is sent now.
    func fate(of call: CallKind, at elapsed: Duration, using random: inout SplitMix64) -> Fate {
        for front in fronts where front.calls.contains(call) && (front.start..<front.end).contains(elapsed) {
            if Int.random(in: 0..<10, using: &random) > 0 { return front.fate }
        }
        guard Double.random(in: 0..<1, using: &random) < badLuck else { return .answered }
        // Random strikes pass; what is final comes in fronts only, or hardly a run would end well.
        let passing: [Fate] = [
            .slow, .connectionRefused, .resetBefore, .resetAfter, .timeoutBefore, .timeoutAfter, .lateEffect,
            .twice, .serverError, .serverErrorAfter, .throttled, .page, .unauthorized, .odd,
        ]
        return passing.randomElement(using: &random) ?? .answered
    }

    /// In milliseconds.
    func delay(using random: inout SplitMix64) -> Duration {
        .milliseconds(Int.random(in: latency, using: &random))
    }
}
