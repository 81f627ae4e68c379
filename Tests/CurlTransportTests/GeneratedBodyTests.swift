import HTTP
import Reactor
import Testing

@testable import CurlTransport

/// Bodies that are made while they are sent, as a server gets them.
@Suite struct GeneratedBodyTests {
    /// Lengths around what libcurl asks for at once, with a chunk's frame and without.
    private static let lengths = [
        1, 16384, 65523, 65524, 65525, 65535, 65536, 65537, 131_071, 131_072, 131_073, 1_000_003,
    ]

    @Test(arguments: drivers, lengths)
    func aKnownLengthIsAnnounced(driver: BackendChoice, length: Int) throws {
        let source = PatternSource(length)
        let (sent, _) = try exchange(driver, source.body(count: Int64(length)))
        #expect(sent.header("Content-Length") == "\(length)")
        #expect(sent.header("Transfer-Encoding") == nil)
        #expect(sent.header("Expect") == nil)
        #expect(sent.body == PatternSource.bytes(length))
        #expect(source.log.all.count { $0 == .made } == 1)
    }

    @Test(arguments: drivers, lengths)
    func anUnknownLengthIsChunked(driver: BackendChoice, length: Int) throws {
        let (sent, _) = try exchange(driver, PatternSource(length).body(count: nil))
        #expect(sent.header("Content-Length") == nil)
        #expect(sent.header("Transfer-Encoding") == "chunked")
        #expect(sent.header("Expect") == nil)
        #expect(sent.body == PatternSource.bytes(length))
    }

    @Test(arguments: drivers, [0, nil] as [Int64?])
    func anEmptyBodyIsABody(driver: BackendChoice, count: Int64?) throws {
        let source = PatternSource(0)
        let (sent, server) = try exchange(driver, source.body(count: count), times: 2)
        #expect(sent.header("Content-Length") == count.map { "\($0)" })
        #expect(sent.header("Transfer-Encoding") == (count == nil ? "chunked" : nil))
        #expect(sent.body == [])
        // Nothing was left in the connection that would have spoilt it.
        #expect(server.acceptedCount == 1)
        #expect(source.log.all.count { $0 == .made } == 2)
    }

    @Test(arguments: ["PUT", "POST", "PATCH", "DELETE"])
    func methodsStayAsTheyAre(method: String) throws {
        for count in [5, nil] as [Int64?] {
            let (sent, _) = try exchange(.automatic, PatternSource(5).body(count: count), method: method)
            #expect(sent.lines.first == "\(method) /p HTTP/1.1")
            #expect(sent.header("Content-Type") == nil)
            #expect(sent.body == PatternSource.bytes(5))
        }
    }

    /// Small pieces are put together, large ones are cut.
    @Test(arguments: [1, 7, 65537, HTTPGeneratedBody.maximumPieceBytes], [300_000, nil] as [Int64?])
    func piecesMayBeOfAnyLength(piece: Int, count: Int64?) throws {
        let source = PatternSource(300_000, piece: piece)
        let (sent, _) = try exchange(.automatic, source.body(count: count))
        #expect(sent.body == PatternSource.bytes(300_000))
        let chunks = sent.chunks ?? []
        #expect(chunks.dropLast(2).allSatisfy { $0 > 60000 }, "\(chunks)")
    }

    private func exchange(
        _ driver: BackendChoice,
        _ body: HTTPGeneratedBody,
        method: String = "PUT",
        times: Int = 1
    ) throws -> (ReceivedRequest, LoopbackServer) {
        let requests = Recorder<ReceivedRequest>()
        let server = LoopbackServer { connection in
            while let request = connection.readRequest() {
                requests.append(request)
                connection.answer()
            }
        }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        for _ in 0..<times {
            #expect(try loop.exchange(request(method, server.url + "/p", body: body)).get().status == 200)
        }
        try loop.settle()
        #expect(requests.all.count == times)
        return (try #require(requests.all.last), server)
    }
}
