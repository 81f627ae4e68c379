import AirbyteProtocol
import HTTP
import Logging
import Scheduling
import Text

/// Sends requests to the blob service of one account: signed, with a date and a version, repeated where that helps.
final class AzureBlobClient {
    /// One request in the service's terms.
    struct Operation {
        /// Names it in messages, without secrets: `PUT of /key`.
        var what: String
        var method = Method.put
        /// The blob's key; nil for the container itself.
        var key: String?
        var query: [AzureRequest.Parameter] = []
        var headers: [HTTPHeader] = []
        /// Nil only for what is not put.
        var body: [UInt8]? = []
        /// Error codes that the caller deals with: an answer that has one of them counts as accepted.
        var expectedCodes: Set<String> = []
    }

    enum Method: String {
        case put = "PUT"
        case get = "GET"
        case delete = "DELETE"

        /// The status of a success: what is put is created, and a deletion goes on behind the answer.
        fileprivate var success: Int {
            switch self {
            case .put: 201
            case .get: 200
            case .delete: 202
            }
        }
    }

    /// The version that all of this is written for; Azure keeps old ones, and emulators know it too.
    static let serviceVersion = "2020-10-02"

    /// Azure refuses dates that are 15 minutes off. A clock that is wrong by less is not why a request was refused.
    static let toleratedSkew: Int64 = 300

    let container: String
    /// `host:port`, for messages.
    let host: String
    private let origin: String
    /// The endpoint's own path: an emulator's account.
    private let basePath: String
    private let authorization: AzureSettings.Authorization
    private let requester: StorageRequester
    private let tokens: AzureTokenSource?
    private let wallClock: WallClock
    private let log: Logger
    /// What the service's clock is ahead of ours, in seconds, as far as it has mattered.
    private var clockOffset: Int64 = 0

    init(
        settings: AzureSettings,
        container: String,
        requester: StorageRequester,
        tokens: AzureTokenSource?,
        wallClock: WallClock,
        log: Logger
    ) {
        let endpoint = AzureEndpoint(settings.blobEndpoint)
        origin = endpoint.origin
        basePath = endpoint.path
        host = origin.withoutUserInfo.split(separator: "/").last.map(String.init) ?? ""
        authorization = settings.authorization
        self.container = container
        self.requester = requester
        self.tokens = tokens
        self.wallClock = wallClock
        self.log = log
    }

    /// Performs one request to its end; the completion is called once, later, from the loop.
    func perform(_ operation: Operation, completion: @escaping StorageRequester.Completion) {
        let preposition = operation.method == .put ? "to" : "in"
        let what = "\(operation.what) \(preposition) Azure container \(container) at \(host)"
            .escapingControlCharacters()
        // A new token that is refused again is a final failure.
        var isTokenRenewed = false
        var sentToken: String?
        requester.perform(
            what,
            prepare: { [self] ready in
                let request = request(operation)
                guard let tokens else { return ready(.success(authorized(request))) }
                tokens.token { [self] result in
                    if case .success(let token) = result { sentToken = token }
                    ready(result.map { finished(request, authorization: "Bearer \($0)") })
                }
            },
            judge: { [self] response in
                let answer = AzureAnswer(response, success: operation.method.success)
                if answer.isAccepted || operation.expectedCodes.contains(answer.code) { return .accepted }
                let failure = answer.failure(what, advice: answer.advice(authorization))
                if answer.isTemporary { return .retry(failure) }
                if answer.status == 401, let tokens, let sentToken, !isTokenRenewed {
                    tokens.reject(sentToken)
                    isTokenRenewed = true
                    return .corrected(failure)
                }
                if answer.code == "AuthenticationFailed", correctClock(by: response) {
                    return .corrected(failure)
                }
                return .failed(failure)
            },
            completion: completion
        )
    }

    private var secondsSince1970: Int64 { wallClock.secondsSince1970 + clockOffset }

    private func request(_ operation: Operation) -> AzureRequest {
        var path = "\(basePath)/\(AzureRequest.encoded(container))"
        if let key = operation.key { path += "/" + AzureRequest.encoded(key) }
        return AzureRequest(
            method: operation.method.rawValue,
            origin: origin,
            path: path,
            query: operation.query,
            headers: operation.headers + [
                HTTPHeader("x-ms-date", HTTPDate.text(secondsSince1970: secondsSince1970)),
                HTTPHeader("x-ms-version", Self.serviceVersion),
            ],
            body: operation.body
        )
    }

    private func authorized(_ request: AzureRequest) -> HTTPRequest {
        switch authorization {
        case .sharedKey(let key): finished(request, authorization: key.authorization(for: request))
        case .sharedAccessSignature(let signature): finished(request, signature: signature)
        case .workloadIdentity: preconditionFailure("a workload identity has a source of tokens")
        }
    }

    private func finished(
        _ request: AzureRequest,
        authorization: String? = nil,
        signature: AzureSharedAccessSignature? = nil
    ) -> HTTPRequest {
        HTTPRequest(
            method: request.method,
            url: request.url(signature: signature),
            headers: request.headers + (authorization.map { [HTTPHeader("Authorization", $0)] } ?? []),
            body: request.body,
            // The requester fills these in.
            connectTimeout: .zero,
            totalTimeout: .zero
        )
    }

    /// Takes the service's clock where ours is so wrong that signatures are refused for it; false where it is not.
    private func correctClock(by response: HTTPResponse) -> Bool {
        guard case .sharedKey = authorization,
            let date = response.secondsSince1970,
            abs(date - secondsSince1970) > Self.toleratedSkew
        else { return false }
        clockOffset = date - wallClock.secondsSince1970
        log.warning("the clock here differs from that of Azure at \(host) by \(-clockOffset) seconds")
        return true
    }
}
