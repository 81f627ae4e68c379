import Testing

@testable import ControlPlane

@Suite struct HTTPRequestParserTests {
    private struct Seen: Equatable {
        var head = HTTPRequestHead()
        var body = ""
    }

    private static let requests = """
        PUT /api/v1/workload/running HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\
        POST /b?uploadId=u&partNumber=2&flag HTTP/1.1\r\nTransfer-Encoding: Chunked\r\nX-Empty:\r\n\r\n\
        3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n\
        GET /c HTTP/1.1\r\n\r\n
        """

    private func parse(_ text: String, pieces size: Int) throws -> [Seen] {
        var parser = HTTPRequestParser()
        var seen: [Seen] = []
        var current = Seen()
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            try bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { piece in
                try parser.take(piece) { event in
                    switch event {
                    case .head(let head): current.head = head
                    case .body(let bytes): current.body += String(decoding: bytes, as: UTF8.self)
                    case .end:
                        seen.append(current)
                        current = Seen()
                    }
                }
            }
        }
        #expect(parser.isIdle)
        return seen
    }

    @Test(arguments: Array(1...40) + [10_000])
    func requestsComeInAnyPieces(size: Int) throws {
        let seen = try parse(Self.requests, pieces: size)
        #expect(seen.map(\.head.method) == ["PUT", "POST", "GET"])
        #expect(seen.map(\.body) == ["hello", "abc0123456789", ""])
        #expect(seen[0].head.fields == ["host": "a", "content-length": "5"])
        #expect(seen[1].head.fields["x-empty"] == "")
        #expect(seen[1].head.path == "/b")
        #expect(seen[1].head.query("uploadId") == "u")
        #expect(seen[1].head.query("partNumber") == "2")
        #expect(seen[1].head.query("flag") == "")
        #expect(seen[1].head.query("other") == nil)
    }

    @Test(arguments: [
        "GET /\r\n\r\n", "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "PUT / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "PUT / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        "GET /" + String(repeating: "x", count: HTTPRequestParser.maxHeadLength),
    ])
    func nonsenseIsRefused(text: String) {
        #expect(throws: HTTPRequestParser.Malformed.self) { try parse(text, pieces: 7) }
    }
}
