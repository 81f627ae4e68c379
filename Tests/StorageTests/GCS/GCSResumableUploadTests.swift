import HTTP
import Scheduling
import TestSupport
import Testing

@testable import Storage

/// A service that keeps what has arrived, as Google's does, behind a transport that the test holds.
@Suite struct GCSResumableUploadTests {
    private static let chunk = 262_144
    private static let session = "http://gcs:9000/upload/session?upload_id=secret-1"
    private let world = GCSWorld(chunkSize: chunk)
    /// Two chunks and a half.
    private let content: [UInt8]

    init() {
        var random = SplitMix64(seed: 5)
        content = (0..<Self.chunk * 5 / 2).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    private func begin(_ session: String = Self.session) {
        world.transport.answer(200, "{}", headers: [HTTPHeader("Location", session)])
    }

    private func arrived(_ count: Int) {
        world.transport.answer(308, headers: count > 0 ? [HTTPHeader("Range", "bytes=0-\(count - 1)")] : [])
    }

    private var range: String? { world.last.header("Content-Range") }

    private func rangeOf(_ part: Range<Int>) -> String {
        "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(content.count)"
    }

    private func expectChunk(_ part: Range<Int>, _ location: SourceLocation = #_sourceLocation) {
        #expect(range == rangeOf(part), sourceLocation: location)
        #expect(world.last.bodyBytes.map { $0[...] } == content[part], sourceLocation: location)
    }

    private func expectQuery(_ location: SourceLocation = #_sourceLocation) {
        #expect(range == "bytes */\(content.count)", sourceLocation: location)
        #expect(world.last.bodyBytes == [], sourceLocation: location)
    }

    private func finish(from offset: Int) {
        for start in stride(from: offset, to: content.count, by: Self.chunk) {
            let end = min(start + Self.chunk, content.count)
            expectChunk(start..<end)
            if end == content.count {
                world.transport.answer(200, GCSWorld.object(content))
            } else {
                arrived(end)
            }
        }
        #expect(world.end == "")
    }

    @Test func chunkByChunk() {
        world.put(content)
        #expect(world.last.url == "http://gcs:9000/upload/storage/v1/b/out/o?uploadType=resumable")
        #expect(world.last.header("X-Upload-Content-Length") == "\(content.count)")
        #expect(world.last.header("X-Upload-Content-Type") == "application/json")
        #expect(world.last.bodyText == #"{"name":"/workload/output/1","contentType":"application/json"}"#)
        begin()
        #expect(world.last.url == Self.session && world.last.method == "PUT")
        finish(from: 0)
        #expect(world.transport.requests.count == 4)
    }

    @Test func chunksAreAsTheServiceDemands() { #expect(GCSStore.defaultChunkSize % (256 * 1_024) == 0) }

    @Test func theBoundIsOneChunk() {
        world.put([UInt8](repeating: 0, count: Self.chunk))
        #expect(world.last.url.hasSuffix("multipart"))
        let other = GCSWorld(chunkSize: Self.chunk)
        other.put([UInt8](repeating: 0, count: Self.chunk + 1))
        #expect(other.last.url.hasSuffix("resumable"))
    }

    @Test func partOfAChunkIsGoneOnFrom() {
        world.put(content)
        begin()
        arrived(100_000)
        finish(from: 100_000)
    }

    enum Interruption: CaseIterable { case reset, overload, fault }

    private func interrupt(_ interruption: Interruption) {
        switch interruption {
        case .reset: world.transport.fail(.interrupted, "gcs:9000: connection reset")
        case .overload: world.transport.answer(429)
        case .fault: world.transport.answer(503)
        }
        world.wait()
    }

    @Test(arguments: Interruption.allCases, [0, 1, 262_144])
    func afterAnInterruptionTheServiceIsAsked(_ interruption: Interruption, _ kept: Int) {
        world.put(content)
        begin()
        arrived(Self.chunk)
        expectChunk(Self.chunk..<2 * Self.chunk)
        interrupt(interruption)
        expectQuery()
        arrived(Self.chunk + kept)
        finish(from: Self.chunk + kept)
    }

    @Test func anInterruptedQuestionIsAskedAgain() {
        world.put(content)
        begin()
        interrupt(.reset)
        interrupt(.fault)
        expectQuery()
        arrived(0)
        finish(from: 0)
    }

    @Test func theAnswerToTheLastChunkGotLost() {
        world.put(content)
        begin()
        arrived(Self.chunk)
        arrived(2 * Self.chunk)
        interrupt(.reset)
        expectQuery()
        world.transport.answer(200, GCSWorld.object(content))
        #expect(world.end == "")
    }

    @Test func everythingArrivedButTheObjectIsNotMadeYet() {
        world.put(content)
        begin()
        arrived(Self.chunk)
        arrived(2 * Self.chunk)
        arrived(content.count)
        expectQuery()
        world.transport.answer(201, GCSWorld.object(content))
        #expect(world.end == "")
    }

    @Test func anAnswerThatLostItsRangeIsAskedFor() {
        world.put(content)
        begin()
        arrived(Self.chunk)
        arrived(0)
        expectQuery()
        arrived(2 * Self.chunk)
        finish(from: 2 * Self.chunk)
    }

    @Test func bytesThatTheServiceLostAreSentAgain() {
        world.put(content)
        begin()
        arrived(Self.chunk)
        interrupt(.reset)
        arrived(0)
        finish(from: 0)
    }

    @Test(arguments: [
        "bytes=0-99999999999", "bytes=0-9223372036854775807", "bytes=5-9", "junk", "bytes=0--2",
    ])
    func rangesThatCannotBe(_ range: String) throws {
        world.put(content)
        begin()
        world.transport.answer(308, headers: [HTTPHeader("Range", range)])
        // Never more than was sent, never less than nothing.
        #expect(
            self.range
                == rangeOf(range.hasSuffix("99999999999") ? Self.chunk..<2 * Self.chunk : 0..<Self.chunk)
        )
    }

    @Test func withoutProgressItEnds() throws {
        world.put(content)
        begin()
        for _ in 0..<5 {
            arrived(0)
            expectQuery()
            arrived(0)
            expectChunk(0..<Self.chunk)
        }
        arrived(0)
        arrived(0)
        #expect(world.last.method == "DELETE" && world.last.url == Self.session)
        #expect(world.end == nil)
        world.transport.answer(499)
        let end = try #require(world.end)
        #expect(
            end
                == "PUT gs://out//workload/output/1 failed: the service accepts no more than 0 of \(content.count) bytes"
        )
    }

    @Test(arguments: [404, 410])
    func aLostSessionIsReplacedOnce(_ status: Int) throws {
        world.put(content)
        begin()
        arrived(Self.chunk)
        world.transport.answer(status)
        #expect(world.last.url.hasSuffix("uploadType=resumable"))
        begin("http://gcs:9000/upload/session?upload_id=secret-2")
        expectChunk(0..<Self.chunk)
        arrived(Self.chunk)
        world.transport.answer(status)
        let end = try #require(world.end)
        #expect(end == "PUT gs://out//workload/output/1 failed: the service has lost the upload twice")
    }

    @Test func theReplacementGoesToItsEnd() {
        world.put(content)
        begin()
        arrived(Self.chunk)
        world.transport.answer(410)
        begin("http://gcs:9000/upload/session?upload_id=secret-2")
        #expect(world.last.url.hasSuffix("secret-2"))
        finish(from: 0)
    }

    @Test func aRefusalCancelsAndSaysWhy() throws {
        world.put(content)
        begin()
        world.transport.answer(403, GCSWorld.error(403, "forbidden", "no"))
        #expect(world.last.method == "DELETE" && world.last.totalTimeout == .seconds(5))
        world.transport.fail(.timeout)
        let end = try #require(world.end)
        #expect(end.contains("403 forbidden \"no"))
        #expect(!end.contains("secret-1") && !world.log.text.contains("secret-1"))
    }

    @Test func contentThatCannotBeReadCancels() throws {
        var reads = 0
        world.store.put(
            ObjectContent(count: content.count) { [content] range throws(StorageFailure) in
                reads += 1
                guard reads < 2 else { throw StorageFailure(message: "the output has changed") }
                return Array(content[range])
            },
            key: "/k"
        ) { #expect($0 == StorageFailure(message: "the output has changed")) }
        begin()
        arrived(Self.chunk)
        world.wait()
        #expect(world.last.method == "DELETE")
        world.transport.answer(499)
    }

    @Test func oneChunkIsReadAtATime() {
        var reads: [Range<Int>] = []
        world.store.put(
            ObjectContent(count: content.count) { [content] range throws(StorageFailure) in
                reads.append(range)
                return Array(content[range])
            },
            key: "/k"
        ) { #expect($0 == nil) }
        begin()
        #expect(reads == [0..<Self.chunk])
        arrived(Self.chunk)
        #expect(reads == [0..<Self.chunk, Self.chunk..<2 * Self.chunk])
    }

    @Test func whatArrivedDiffers() throws {
        world.put(content)
        begin()
        arrived(Self.chunk)
        arrived(2 * Self.chunk)
        world.transport.answer(200, GCSWorld.object(content.dropLast() + [content.last! ^ 1]))
        #expect(world.last.method == "DELETE")
        #expect(world.last.url == "http://gcs:9000/storage/v1/b/out/o/%2Fworkload%2Foutput%2F1?generation=7")
        world.transport.answer(204)
        #expect(try #require(world.end).contains("it was deleted again"))
    }

    @Test func missingBucketIsMadeFirst() {
        world.put(content)
        world.transport.answer(404)
        world.wait()
        world.transport.answer(200, "{}")
        begin()
        finish(from: 0)
    }

    @Test func noPlaceForTheBytes() throws {
        world.put(content)
        world.transport.answer(200, "{}")
        #expect(try #require(world.end).contains("without giving its URL"))
    }

    @Test func tokensAreRenewedInTheMiddleAndStayWithTheService() {
        let world = GCSWorld(["GCE_METADATA_HOST": "md"], chunkSize: Self.chunk)
        world.put(content)
        world.giveToken("t1")
        #expect(world.last.header("Authorization") == "Bearer t1")
        world.transport.answer(
            200,
            headers: [HTTPHeader("Location", "https://storage.googleapis.com/upload/s?upload_id=1")]
        )
        #expect(world.last.header("Authorization") == "Bearer t1")
        world.transport.answer(401, GCSWorld.error(401, "authError", "Invalid Credentials"))
        world.giveToken("t2")
        #expect(world.last.header("Authorization") == "Bearer t2")
        #expect(world.last.header("Content-Range") == "bytes */\(content.count)")
        world.transport.answer(308)
        #expect(world.last.header("Content-Range") == rangeOf(0..<Self.chunk))

        let other = GCSWorld(["GCE_METADATA_HOST": "md"], chunkSize: Self.chunk)
        other.put(content)
        other.giveToken("t1")
        other.transport.answer(
            200,
            headers: [HTTPHeader("Location", "https://storage.googleapis.com.evil.example/s")]
        )
        #expect(other.last.header("Authorization") == nil)
    }
}
