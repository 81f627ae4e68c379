import Testing

@testable import CurlTransport

@Suite struct OriginTests {
    @Test(arguments: [
        ("http://Example.COM", "example.com:80"), ("https://example.com/a?b#c", "example.com:443"),
        ("HTTP://user:secret@h:8001/", "h:8001"), ("http://[::1]:81/", "[::1]:81"),
        ("http://h/path@other:99", "h:80"), ("http://h:080/", "h:80"),
    ])
    func urls(url: String, shown: String) {
        #expect(Origin(url: url)?.description == shown)
    }

    @Test func sameOriginsAreEqual() {
        #expect(Origin(url: "http://H/a") == Origin(url: "http://u@h:80/b"))
        #expect(Origin(url: "http://h/") != Origin(url: "https://h:80/"))
    }

    @Test(arguments: [
        ("proxy:3128", "proxy:3128"), ("http://u:p@proxy:3128/", "proxy:3128"), ("proxy", "proxy:1080"),
        ("https://proxy", "proxy:443"), ("socks5h://10.0.0.1:9050", "10.0.0.1:9050"),
        ("u:p@proxy:8080", "proxy:8080"),
    ])
    func proxies(proxy: String, shown: String) {
        #expect(Origin(proxy: proxy)?.description == shown)
    }
}
