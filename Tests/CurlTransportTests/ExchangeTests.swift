import Foundation
import HTTP
import Reactor
import Testing

@testable import CurlTransport

/// What goes over the wire, and what comes back from it.
@Suite struct ExchangeTests {
    /// A server that records all requests and gives each the same answer.
    private static func recordingServer(
        answer: String = "HTTP/1.1 204 No Content\r\n\r\n"
    ) -> (LoopbackServer, Recorder<ReceivedRequest>) {
        let requests = Recorder<ReceivedRequest>()
        let server = LoopbackServer { connection in
            while let request = connection.readRequest() {
                requests.append(request)
                connection.write(answer)
            }
        }
        return (server, requests)
    }

    @Test(arguments: drivers)
    func getShowsTheseLinesAndNoOthers(driver: BackendChoice) throws {
        let (server, requests) = Self.recordingServer()
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let path = "/bucket//workload/./output/a%2Fb?x=%20y"
        _ = try loop.exchange(
            request("GET", server.url + path, headers: [HTTPHeader("X-Airbyte-Version", "1.2")])
        )
        .get()
        #expect(
            requests.all.map(\.lines) == [
                [
                    "GET \(path) HTTP/1.1", "Host: 127.0.0.1:\(server.port)", "User-Agent: Test",
                    "Accept: */*",
                    "X-Airbyte-Version: 1.2",
                ]
            ]
        )
    }

    @Test(arguments: drivers, ["PUT", "POST", "PATCH", "DELETE"])
    func bodiesAreSentAsTheyAre(driver: BackendChoice, method: String) throws {
        let (server, requests) = Self.recordingServer()
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let body = (0..<3000).map { UInt8(truncatingIfNeeded: $0) }
        _ = try loop.exchange(
            request(
                method,
                server.url + "/p",
                headers: [HTTPHeader("Content-Length", "7"), HTTPHeader("Empty", "")],
                body: body
            )
        ).get()
        let sent = try #require(requests.all.first)
        #expect(sent.body == body)
        #expect(
            sent.lines == [
                "\(method) /p HTTP/1.1", "Host: 127.0.0.1:\(server.port)", "User-Agent: Test", "Accept: */*",
                "Empty:", "Content-Length: 3000",
            ]
        )
    }

    @Test(
        arguments: [("POST", "0"), ("PUT", "0"), ("GET", nil), ("DELETE", nil), ("HEAD", nil)]
            as [(String, String?)]
    )
    func noBodyMeansNoLengthOrZero(method: String, length: String?) throws {
        let (server, requests) = Self.recordingServer()
        defer { server.stop() }
        let loop = try TestLoop(.automatic)
        _ = try loop.exchange(request(method, server.url + "/")).get()
        let sent = try #require(requests.all.first)
        #expect(sent.lines.first == "\(method) / HTTP/1.1")
        #expect(sent.header("Content-Length") == length)
        #expect(sent.header("Content-Type") == nil)
        #expect(sent.header("Transfer-Encoding") == nil)
    }

    @Test func anEmptyBodyHasLengthZero() throws {
        let (server, requests) = Self.recordingServer()
        defer { server.stop() }
        let loop = try TestLoop(.automatic)
        _ = try loop.exchange(request("POST", server.url + "/", body: [])).get()
        #expect(requests.all.first?.header("Content-Length") == "0")
    }

    @Test func ownUserAgentWins() throws {
        let (server, requests) = Self.recordingServer()
        defer { server.stop() }
        let loop = try TestLoop(.automatic)
        _ = try loop.exchange(request("GET", server.url, headers: [HTTPHeader("User-Agent", "Other")])).get()
        #expect(requests.all.first?.lines.filter { $0.hasPrefix("User-Agent") } == ["User-Agent: Other"])
    }

    @Test(arguments: drivers)
    func answersComeBackWhole(driver: BackendChoice) throws {
        let (server, _) = Self.recordingServer(
            answer:
                "HTTP/1.1 410 Gone\r\nRetry-After: 7\r\nX-Two:  a \r\nx-two: b\r\nContent-Length: 5\r\n\r\nhello"
        )
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let response = try loop.exchange(request("GET", server.url)).get()
        #expect(response.status == 410)
        #expect(
            response.headers == [
                HTTPHeader("Retry-After", "7"), HTTPHeader("X-Two", "a"), HTTPHeader("x-two", "b"),
                HTTPHeader("Content-Length", "5"),
            ]
        )
        #expect(response.body == Array("hello".utf8))
        #expect(response.header("retry-after") == "7")
    }

    @Test(arguments: drivers)
    func chunkedAnswersAreJoinedAndTheirTrailersLeftOut(driver: BackendChoice) throws {
        let (server, _) = Self.recordingServer(
            answer:
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nX-Late: 1\r\n\r\n"
        )
        defer { server.stop() }
        let loop = try TestLoop(driver)
        for _ in 0..<2 {
            let response = try loop.exchange(request("GET", server.url)).get()
            #expect(response.body == Array("abcde".utf8))
            #expect(response.headers == [HTTPHeader("Transfer-Encoding", "chunked")])
        }
        #expect(server.acceptedCount == 1)
    }

    @Test func interimAnswersLeaveNoTrace() throws {
        let (server, _) = Self.recordingServer(
            answer:
                "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        )
        defer { server.stop() }
        let loop = try TestLoop(.automatic)
        let response = try loop.exchange(request("PUT", server.url, body: [1, 2])).get()
        #expect(response.status == 200)
        #expect(response.headers == [HTTPHeader("Content-Length", "2")])
        #expect(response.body == Array("ok".utf8))
    }

    @Test func anAnswerWithoutLengthEndsWithItsConnection() throws {
        let server = LoopbackServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\n\r\nall of it")
        }
        defer { server.stop() }
        let loop = try TestLoop(.automatic)
        #expect(try loop.exchange(request("GET", server.url)).get().body == Array("all of it".utf8))
    }

    @Test func redirectionsAreNotFollowed() throws {
        let (server, requests) = Self.recordingServer(
            answer: "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
        )
        defer { server.stop() }
        let loop = try TestLoop(.automatic)
        let response = try loop.exchange(request("GET", server.url)).get()
        #expect(response.status == 302)
        #expect(response.header("Location") == "/elsewhere")
        #expect(requests.all.count == 1)
    }

    /// Credentials stay with the host that the request names, whatever an answer asks for.
    @Test(arguments: drivers, [301, 302, 303, 307, 308])
    func anotherHostGetsNothing(driver: BackendChoice, status: Int) throws {
        let (other, strays) = Self.recordingServer()
        defer { other.stop() }
        let (server, requests) = Self.recordingServer(
            answer: """
                HTTP/1.1 \(status) Elsewhere\r
                Location: \(other.url)/stolen\r
                Refresh: 0; url=\(other.url)\r
                Set-Cookie: session=1; Domain=127.0.0.1; Path=/\r
                Alt-Svc: h2="127.0.0.1:\(other.port)"; persist=1\r
                Content-Length: 0\r
                \r

                """
        )
        defer { server.stop() }
        let loop = try TestLoop(driver)
        let token = HTTPHeader("Authorization", "Bearer token")
        for method in ["GET", "PUT"] {
            let sent = request(method, server.url, headers: [token], body: method == "GET" ? nil : [1])
            #expect(try loop.exchange(sent).get().status == status)
        }
        #expect(strays.all.isEmpty && other.acceptedCount == 0)
        #expect(requests.all.count == 2)
        #expect(!requests.all.flatMap(\.lines).contains { $0.lowercased().hasPrefix("cookie") })
        try loop.settle()
    }

    /// An answer that grows when it is unpacked has a bound, too: nothing is unpacked.
    @Test func compressedAnswersStayAsTheyAre() throws {
        let (server, requests) = Self.recordingServer(
            answer: "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nxxxx"
        )
        defer { server.stop() }
        let response = try TestLoop(.automatic).exchange(request("GET", server.url)).get()
        #expect(response.body == Array("xxxx".utf8))
        let lines = try #require(requests.all.first).lines
        #expect(!lines.contains { $0.lowercased().hasPrefix("accept-encoding") })
    }

    /// In a process of its own, as the environment belongs to all tests.
    @Test func passwordsOfNetrcAreNotUsed() async {
        await #expect(processExitsWith: .success) {
            let home = FileManager.default.temporaryDirectory.appendingPathComponent("home-\(getpid())")
            try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: home) }
            try Data("machine 127.0.0.1 login name password word\n".utf8)
                .write(to: home.appendingPathComponent(".netrc"))
            setenv("HOME", home.path, 1)
            let (server, requests) = Self.recordingServer()
            defer { server.stop() }
            _ = try TestLoop(.automatic).exchange(request("GET", server.url)).get()
            let lines = try #require(requests.all.first).lines
            #expect(!lines.contains { $0.hasPrefix("Authorization") })
        }
    }

    /// A server that reads no faster than asked, and a body that fits into no buffer.
    @Test(arguments: drivers)
    func aLargeBodyReachesASlowReader(driver: BackendChoice) throws {
        let body = (0..<1_000_003).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let received = Recorder<[UInt8]>()
        let server = LoopbackServer { connection in
            guard let head = connection.readHead() else { return }
            #expect(!head.contains { $0.lowercased().hasPrefix("expect") })
            var bytes: [UInt8] = []
            while bytes.count < body.count {
                let piece = connection.readSome(1000)
                if piece.isEmpty { break }
                bytes += piece
            }
            received.append(bytes)
            connection.answer("201 Created")
        }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        #expect(try loop.exchange(request("PUT", server.url, body: body)).get().status == 201)
        #expect(received.all == [body])
    }

    /// The answer comes in pieces, each of them sent only after the last one has been waited for.
    @Test(arguments: drivers)
    func aDribbledAnswerIsPutTogether(driver: BackendChoice) throws {
        let next = Signal()
        let server = LoopbackServer { connection in
            _ = connection.readRequest()
            for byte in "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 3\r\n\r\nabc".utf8 {
                next.wait()
                connection.write([byte])
            }
            connection.waitForEnd()
        }
        defer { server.stop() }
        let loop = try TestLoop(driver)
        var outcome: Outcome?
        _ = loop.transport.send(request("GET", server.url)) { outcome = $0 }
        try loop.run {
            next.fire()
            return outcome != nil
        }
        let response = try #require(try outcome?.get())
        #expect(response.header("x-a") == "b")
        #expect(response.body == Array("abc".utf8))
    }

    @Test func aLocalNameIsResolved() throws {
        let (server, requests) = Self.recordingServer()
        defer { server.stop() }
        let loop = try TestLoop(.automatic)
        #expect(try loop.exchange(request("GET", "http://localhost:\(server.port)/")).get().status == 204)
        #expect(requests.all.first?.header("Host") == "localhost:\(server.port)")
        try loop.settle()
    }
}
