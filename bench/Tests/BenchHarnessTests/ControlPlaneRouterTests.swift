import Testing

@testable import BenchHarness

@Suite struct ControlPlaneRouterTests {
    private let router = ControlPlaneRouter()

    private func route(_ method: String, _ target: String, body: String = "", count: Int? = nil)
        -> ControlPlaneRouter.Routed
    {
        var head = HTTPRequestHead()
        head.method = method
        head.target = target
        return router.route(head, bodyStart: body, byteCount: count ?? body.utf8.count)
    }

    private func status(_ routed: ControlPlaneRouter.Routed) -> Substring {
        String(decoding: routed.answer, as: UTF8.self).split(separator: " ")[1]
    }

    @Test(arguments: [
        ("PUT", "workload/running", ReceivedCall.Kind.running), ("PUT", "workload/heartbeat", .heartbeat),
        ("PUT", "workload/success", .success), ("PUT", "workload/failure", .failure),
        ("POST", "workload_output/write", .writeOutput),
    ])
    func callsOfTheAPIsAreTaken(method: String, path: String, kind: ReceivedCall.Kind) {
        let routed = route(method, "/api/v1/\(path)", body: #"{"workloadId":"w-1","x":1}"#)
        #expect(routed.kind == kind)
        #expect(routed.workloadID == "w-1")
        #expect(status(routed) == "204")
    }

    @Test func aCatalogGetsAnID() {
        let routed = route("POST", "/api/v1/sources/write_discover_catalog_result", body: #"{"catalog":{}}"#)
        #expect(routed.kind == .writeCatalog)
        #expect(routed.workloadID == "")
        #expect(String(decoding: routed.answer, as: UTF8.self).contains(#"{"catalogId":""#))
    }

    @Test func otherRequestsAreViolations() {
        for (method, target) in [
            ("GET", "/"), ("POST", "/api/v1/workload/running"), ("PUT", "/api/v1/sources/get"),
        ] {
            let routed = route(method, target)
            #expect(routed.kind == .violation)
            #expect(status(routed) == "404")
        }
    }

    @Test func anObjectIsPutWhole() {
        let routed = route("PUT", "/workload-output//workload/output/w-2", body: "{}")
        #expect(routed.kind == .putObject)
        #expect(routed.workloadID == "w-2")
        #expect(routed.byteCount == 2)
    }

    @Test func anObjectIsPutInParts() throws {
        let key = "/workload-output//workload/output/w-3"
        let begun = route("POST", "\(key)?uploads=")
        #expect(begun.kind == .objectPart)
        let answer = String(decoding: begun.answer, as: UTF8.self)
        let id = try #require(answer.firstMatch(of: /<UploadId>(.*)<\/UploadId>/)).1
        for part in 1...3 {
            let sent = route("PUT", "\(key)?partNumber=\(part)&uploadId=\(id)", count: part * 1_000)
            #expect(sent.kind == .objectPart)
            #expect(String(decoding: sent.answer, as: UTF8.self).contains("ETag: \"part-\(part)\""))
        }
        let ended = route("POST", "\(key)?uploadId=\(id)", count: 50)
        #expect(ended.kind == .putObject)
        #expect(ended.workloadID == "w-3")
        #expect(ended.byteCount == 6_000)
        // It exists no more.
        #expect(route("POST", "\(key)?uploadId=\(id)").kind == .violation)
    }

    @Test func anUploadWithAGapIsRefused() throws {
        let key = "/workload-output/k"
        let begun = String(decoding: route("POST", "\(key)?uploads").answer, as: UTF8.self)
        let id = try #require(begun.firstMatch(of: /<UploadId>(.*)<\/UploadId>/)).1
        _ = route("PUT", "\(key)?partNumber=2&uploadId=\(id)", count: 1)
        let ended = route("POST", "\(key)?uploadId=\(id)")
        #expect(ended.kind == .violation)
        #expect(status(ended) == "400")
        #expect(route("PUT", "\(key)?partNumber=1&uploadId=unknown").kind == .violation)
        #expect(route("GET", key).kind == .violation)
    }
}
