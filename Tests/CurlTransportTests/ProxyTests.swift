import Foundation
import HTTP
import Reactor
import Testing

@testable import CurlTransport

/// Which requests go through a proxy, and what the proxy gets to see.
@Suite struct ProxyTests {
    @Test(arguments: drivers)
    func plainRequestsGoThroughTheProxy(driver: BackendChoice) throws {
        let proxy = ProxyServer()
        defer { proxy.server.stop() }
        let loop = try TestLoop(
            driver,
            .init(userAgent: "Test", httpProxy: "http://name:word@\(proxy.address)")
        )
        let url = "http://api.invalid:8001/path?a=b"
        let response = try loop.exchange(request("PUT", url, headers: [HTTPHeader("X-A", "b")], body: [1]))
            .get()
        #expect(response.body == Array("by proxy".utf8))
        let head = try #require(proxy.heads.all.first)
        #expect(head[0] == "PUT http://api.invalid:8001/path?a=b HTTP/1.1")
        #expect(head.contains("Host: api.invalid:8001"))
        #expect(head.contains("Proxy-Authorization: Basic \(Data("name:word".utf8).base64EncodedString())"))
        #expect(head.contains("X-A: b"))
        try loop.settle()
    }

    @Test(arguments: drivers)
    func encryptedRequestsGoThroughATunnel(driver: BackendChoice) throws {
        let proxy = ProxyServer()
        defer { proxy.server.stop() }
        let server = try TLSServer()
        defer { server.stop() }
        let options = CurlTransport.Options(
            userAgent: "Test",
            httpProxy: "http://no-such-proxy.invalid",
            httpsProxy: proxy.address,
            certificateFile: server.certificateFile
        )
        let loop = try TestLoop(driver, options)
        for path in ["/one", "/two"] {
            let sent = request(
                "GET",
                server.url + path,
                headers: [HTTPHeader("Authorization", "Bearer secret")]
            )
            let response = try loop.exchange(sent).get()
            #expect(response.status == 200)
            #expect(response.body == Array(path.utf8))
            #expect(response.header("X-Proxy") == nil)
        }
        // One tunnel serves both, and the proxy sees nothing of the requests within.
        #expect(proxy.heads.all.count == 1)
        let head = try #require(proxy.heads.all.first)
        #expect(head[0] == "CONNECT 127.0.0.1:\(server.port) HTTP/1.1")
        #expect(!head.contains { $0.contains("secret") })
        try loop.settle()
    }

    @Test(arguments: [
        "127.0.0.1", "127.0.0.0/8", "*", "other.example,127.0.0.1", "other.example, 127.0.0.1",
        ".local,127.0.0.1",
    ])
    func hostsInNoProxyAreReachedDirectly(noProxy: String) throws {
        let server = LoopbackServer { connection in
            while connection.readRequest() != nil { connection.answer(body: "direct") }
        }
        defer { server.stop() }
        let proxy = ProxyServer()
        defer { proxy.server.stop() }
        let loop = try TestLoop(
            .automatic,
            .init(userAgent: "Test", httpProxy: proxy.address, noProxy: noProxy)
        )
        #expect(try loop.exchange(request("GET", server.url)).get().body == Array("direct".utf8))
        #expect(proxy.heads.all.isEmpty)
    }

    @Test(arguments: ["api.svc.local", "svc.local", ".svc.local"])
    func otherHostsAreNot(noProxy: String) throws {
        let proxy = ProxyServer()
        defer { proxy.server.stop() }
        let loop = try TestLoop(
            .automatic,
            .init(userAgent: "Test", httpProxy: proxy.address, noProxy: noProxy)
        )
        // A suffix of the letters alone is not a domain's suffix.
        #expect(
            try loop.exchange(request("GET", "http://xapi.xsvc.local/")).get().body == Array("by proxy".utf8)
        )
    }

    @Test func emptySettingsAreNone() throws {
        let server = LoopbackServer { connection in
            while connection.readRequest() != nil { connection.answer() }
        }
        defer { server.stop() }
        let options = CurlTransport.Options(
            userAgent: "Test",
            httpProxy: "",
            httpsProxy: "",
            noProxy: "",
            certificateFile: "",
            certificateDirectory: ""
        )
        #expect(try TestLoop(.automatic, options).exchange(request("GET", server.url)).get().status == 200)
    }

    /// In a process of its own, as the environment belongs to all tests.
    @Test func theEnvironmentIsNotRead() async {
        await #expect(processExitsWith: .success) {
            for name in ["http_proxy", "all_proxy", "ALL_PROXY"] { setenv(name, "http://proxy.invalid:1", 1) }
            setenv("no_proxy", "api.invalid", 1)
            let server = LoopbackServer { connection in
                while connection.readRequest() != nil { connection.answer(body: "direct") }
            }
            let direct = try TestLoop(.automatic).exchange(request("GET", server.url)).get()
            #expect(direct.body == Array("direct".utf8))
            let proxy = ProxyServer()
            let loop = try TestLoop(.automatic, .init(userAgent: "Test", httpProxy: proxy.address))
            #expect(
                try loop.exchange(request("GET", "http://api.invalid/")).get().body == Array("by proxy".utf8)
            )
        }
    }

    @Test func aProxyThatIsNotThereIsNamed() throws {
        let (descriptor, port) = listen(backlog: 1)
        close(descriptor)
        let options = CurlTransport.Options(
            userAgent: "Test",
            httpProxy: "http://name:word@127.0.0.1:\(port)"
        )
        let loop = try TestLoop(.automatic, options)
        let error = try loop.failure(request("GET", "http://api.invalid/"))
        #expect(error.kind == .connect)
        #expect(
            error.message
                == "api.invalid:80 through the proxy http://127.0.0.1:\(port): cannot connect to the proxy"
                + " (Connection refused)"
        )
    }

    @Test func aProxyWithoutAddressIsNamed() throws {
        let options = CurlTransport.Options(
            userAgent: "Test",
            httpProxy: "http://name:word@proxy.invalid:3128"
        )
        let loop = try TestLoop(.automatic, options)
        let error = try loop.failure(request("GET", "http://api.invalid/"))
        #expect(error.kind == .nameResolution)
        #expect(
            error.message
                == "api.invalid:80 through the proxy http://proxy.invalid:3128: no address is known for the proxy"
        )
    }

    /// As with any other answer: what the proxy says of itself is final, what it says of the other side can pass.
    @Test(
        arguments: [
            (403, .refusedByProxy), (404, .refusedByProxy), (407, .refusedByProxy), (408, .connect),
            (429, .connect),
            (500, .connect), (502, .connect), (503, .connect), (504, .connect),
        ] as [(Int, HTTPTransportError.Kind)]
    )
    func aRefusedTunnelIsToldAsTheProxysDoing(status: Int, kind: HTTPTransportError.Kind) throws {
        let proxy = ProxyServer(tunnelStatus: "\(status) Status")
        defer { proxy.server.stop() }
        let setting = "http://name:word@\(proxy.address)"
        let loop = try TestLoop(.automatic, .init(userAgent: "Test", httpsProxy: setting))
        let error = try loop.failure(request("GET", "https://api.invalid/"))
        #expect(error.kind == kind)
        #expect(error.isTemporary == (kind == .connect))
        let advice = "; it requires authentication: HTTP_PROXY and HTTPS_PROXY can name a user and a password"
        #expect(
            error.message
                == "api.invalid:443 through the proxy http://\(proxy.address): the proxy refused the tunnel with status"
                + " \(status) (X-Squid-Error: ERR_TEST)\(status == 407 ? advice : "")"
        )
        try loop.settle()
    }

    /// tinyproxy 1.11.1 resets the connection behind its refusal.
    @Test(arguments: drivers)
    func aTunnelThatIsRefusedAndResetIsToldTheSame(driver: BackendChoice) throws {
        let isRead = Signal()
        let server = LoopbackServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write(
                "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 100\r\n\r\nbeginning"
            )
            isRead.wait()
            connection.reset()
        }
        defer { server.stop() }
        defer { isRead.fire() }
        let loop = try TestLoop(driver, .init(userAgent: "Test", httpsProxy: server.url))
        var outcome: Outcome?
        _ = loop.transport.send(request("GET", "https://api.invalid/")) { outcome = $0 }
        try loop.runUntilQuiet()
        isRead.fire()
        try loop.run { outcome != nil }
        let error = #expect(throws: HTTPTransportError.self) { try outcome?.get() }
        #expect(error?.kind == .refusedByProxy)
        #expect(error?.message.contains("the proxy refused the tunnel with status 407; it requires") == true)
        try loop.settle()
    }

    @Test func whatFailsBehindTheProxyNamesIt() throws {
        let server = LoopbackServer { connection in
            while let request = connection.readRequest() {
                if request.lines[0].contains("/silence") { connection.waitForEnd() }
                guard request.lines[0].contains("/answer") else { return }
                connection.answer("500 Status")
            }
        }
        defer { server.stop() }
        let options = CurlTransport.Options(
            userAgent: "Test",
            httpProxy: "name:word@127.0.0.1:\(server.port)",
            noProxy: "127.0.0.1"
        )
        let loop = try TestLoop(.automatic, options)
        let error = try loop.failure(request("POST", "http://api.invalid/"))
        #expect(
            error.message
                == "api.invalid:80 through the proxy \(server.url): the connection was closed without an answer"
        )
        let silence = try loop.failure(
            request("GET", "http://api.invalid/silence", totalTimeout: .milliseconds(50))
        )
        #expect(silence.message.hasPrefix("api.invalid:80 through the proxy \(server.url): timed out"))
        let response = try loop.exchange(request("GET", "http://api.invalid/answer")).get()
        #expect(response.status == 500)
        #expect(response.proxy == server.url)
        #expect(try loop.exchange(request("GET", server.url + "/answer")).get().proxy == nil)
    }
}
