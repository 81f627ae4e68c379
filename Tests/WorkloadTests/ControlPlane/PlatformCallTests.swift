import AirbyteProtocol
import ProtocolTestSupport
import TestSupport
import Testing

@testable import Workload

@Suite struct PlatformCallTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var call: PlatformCall
        var api: PlatformCall.API
        var method: String
        var path: String
        var body: String
        var timeout: Duration?
        var testDescription: String { path }
    }

    @Test(arguments: [
        Row(
            call: .contact(.running, workloadID: "w", timeout: .seconds(10)),
            api: .workload,
            method: "PUT",
            path: "/api/v1/workload/running",
            body: #"{"workloadId":"w"}"#,
            timeout: .seconds(10)
        ),
        Row(
            call: .contact(.heartbeat, workloadID: "w", timeout: .seconds(40)),
            api: .workload,
            method: "PUT",
            path: "/api/v1/workload/heartbeat",
            body: #"{"workloadId":"w"}"#,
            timeout: .seconds(40)
        ),
        Row(
            call: .report(.success, workloadID: "w"),
            api: .workload,
            method: "PUT",
            path: "/api/v1/workload/success",
            body: #"{"workloadId":"w"}"#
        ),
        Row(
            call: .report(.failure(source: .airbytePlatform, reason: "a \"b\"\n"), workloadID: "w\\"),
            api: .workload,
            method: "PUT",
            path: "/api/v1/workload/failure",
            body: #"{"workloadId":"w\\","source":"airbyte_platform","reason":"a \"b\"\n"}"#
        ),
        Row(
            call: .writeOutput(OutputDocument(Array(#"{"a":"\n"}"#.utf8)), workloadID: "w"),
            api: .server,
            method: "POST",
            path: "/api/v1/workload_output/write",
            body: #"{"workloadId":"w","output":"{\"a\":\"\\n\"}"}"#
        ),
        Row(
            call: .writeCatalog(CatalogWrite(connector: .source, body: OutputDocument(Array("{}".utf8)))),
            api: .server,
            method: "POST",
            path: "/api/v1/sources/write_discover_catalog_result",
            body: "{}"
        ),
        Row(
            call: .writeCatalog(
                CatalogWrite(connector: .destination, body: OutputDocument(Array("{}".utf8)))
            ),
            api: .server,
            method: "POST",
            path: "/api/v1/destinations/write_discover_catalog_result",
            body: "{}"
        ),
    ])
    func calls(_ row: Row) {
        #expect(row.call.api == row.api)
        #expect(row.call.method == row.method)
        #expect(row.call.path == row.path)
        #expect(String(decoding: row.call.body.bytes ?? [], as: UTF8.self) == row.body)
        #expect(row.call.timeout == row.timeout)
    }

    @Test(arguments: [
        (FailureOrigin.source, "source"), (.destination, "destination"), (.unknown, "unknown"),
        (.airbytePlatform, "airbyte_platform"),
    ])
    func failureSources(_ origin: FailureOrigin, _ spelling: String) throws {
        let call = PlatformCall.report(.failure(source: origin, reason: ""), workloadID: "w")
        #expect(try json(call.body.bytes ?? []).text("source") == spelling)
    }
}
