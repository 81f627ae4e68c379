import ControlPlane
import Testing

@testable import BenchHarness

@Suite struct ObjectStoreRouterTests {
    private let router = ObjectStoreRouter()

    private func route(_ method: String, _ target: String, body: String = "", count: Int? = nil)
        -> RoutedRequest
    {
        var head = HTTPRequestHead()
        head.method = method
        head.target = target
        return router.route(
            ReceivedRequest(head: head, byteCount: count ?? body.utf8.count, body: Array(body.utf8))
        )
    }

    /// Everything outside of the bucket is the control plane's.
    @Test func callsOfTheAPIsAreTaken() {
        let routed = route("PUT", "/api/v1/workload/running", body: #"{"workloadId":"w-1"}"#)
        #expect(routed.kind == .running)
        #expect(routed.workloadID == "w-1")
        #expect(routed.answer == .noContent)
        let catalog = route("POST", "/api/v1/sources/write_discover_catalog_result", body: "{}")
        #expect(catalog.kind == .writeCatalog)
        #expect(text(catalog).contains(#"{"catalogId":"\#(ObjectStoreRouter.catalogID)"}"#))
        #expect(route("GET", "/").kind == .violation)
    }

    private func text(_ routed: RoutedRequest) -> String {
        String(decoding: routed.answer.bytes, as: UTF8.self)
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
        let answer = text(begun)
        let id = try #require(answer.firstMatch(of: /<UploadId>(.*)<\/UploadId>/)).1
        for part in 1...3 {
            let sent = route("PUT", "\(key)?partNumber=\(part)&uploadId=\(id)", count: part * 1_000)
            #expect(sent.kind == .objectPart)
            #expect(text(sent).contains("ETag: \"part-\(part)\""))
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
        let begun = text(route("POST", "\(key)?uploads"))
        let id = try #require(begun.firstMatch(of: /<UploadId>(.*)<\/UploadId>/)).1
        _ = route("PUT", "\(key)?partNumber=2&uploadId=\(id)", count: 1)
        let ended = route("POST", "\(key)?uploadId=\(id)")
        #expect(ended.kind == .violation)
        #expect(ended.answer.status == 400)
        #expect(route("PUT", "\(key)?partNumber=1&uploadId=unknown").kind == .violation)
        #expect(route("GET", key).kind == .violation)
    }
}
