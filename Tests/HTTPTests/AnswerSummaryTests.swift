import HTTP
import Testing

/// What an error says of an HTTP answer.
@Suite struct AnswerSummaryTests {
    private func summary(
        _ status: Int,
        _ body: String = "",
        headers: [HTTPHeader] = [],
        proxy: String? = nil,
        quotingBody: Bool = true
    ) -> String {
        HTTPResponse(status: status, headers: headers, body: Array(body.utf8), proxy: proxy)
            .summary(quotingBody: quotingBody)
    }

    @Test func bodiesAreQuotedOnOneLine() {
        #expect(
            summary(400, "  first\r\n\tsecond\u{1B}[31m red\u{0}  ")
                == #"400: first second\u{1b}[31m red\u{0}"#
        )
    }

    @Test(arguments: [("", "400"), (" \n ", "400"), ("x", "400: x")])
    func nothingIsQuotedOfNothing(_ body: String, _ expected: String) {
        #expect(summary(400, body) == expected)
    }

    @Test func quotesAreBounded() {
        #expect(
            summary(400, String(repeating: "x", count: 300)) == "400: " + String(repeating: "x", count: 300)
        )
        #expect(
            summary(400, String(repeating: "x", count: 301)) == "400: " + String(repeating: "x", count: 300)
                + " …"
        )
        #expect(summary(500, String(repeating: "x", count: 5_000_000)).utf8.count < 400)
        #expect(
            summary(500, "<title>" + String(repeating: "x", count: 30_000) + "</title>", headers: Self.html)
                .utf8.count < 400
        )
        #expect(
            summary(302, headers: [HTTPHeader("Location", String(repeating: "x", count: 30_000))]).utf8.count
                < 400
        )
    }

    @Test func noCharacterIsCut() {
        #expect(summary(400, String(repeating: "x", count: 299) + "€uro").hasSuffix("x …"))
    }

    @Test func proxyIsNamed() {
        #expect(summary(503, "busy", proxy: "http://p:3128") == "503 through the proxy http://p:3128: busy")
    }

    @Test func authenticationIsDemandedByTheProxy() {
        let advice = " requires authentication: HTTP_PROXY and HTTPS_PROXY can name a user and a password"
        #expect(
            summary(407, proxy: "http://p:1")
                == "407 through the proxy http://p:1; the proxy http://p:1\(advice)"
        )
        #expect(summary(407) == "407; a proxy on the way\(advice)")
    }

    @Test func bodyIsTooLargeForAGateway() {
        #expect(
            summary(413, "no") == "413: no; a gateway or proxy limits the size of request bodies"
        )
    }

    // MARK: Fields

    @Test func fieldsOfGatewaysAreTold() {
        let fields = [
            HTTPHeader("x-squid-error", "ERR_ACCESS_DENIED 0"),
            HTTPHeader("location", "https://login.example/"),
        ]
        #expect(
            summary(403, headers: fields, quotingBody: false)
                == "403 (X-Squid-Error: ERR_ACCESS_DENIED 0, Location: https://login.example/)"
        )
    }

    @Test(arguments: ["https://user:secret@login.example/in?state=secret", "https://login.example/in#secret"])
    func redirectionIsToldWithoutItsSecrets(_ location: String) {
        #expect(
            summary(302, headers: [HTTPHeader("Location", location)])
                == "302 (Location: https://login.example/in)"
        )
    }

    // MARK: Pages

    private static let html = [HTTPHeader("Content-Type", "text/html;charset=utf-8")]

    /// As the gateways of Debian 12 write them.
    @Test(arguments: [
        // nginx 1.22.1
        (
            413,
            "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n<center><h1>413 Request"
                + " Entity Too Large</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n",
            "413: Request Entity Too Large; a gateway or proxy limits the size of request bodies"
        ),
        // haproxy 2.6.12: no title
        (
            503,
            "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n"
                + "</body></html>\n",
            "503: Service Unavailable No server is available to handle this request."
        ),
        // Apache 2.4.71
        (
            503,
            "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>503 Service Unavailable"
                + "</title>\n</head><body>\n<h1>Service Unavailable</h1>\n</body></html>\n",
            "503: Service Unavailable"
        ),
    ])
    func pagesGiveTheirTitleOrText(_ status: Int, _ page: String, _ expected: String) {
        #expect(summary(status, page, headers: Self.html) == expected)
        #expect(summary(status, page) == expected, "a page is one without a content type, too")
    }

    @Test(arguments: [
        (
            "<TITLE lang=\"en\">\n A &amp;  B &lt;b&gt; &quot;c&quot; &#39;d&#39; &copy; &\n</TITLE>",
            #"A & B <b> "c" 'd' &copy; &"#
        ),
        ("<title></title><p>text</p>", "text"), ("<title>unclosed", "unclosed"), ("<title", ""), ("<", ""),
        ("<p>one<br>two</p>three", "one two three"), ("", ""), ("&amp;", "&"), ("&amp", "&amp"),
        ("<style>p { x: y }</style>a<script>if (a < b) {}</script>b<!-- c > d -->e", "a b e"),
        ("a<script>never closed", "a"), ("a<!-- never closed", "a"), ("<h1>\u{1B}[31m</h1>", #"\u{1b}[31m"#),
    ])
    func markupIsLeftOut(_ page: String, _ expected: String) {
        let summary = summary(500, page, headers: Self.html)
        #expect(summary == (expected.isEmpty ? "500" : "500: \(expected)"))
    }

    @Test func pagesThatCouldHoldSecretsAreNotQuoted() {
        #expect(summary(500, "<title>secret</title>", headers: Self.html, quotingBody: false) == "500")
    }

    @Test(arguments: [
        ("text/html", "", true), ("TEXT/HTML; charset=x", "x", true), ("application/xhtml+xml", "", true),
        ("application/json", "{}", false), ("application/json", " \n<!doctype HTML><p>", true),
        ("", "<HTML>", true),
        ("application/xml", "<Error/>", false), ("", "", false),
    ])
    func pagesAreTold(_ type: String, _ body: String, _ isPage: Bool) {
        let headers = type.isEmpty ? [] : [HTTPHeader("Content-Type", type)]
        #expect(HTTPResponse(status: 200, headers: headers, body: Array(body.utf8)).isPage == isPage)
    }
}
