import AirbyteProtocol
import Crypto
import HTTP
import Scheduling

/// The services' side: what the platform and its stores know. Answers truthfully; the network decides what arrives.
package final class SimulatedPlatform {
    package enum WorkloadState: String {
        case claimed, running, success, failure, cancelled, unknown

        var isTerminal: Bool { [.success, .failure, .cancelled].contains(self) }
    }

    package private(set) var state = WorkloadState.claimed
    /// The job outputs that were stored, by where, in the order of their arrival.
    package private(set) var outputs: [(place: CallKind, document: [UInt8])] = []
    package private(set) var catalogs: [[UInt8]] = []

    private let timeline: Timeline
    private let usesTokens: Bool
    /// How long a token is valid, in seconds.
    private let tokenLife: Int
    /// The tokens that were given, and when each ends.
    private var ends: [String: Instant] = [:]
    /// All that were given, in order.
    package private(set) var tokens: [String] = []

    init(_ timeline: Timeline, usesTokens: Bool, tokenLife: Int, isUnknown: Bool) {
        self.timeline = timeline
        self.usesTokens = usesTokens
        self.tokenLife = tokenLife
        if isUnknown { state = .unknown }
    }

    /// A user cancels the job, or the platform's monitor fails it.
    func cancelWorkload() {
        if !state.isTerminal { state = .cancelled }
    }

    /// The identity provider forgets what it gave.
    func revokeTokens() {
        ends = [:]
    }

    /// Stores an output in a folder.
    func storeInFolder(_ document: [UInt8]) {
        outputs.append((.putOutput, document))
    }

    func answer(_ call: CallKind, _ request: HTTPRequest, _ body: [UInt8]) -> HTTPResponse {
        if [.workloadAPI, .serverAPI].contains(call.service), usesTokens, !isAuthorized(request) {
            return json(401, #"{"message":"the token is not valid"}"#)
        }
        switch call {
        case .running, .heartbeat, .success, .failure: return workload(call)
        case .token: return token()
        case .writeOutput:
            guard let document = try? JSONDocument(parsing: body),
                let output = document.root[member: "output"]?.string
            else { return json(400, #"{"message":"not an output"}"#) }
            outputs.append((call, Array(output.utf8)))
            return HTTPResponse(status: 204)
        case .writeCatalog:
            catalogs.append(body)
            return json(200, #"{"catalogId":"c-\#(catalogs.count)"}"#)
        case .getActor: return json(200, #"{"name":"an actor","resourceAllocation":null}"#)
        case .updateActor:
            return json(200, #"{"name":"an actor"}"#)
        case .putOutput:
            outputs.append((call, body))
            return stored(body)
        case .putLog:
            return stored(body)
        }
    }

    private func workload(_ call: CallKind) -> HTTPResponse {
        guard state != .unknown else { return json(404, #"{"message":"no such workload"}"#) }
        switch call {
        case .running:
            guard !state.isTerminal else { return gone }
            state = .running
        case .heartbeat:
            guard state == .running else { return gone }
        default:
            let wanted: WorkloadState = call == .success ? .success : .failure
            guard !state.isTerminal || state == wanted else { return gone }
            state = wanted
        }
        return HTTPResponse(status: 204)
    }

    private var gone: HTTPResponse { json(410, #"{"message":"terminal"}"#) }

    private func json(_ status: Int, _ text: String) -> HTTPResponse {
        HTTPResponse(
            status: status,
            headers: [HTTPHeader("Content-Type", "application/json")],
            body: Array(text.utf8)
        )
    }

    private func stored(_ body: [UInt8]) -> HTTPResponse {
        HTTPResponse(status: 200, headers: [HTTPHeader("ETag", "\"\(body.count)\"")])
    }

    // MARK: Tokens

    private func isAuthorized(_ request: HTTPRequest) -> Bool {
        guard let field = request.headers.first(where: { $0.name == "Authorization" }),
            let end = ends[String(field.value.dropFirst("Bearer ".count))]
        else { return false }
        return timeline.now < end
    }

    private func token() -> HTTPResponse {
        let number = tokens.count + 1
        let seconds = timeline.elapsed.nanoseconds / 1_000_000_000
        let payload = #"{"iat":\#(seconds),"exp":\#(seconds + Int64(tokenLife)),"n":\#(number)}"#
        let token = "e30.\(Base64.encodeForURL(Array(payload.utf8))).Q8ZkW2vL5xSignature\(number)"
        tokens.append(token)
        ends[token] = timeline.now + .seconds(tokenLife)
        return json(200, #"{"access_token":"\#(token)"}"#)
    }
}
