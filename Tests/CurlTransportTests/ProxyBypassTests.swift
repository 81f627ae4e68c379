import HTTP
import Testing

@testable import CurlTransport

/// Which hosts are reached past the proxy.
@Suite struct ProxyBypassTests {
    private func origin(_ url: String) throws -> Origin { try #require(Origin(url: url)) }

    // MARK: Hosts close to a pod

    @Test(arguments: [
        // One label.
        "http://airbyte-server:8001", "http://localhost:8001", "http://minio", "https://server",
        "http://server.",
        // A cluster's names.
        "http://airbyte-server-svc.airbyte:8001", "http://a.b.svc", "http://server.airbyte.svc:8001",
        "http://server.airbyte.svc.cluster.local:8001", "http://server.airbyte.svc.my-cluster.example",
        "http://SERVER.Airbyte.SVC.Cluster.Local", "http://server.airbyte.svc.cluster.local.",
        "http://ip-10-0-0-1.airbyte.pod.cluster.local", "http://x.cluster.local", "http://x.svc",
        // Loopback.
        "http://127.0.0.1:8001", "http://127.255.0.3", "http://[::1]:8001", "http://[0:0:0:0:0:0:0:1]",
        "http://[::ffff:127.0.0.1]", "http://127.1",
        // Metadata services.
        "http://169.254.169.254", "http://169.254.170.2", "http://169.254.170.23", "http://[fd00:ec2::254]",
        "http://[fd00:ec2::23]", "http://[FD00:EC2:0:0::254]", "http://metadata.google.internal",
        "http://Metadata.Google.Internal./computeMetadata",
    ])
    func podHostsNeedNoProxy(_ url: String) throws {
        let origin = try origin(url)
        #expect(ProxyBypass(noProxy: nil, includesPodHosts: true).covers(origin))
        #expect(ProxyBypass(noProxy: "other.example", includesPodHosts: true).covers(origin))
        #expect(!ProxyBypass(noProxy: nil).covers(origin), "only where it is asked for")
    }

    @Test(arguments: [
        "https://storage.googleapis.com", "https://bucket.s3.eu-west-1.amazonaws.com",
        "http://svc.example.com",
        "http://svc.example", "http://my-svc.example.com", "http://-svc.airbyte", "http://a-svc2.airbyte",
        "http://cluster.local", "http://xcluster.local", "http://server.svcs.example",
        "http://google.internal",
        "http://x.metadata.google.internal", "http://metadata.google.internal.example.com",
        "http://10.0.0.1", "http://128.0.0.1", "http://169.254.169.253", "http://169.254.170.22",
        "http://[::2]", "http://[fd00:ec2::255]", "http://[::ffff:10.0.0.1]", "http://[fe80::1%25eth0]",
        "http://127.0.0.1.example.com",
    ])
    func othersDo(_ url: String) throws {
        #expect(!ProxyBypass(noProxy: nil, includesPodHosts: true).covers(try origin(url)))
    }

    // MARK: NO_PROXY

    @Test(arguments: [
        ("example.com", "https://example.com"), ("example.com", "https://a.b.example.com"),
        (".example.com", "https://example.com"), (".example.com", "https://a.example.com"),
        ("*.example.com", "https://a.example.com"), ("Example.COM.", "https://EXAMPLE.com"),
        ("example.com", "https://example.com."), ("a, example.com ,b", "https://example.com"),
        ("a example.com\tb", "https://example.com"), (",,example.com", "https://example.com"),
        ("*", "https://example.com"), ("a,*", "https://10.0.0.1"),
        ("example.com:443", "https://example.com"), ("example.com:8443", "https://a.example.com:8443"),
        ("10.0.0.1", "http://10.0.0.1"), ("10.0.0.0/8", "http://10.200.3.4:8001"),
        ("0.0.0.0/0", "http://1.2.3.4"),
        ("10.0.0.1:8001", "http://10.0.0.1:8001"), ("172.16.0.0/12", "http://172.31.255.255"),
        ("2001:db8::1", "http://[2001:db8::1]"), ("[2001:db8::1]", "http://[2001:db8:0::1]:8001"),
        ("[2001:db8::1]:8001", "http://[2001:db8::1]:8001"), ("2001:db8::/33", "http://[2001:db8:7fff::1]"),
        ("10.0.0.0/8", "http://[::ffff:10.1.2.3]"),
    ])
    func hostsInNoProxy(_ noProxy: String, _ url: String) throws {
        #expect(ProxyBypass(noProxy: noProxy).covers(try origin(url)))
    }

    @Test(arguments: [
        ("", "https://example.com"), (" , ,", "https://example.com"), (".", "https://example.com"),
        ("*.", "https://example.com"), ("example.com", "https://notexample.com"),
        ("example.com", "https://example.com.org"), ("a.example.com", "https://example.com"),
        ("example.com:8443", "https://example.com"), ("10.0.0.1:8001", "http://10.0.0.1"),
        ("10.0.0.0/8", "http://11.0.0.1"), ("172.16.0.0/12", "http://172.32.0.0"),
        ("10.0.0.0/33", "http://10.0.0.0"),
        ("10.0.0.0/-1", "http://10.0.0.0"), ("10.0.0.0/8/8", "http://10.0.0.0"),
        ("10.0.0", "http://10.0.0.0"),
        ("0.0.1", "http://10.0.0.1"), ("2001:db8::/33", "http://[2001:db8:8000::1]"),
        ("::/0", "http://10.0.0.1"), ("exam*.com", "https://example.com"),
        ("2001:db8::1:8001", "http://[2001:db8::1]:8001"),
    ])
    func hostsThatAreNot(_ noProxy: String, _ url: String) throws {
        #expect(!ProxyBypass(noProxy: noProxy).covers(try origin(url)))
    }

    // MARK: On the wire

    /// The transport asks the list, whichever scheme's proxy it is about.
    @Test func theProxyIsNotAskedForPodHosts() throws {
        let proxy = ProxyServer()
        defer { proxy.server.stop() }
        let server = LoopbackServer { connection in
            while connection.readRequest() != nil { connection.answer(body: "direct") }
        }
        defer { server.stop() }
        let options = CurlTransport.Options(
            userAgent: "Test",
            httpProxy: proxy.address,
            httpsProxy: proxy.address,
            noProxy: "other.example",
            reachesPodHostsDirectly: true
        )
        let loop = try TestLoop(.automatic, options)
        #expect(try loop.exchange(request("GET", server.url)).get().body == Array("direct".utf8))
        // Nobody knows the name, but the proxy would have answered for it.
        for url in ["http://server-svc.airbyte/", "https://server-svc.airbyte/"] {
            let error = try loop.failure(request("GET", url))
            #expect(error.kind == .nameResolution)
            #expect(error.message.contains("no address is known for host server-svc.airbyte"))
        }
        #expect(proxy.heads.all.isEmpty)
        #expect(
            try loop.exchange(request("GET", "http://api.invalid/")).get().body == Array("by proxy".utf8)
        )
    }

    @Test(arguments: ["http://proxy:99999", "foo://proxy:1", "http://", "pro xy:1", "http://pro\nxy"])
    func proxiesThatCannotBeUsed(_ setting: String) throws {
        #expect(!CurlTransport.isUsableProxy(setting))
        #expect(throws: HTTPTransportError.self) {
            try TestLoop(.automatic, .init(userAgent: "Test", httpsProxy: setting))
        }
    }

    @Test(arguments: [
        "proxy", "proxy:3128", "http://user:word@proxy:3128/", "https://proxy", "socks5h://10.0.0.1:9050",
        "[::1]:3128",
    ])
    func proxiesThatCan(_ setting: String) {
        #expect(CurlTransport.isUsableProxy(setting))
    }
}
