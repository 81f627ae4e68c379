import Foundation
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
            error.message == "api.invalid:80: cannot connect to proxy 127.0.0.1:\(port) (Connection refused)"
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
        #expect(error.message == "api.invalid:80: no address is known for proxy proxy.invalid:3128")
    }

    @Test func aRefusedTunnelIsAConnectFailure() throws {
        let proxy = ProxyServer(tunnelStatus: "407 Proxy Authentication Required")
        defer { proxy.server.stop() }
        let loop = try TestLoop(.automatic, .init(userAgent: "Test", httpsProxy: proxy.address))
        let error = try loop.failure(request("GET", "https://api.invalid/"))
        #expect(error.kind == .connect)
        #expect(error.message == "api.invalid:443: proxy \(proxy.address) refused the tunnel with status 407")
        try loop.settle()
    }
}
