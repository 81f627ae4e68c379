import AirbyteProtocol

/// Answers the calls of the workload API and of the server API that a connector sidecar makes. Sources: their OpenAPI
/// documents.
///
/// As little as it can: where programs are compared, each of them pays for it. Nothing is checked against the documents.
public final class ControlPlaneRouter: RequestRouter {
    /// What every catalog is answered with.
    private let catalogID: String
    private let catalogWritten: HTTPAnswer
    private var workloads = WorkloadTable()

    /// - Parameter catalogID: a UUID.
    public init(catalogID: String) {
        self.catalogID = catalogID
        catalogWritten = .json(200, "OK", #"{"catalogId":"\#(catalogID)"}"#)
    }

    public func route(_ request: ReceivedRequest) -> RoutedRequest {
        var routed = RoutedRequest(
            kind: .violation,
            workloadID: Self.workloadID(in: request.body),
            byteCount: request.byteCount,
            answer: .noContent
        )
        switch (request.head.method, request.head.path) {
        case ("PUT", "/api/v1/workload/running"): change(.running, &routed)
        case ("PUT", "/api/v1/workload/heartbeat"): change(.heartbeat, &routed)
        case ("PUT", "/api/v1/workload/success"): change(.success, &routed)
        case ("PUT", "/api/v1/workload/failure"): change(.failure, &routed)
        case ("POST", "/api/v1/workload_output/write"): routed.kind = .writeOutput
        case ("POST", "/api/v1/sources/write_discover_catalog_result"),
            ("POST", "/api/v1/destinations/write_discover_catalog_result"):
            routed.kind = .writeCatalog
            routed.answer = catalogWritten
        case ("POST", "/api/v1/sources/get"): answerActor(.source, .getActor, request, &routed)
        case ("POST", "/api/v1/sources/update"): answerActor(.source, .updateActor, request, &routed)
        case ("POST", "/api/v1/destinations/get"): answerActor(.destination, .getActor, request, &routed)
        case ("POST", "/api/v1/destinations/update"):
            answerActor(.destination, .updateActor, request, &routed)
        default:
            routed.refuse(
                "\(request.head.method) \(request.head.target) is no call of the workload API or the server API",
                .notFound
            )
        }
        return routed
    }

    private func change(_ call: ReceivedCall.Kind, _ routed: inout RoutedRequest) {
        routed.kind = call
        guard !routed.workloadID.isEmpty else {
            return routed.refuse("a call of the workload API has no workloadId")
        }
        if let state = workloads.transition(routed.workloadID, call) {
            let text = "\(call.rawValue): the workload's state is \(state)"
            routed.answer = .json(410, "Gone", #"{"message":"\#(text)"}"#)
        }
    }

    /// Answers a source or destination. Its configuration is not repeated: it is secret, and no caller reads it.
    private func answerActor(
        _ connector: ConnectorKind,
        _ call: ReceivedCall.Kind,
        _ request: ReceivedRequest,
        _ routed: inout RoutedRequest
    ) {
        routed.kind = call
        let kind = connector.rawValue
        guard let id = Self.text("\(kind)Id", in: request.body) else {
            return routed.refuse("\(request.head.target): the body has no \(kind)Id")
        }
        let actor = JSONWriter.object { writer in
            writer.member("\(kind)Id", id)
            writer.member("\(kind)DefinitionId", Self.noID)
            writer.member("workspaceId", Self.noID)
            writer.key("connectionConfiguration")
            writer.beginObject()
            writer.endObject()
            writer.member("name", "Local \(kind)")
            writer.member("\(kind)Name", "Local \(kind)")
            writer.member("createdAt", Int64(0))
        }
        routed.answer = .json(200, "OK", String(decoding: actor, as: UTF8.self))
    }

    /// The nil UUID (RFC 9562, section 5.9).
    private static let noID = "00000000-0000-0000-0000-000000000000"

    private static func workloadID(in body: [UInt8]) -> String { text("workloadId", in: body) ?? "" }

    /// So much of a body is searched, in bytes: what names something stands at its beginning, or the body is short.
    private static let searched = 4 * 1_024

    /// The text of the first member of that name. Ids have no escapes, so they need no decoding of JSON.
    private static func text(_ name: String, in body: [UInt8]) -> String? {
        let start = body.prefix(searched)
        guard let key = start.firstRange(of: Array("\"\(name)\"".utf8)) else { return nil }
        let value = start[key.upperBound...].drop {
            [0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ":")].contains($0)
        }
        guard value.first == UInt8(ascii: "\""),
            let end = value.dropFirst().firstIndex(of: UInt8(ascii: "\""))
        else { return nil }
        return String(decoding: value[..<end].dropFirst(), as: UTF8.self)
    }
}
