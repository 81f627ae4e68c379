import Testing

@testable import HTTP

@Suite struct HTTPBaseURLTests {
    @Test(arguments: [
        ("workload-api-server:8007", "http://workload-api-server:8007"),
        ("localhost", "http://localhost"),
        ("http://host", "http://host"),
        ("http://host/", "http://host"),
        ("http://host///", "http://host"),
        ("https://host:443/base/", "https://host:443/base"),
        ("host/base", "http://host/base"),
        ("HTTPS://Host", "HTTPS://Host"),
        ("http://host:1", "http://host:1"),
        ("http://host:65535", "http://host:65535"),
        ("[::1]:8001", "http://[::1]:8001"),
        ("http://[fe80::1%25eth0]", "http://[fe80::1%25eth0]"),
        ("http://user:pass@host:8001", "http://user:pass@host:8001"),
        ("http://10.0.0.1:8001", "http://10.0.0.1:8001"),
    ])
    func usable(_ value: String, _ normalised: String) throws {
        #expect(try HTTPBaseURL.normalised(value) == normalised)
    }

    @Test(arguments: [
        "http://", "https:///", "/", "//", "://host", "ftp://host", "file:///etc/passwd", " http://host",
        "http://ho st",
        "http://host\n", "http://hö.st", "http://host?x=1", "http://host#part", "host?x", "http://host:",
        "http://:80",
        "http://host:0", "http://host:65536", "http://host:port", "http://host:+80", "http://host:-1",
        "http://host:8 0",
        "http://user:pass@", "http://user@:80", "http://[::1", "http://[]", "http://[]:80", "http://[::1]80",
        "http://::1", "http://a:b:80", "http:/host", "http:",
    ])
    func unusable(_ value: String) {
        #expect(throws: HTTPBaseURL.Malformed.self) { try HTTPBaseURL.normalised(value) }
    }

    @Test(arguments: [
        ("http://user:pass@host/path", "http://host/path"), ("http://host/p@th", "http://host/p@th"),
        ("http://a@b@host", "http://host"), ("no url", "no url"), ("https://host", "https://host"),
    ])
    func userInfoIsLeftOut(_ url: String, _ shown: String) {
        #expect(url.withoutUserInfo == shown)
    }
}
