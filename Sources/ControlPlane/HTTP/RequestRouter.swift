/// Decides what a request is and how it is answered. It lives on the server's thread.
public protocol RequestRouter: AnyObject {
    func route(_ request: ReceivedRequest) -> RoutedRequest
}

/// A request that has come in whole.
public struct ReceivedRequest: Sendable {
    public var head: HTTPRequestHead
    /// Length of the body, in bytes.
    public var byteCount: Int
    /// The beginning of the body, up to the server's bound.
    public var body: [UInt8]

    public init(head: HTTPRequestHead, byteCount: Int, body: [UInt8]) {
        self.head = head
        self.byteCount = byteCount
        self.body = body
    }
}

/// What a router makes of a request.
public struct RoutedRequest: Sendable {
    public var kind: ReceivedCall.Kind
    /// Empty where the request does not name it.
    public var workloadID: String
    /// See `ReceivedCall.byteCount`.
    public var byteCount: Int
    public var problem: String?
    public var answer: HTTPAnswer

    public init(
        kind: ReceivedCall.Kind,
        workloadID: String = "",
        byteCount: Int,
        answer: HTTPAnswer,
        problem: String? = nil
    ) {
        self.kind = kind
        self.workloadID = workloadID
        self.byteCount = byteCount
        self.answer = answer
        self.problem = problem
    }

    /// Makes it a violation.
    public mutating func refuse(_ problem: String, _ answer: HTTPAnswer = .badRequest) {
        kind = .violation
        self.problem = problem
        self.answer = answer
    }
}
