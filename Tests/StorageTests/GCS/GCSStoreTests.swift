import HTTP
import ProtocolTestSupport
import TestSupport
import Testing

@testable import Storage

/// The store's decisions about one request, and about the bucket.
@Suite struct GCSStoreTests {
    @Test func smallContentGoesUpInOneRequest() throws {
        let world = GCSWorld()
        world.put(Array("123456789".utf8), "/workload/output/w-1")
        let request = world.last
        #expect(request.method == "POST")
        #expect(request.url == "http://gcs:9000/upload/storage/v1/b/out/o?uploadType=multipart")
        #expect(request.header("Authorization") == nil)
        #expect(request.connectTimeout == .seconds(3))
        let type = try #require(request.header("Content-Type"))
        let boundary = try #require(type.split(separator: "=").last)
        #expect(type == "multipart/related; boundary=\(boundary)")
        let parts = request.bodyText.components(between: "--\(boundary)")
        #expect(parts.count == 4 && parts[3] == "--\r\n")
        let metadata = try #require(parts[1].split(separator: "\r\n\r\n").last?.utf8)
        let fields = try json(metadata)
        // CRC-32C's check value is E3069283 (of "123456789"); the MD5 is openssl's.
        #expect(fields.text("name") == "/workload/output/w-1")
        #expect(fields.text("contentType") == "application/json")
        #expect(fields.text("crc32c") == "4waSgw==")
        #expect(fields.text("md5Hash") == "JfnnlDI7RTiF9RgfG2JNCw==")
        #expect(parts[2] == "\r\nContent-Type: application/json\r\n\r\n123456789\r\n")
        world.transport.answer(200, GCSWorld.object(Array("123456789".utf8)))
        #expect(world.end == "")
        #expect(world.log.lines.isEmpty)
    }

    @Test func boundaryDoesNotOccurInTheContent() throws {
        let world = GCSWorld()
        world.put(Array("x\r\n--airbyte-job-output-0--\r\n".utf8))
        #expect(world.last.header("Content-Type") == "multipart/related; boundary=airbyte-job-output-1")
    }

    @Test func answersWithoutChecksumsAreTaken() {
        let world = GCSWorld()
        world.put()
        world.transport.answer(200, "{}")
        #expect(world.end == "")
    }

    @Test(arguments: [500, 502, 503, 504, 408, 429])
    func overloadAndFaultsAreWaitedOut(_ status: Int) {
        let world = GCSWorld()
        world.put()
        world.transport.answer(status, "", headers: [HTTPHeader("Retry-After", "9")])
        #expect(world.scheduler.delays == [.seconds(9)])
        #expect(world.log.count(of: "was answered with \(status)") == 1)
        world.wait()
        world.transport.answer(200, "{}")
        #expect(world.end == "")
    }

    @Test func brokenConnectionsAreTriedAgain() {
        let world = GCSWorld()
        world.put()
        world.transport.fail(.interrupted, "gcs:9000: the connection was closed in the middle of the body")
        world.wait()
        world.transport.answer(200, "{}")
        #expect(world.end == "")
    }

    @Test func retriesEnd() {
        let world = GCSWorld(maxRetries: 2)
        world.put()
        for _ in 0..<2 {
            world.transport.answer(503, GCSWorld.error(503, "backendError", "Backend Error"))
            world.wait()
        }
        world.transport.answer(503, GCSWorld.error(503, "backendError", "Backend Error"))
        world.wait()
        #expect(
            world.end
                == "PUT gs://out//workload/output/1 was answered with 503 backendError \"Backend Error\""
        )
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var status: Int
        var body: String
        var parts: [String]
        var testDescription: String { "\(status) \(body)" }
    }

    @Test(arguments: [
        Refusal(
            status: 403,
            body: GCSWorld.error(403, "forbidden", "a@b does not have storage.objects.create access"),
            parts: [
                "403 forbidden \"a@b does not have storage.objects.create access\" (request id up-1)",
                "Storage Object User",
            ]
        ),
        Refusal(
            status: 413,
            body: "<html>too large</html>",
            parts: ["413: too large; a gateway or proxy limits the size of request bodies"]
        ),
        Refusal(status: 400, body: "Invalid\nmultipart", parts: ["400: Invalid multipart (request id up-1)"]),
        Refusal(status: 412, body: "{", parts: ["412 (request id up-1)"]),
        Refusal(
            status: 401,
            body: GCSWorld.error(401, "authError", "Login Required"),
            parts: ["401 authError \"Login Required\"", "STORAGE_EMULATOR_HOST is set"]
        ),
        Refusal(
            status: 400,
            body: GCSWorld.error(400, "x\\ny", "\\u001b[31m" + text(ofLength: 400)),
            parts: ["400 x \"\\u{1b}[31m" + text(ofLength: 295) + " …\""]
        ),
    ])
    func refusalsAreToldInOneLine(_ row: Refusal) throws {
        let world = GCSWorld()
        world.put()
        world.transport.answer(row.status, row.body, headers: [HTTPHeader("X-GUploader-UploadID", "up-1")])
        let end = try #require(world.end)
        #expect(end.hasPrefix("PUT gs://out//workload/output/1 was answered with \(row.status)"))
        #expect(!end.contains("\n") && !end.contains("<"))
        for part in row.parts { #expect(end.contains(part), "\(end)") }
        #expect(world.transport.requests.count == 1)
    }

    @Test func rateLimitsAreNoRefusals() {
        let world = GCSWorld()
        world.put()
        world.transport.answer(403, GCSWorld.error(403, "rateLimitExceeded", "slow down"))
        world.wait()
        world.transport.answer(200, "{}")
        #expect(world.end == "")
    }

    @Test func bodiesDamagedOnTheirWayAreSentAgain() {
        let world = GCSWorld()
        world.put()
        world.transport.answer(
            400,
            GCSWorld.error(400, "invalid", "Provided MD5 hash does not match calculated MD5 hash")
        )
        world.wait()
        world.transport.answer(200, "{}")
        #expect(world.end == "")
    }

    @Test(arguments: [204, 403])
    func whatDiffersIsDeletedAgain(_ deletion: Int) throws {
        let world = GCSWorld()
        world.put(Array("abc".utf8), "/Größe/1")
        world.transport.answer(200, #"{"size": "3", "crc32c": "AAAAAA==", "generation": "17"}"#)
        #expect(world.last.method == "DELETE")
        #expect(world.last.url == "http://gcs:9000/storage/v1/b/out/o/%2FGr%C3%B6%C3%9Fe%2F1?generation=17")
        world.transport.answer(deletion)
        let end = try #require(world.end)
        #expect(end.contains("3 of 3 bytes, CRC32C AAAAAA== instead of Nks/tw=="), "\(end)")
        #expect(end.contains(deletion == 204 ? "it was deleted again" : "it is still there: DELETE gs://out"))
    }

    // MARK: The bucket

    @Test(arguments: [(200, true), (409, true), (403, false), (409, false)])
    func missingBucketIsMade(_ creation: Int, _ isThere: Bool) throws {
        let world = GCSWorld()
        world.put()
        world.transport.answer(404, GCSWorld.error(404, "notFound", "The specified bucket does not exist."))
        #expect(world.log.count(of: "GCS bucket out is missing; creating it") == 1)
        world.wait()
        #expect(world.last.method == "POST")
        #expect(world.last.url == "http://gcs:9000/storage/v1/b?project=emulated")
        #expect(world.last.bodyText == #"{"name":"out"}"#)
        world.transport.answer(creation, creation == 200 ? "{}" : GCSWorld.error(creation, "no", "denied"))
        world.transport.answer(isThere ? 200 : 404, "{}")
        let end = try #require(world.end)
        guard !isThere else { return #expect(end == "") }
        #expect(end.hasPrefix("PUT gs://out//workload/output/1 was answered with 404; the bucket is missing"))
        #expect(end.contains("creating the bucket failed: POST gs://out in project emulated was answered"))
        #expect(end.contains("\(creation) no \"denied\""))
    }

    @Test func checksumsOfPublishedVectors() {
        // RFC 3720, appendix B.4: 32 bytes of zeros, of ones, ascending.
        for (bytes, value): ([UInt8], UInt32) in [
            ([UInt8](repeating: 0, count: 32), UInt32(0x8A91_36AA)),
            ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43), (Array(0..<32), 0x46DD_794E),
        ] {
            var checksum = CRC32C()
            checksum.update(bytes[..<11])
            checksum.update(bytes[11...])
            #expect(checksum.value == value)
        }
    }
}

extension String {
    /// What stands before, between and after a mark.
    fileprivate func components(between mark: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: mark) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}
