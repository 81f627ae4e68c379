import AirbyteProtocol
import Testing

@testable import ControlPlane

@Suite struct ControlPlaneRouterTests {
    private let router = ControlPlaneRouter(catalogID: "c-1")

    private func route(_ method: String, _ target: String, _ body: String = "") -> RoutedRequest {
        var head = HTTPRequestHead()
        head.method = method
        head.target = target
        return router.route(ReceivedRequest(head: head, byteCount: body.utf8.count, body: Array(body.utf8)))
    }

    /// The status of a call of the workload API.
    private func status(_ call: ReceivedCall.Kind, _ workload: String = "w") -> Int {
        let routed = route("PUT", "/api/v1/workload/\(call.rawValue)", #"{"workloadId":"\#(workload)"}"#)
        #expect(routed.kind == call)
        #expect(routed.workloadID == workload)
        return routed.answer.status
    }

    private func document(_ routed: RoutedRequest) throws -> JSONValue {
        let text = String(decoding: routed.answer.bytes, as: UTF8.self)
        let body = try #require(text.split(separator: "\r\n\r\n").last)
        #expect(text.contains("\r\nContent-Length: \(body.utf8.count)\r\n"))
        return try JSONDocument(parsing: Array(body.utf8)).root
    }

    @Test func aWorkloadLivesUntilItsReport() {
        #expect(status(.heartbeat) == 410)
        #expect(status(.running) == 204)
        #expect(status(.running) == 204)
        #expect(status(.heartbeat) == 204)
        #expect(status(.success) == 204)
        // The answer may have been lost.
        #expect(status(.success) == 204)
        for call in [ReceivedCall.Kind.running, .heartbeat, .failure] { #expect(status(call) == 410) }
        #expect(status(.running, "other") == 204)
        #expect(status(.failure, "other") == 204)
        #expect(status(.failure, "other") == 204)
        for call in [ReceivedCall.Kind.running, .heartbeat, .success] {
            #expect(status(call, "other") == 410)
        }
    }

    @Test func aReportMayComeWithoutAnAnnouncement() {
        #expect(status(.success, "a") == 204)
        #expect(status(.failure, "b") == 204)
    }

    @Test(arguments: [
        #"{"workloadId":"w-1","x":1}"#, "{\n  \"workloadId\" : \"w-1\"\n}", #"{"x":{},"workloadId":"w-1"}"#,
    ])
    func theWorkloadIsFound(body: String) {
        let routed = route("PUT", "/api/v1/workload/running", body)
        #expect(routed.workloadID == "w-1")
        #expect(routed.answer == .noContent)
    }

    @Test(arguments: ["", "{}", #"{"workloadId":1}"#, #"{"workloadId":"w"#])
    func aCallWithoutAWorkloadIsRefused(body: String) {
        let routed = route("PUT", "/api/v1/workload/running", body)
        #expect(routed.kind == .violation)
        #expect(routed.answer == .badRequest)
    }

    @Test func outputsAndCatalogsAreTaken() throws {
        let output = route("POST", "/api/v1/workload_output/write", #"{"workloadId":"w","output":"{}"}"#)
        #expect(output.kind == .writeOutput)
        #expect(output.workloadID == "w")
        #expect(output.answer == .noContent)
        for collection in ["sources", "destinations"] {
            let catalog = route("POST", "/api/v1/\(collection)/write_discover_catalog_result", "{}")
            #expect(catalog.kind == .writeCatalog)
            #expect(try document(catalog)[member: "catalogId"]?.string == "c-1")
        }
    }

    @Test(arguments: ["source", "destination"])
    func anActorIsReadAndUpdated(kind: String) throws {
        let secret = #""connectionConfiguration":{"password":"hunter2"}"#
        for (verb, call) in [("get", ReceivedCall.Kind.getActor), ("update", .updateActor)] {
            let routed = route("POST", "/api/v1/\(kind)s/\(verb)", #"{"\#(kind)Id":"a-1",\#(secret)}"#)
            #expect(routed.kind == call)
            let actor = try document(routed)
            #expect(actor[member: "\(kind)Id"]?.string == "a-1")
            #expect(actor[member: "name"]?.string == "Local \(kind)")
            #expect(actor[member: "connectionConfiguration"]?.isEmptyContainer == true)
            #expect(route("POST", "/api/v1/\(kind)s/\(verb)", "{}").kind == .violation)
        }
    }

    @Test func otherRequestsAreViolations() {
        for (method, target) in [
            ("GET", "/"), ("POST", "/api/v1/workload/running"), ("PUT", "/api/v1/sources/get"),
        ] {
            let routed = route(method, target)
            #expect(routed.kind == .violation)
            #expect(routed.answer == .notFound)
            #expect(routed.problem?.contains("\(method) \(target)") == true)
        }
    }
}
