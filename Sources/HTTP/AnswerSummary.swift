import Text

extension HTTPResponse {
    /// The content type in lower case, without its parameters; nil where the answer names none.
    package var mediaType: String? {
        header("Content-Type").map { $0.prefix { $0 != ";" }.trimmingWhitespace().lowercased() }
    }

    /// Whether the body is a page for people: no API answers a program with one, gateways and sign-in pages do. The
    /// content types of object stores say less, see `holdsPage`.
    package var isPage: Bool {
        if let mediaType, ["text/html", "application/xhtml+xml"].contains(mediaType) { return true }
        return HTMLText.isPage(body)
    }

    /// So much of an answer is quoted at most, in bytes: enough for a message, too little for a page.
    private static let maxQuote = 300

    /// What people need to know of an answer that is no success, on one line; continues "… was answered with".
    ///
    /// Says the status, the proxy that the answer came through, the text or title that it holds, which error squid gives
    /// as its cause, where a redirection leads, and what to do about statuses that only gateways give.
    ///
    /// - Parameter quotingBody: false where the body could hold a secret.
    package func summary(quotingBody: Bool = true) -> String {
        let route = proxy.map { " through the proxy \($0)" } ?? ""
        return "\(status)\(route)\(words(quotingBody: quotingBody))\(advice.map { "; \($0)" } ?? "")"
    }

    /// What the answer says of itself: continues a sentence, and is empty where it says nothing.
    package func words(quotingBody: Bool) -> String {
        let quote = quotingBody ? quote : ""
        let fields = [
            header("X-Squid-Error").map { "X-Squid-Error: \(Self.cut($0))" },
            header("Location").map { "Location: \(Self.cut($0.withoutUserInfo.withoutQuery))" },
        ].compactMap { $0 }
        return (quote.isEmpty ? "" : ": \(quote)")
            + (fields.isEmpty ? "" : " (\(fields.joined(separator: ", ")))")
    }

    private var quote: String {
        guard isPage else {
            let start = body.beginning(Self.maxQuote)
            let text = String(decoding: start, as: UTF8.self).onOneLine.escapingControlCharacters()
            return text + (body.count > Self.maxQuote && !text.isEmpty ? CutMark.text : "")
        }
        var text = HTMLText(body).summary
        // nginx: "413 Request Entity Too Large".
        if text.hasPrefix("\(status) ") { text.removeFirst("\(status) ".count) }
        return Self.cut(text)
    }

    private static func cut(_ text: String) -> String {
        text.cut(toUTF8: maxQuote).escapingControlCharacters()
    }

    private var advice: String? {
        switch status {
        case 407:
            "\(proxy.map { "the proxy \($0)" } ?? "a proxy on the way") requires authentication: HTTP_PROXY and"
                + " HTTPS_PROXY can name a user and a password"
        case 413:
            "a gateway or proxy limits the size of request bodies"
        default:
            nil
        }
    }
}

extension String {
    /// A URL up to its query, which can hold a session's secrets.
    fileprivate var withoutQuery: String { String(prefix { $0 != "?" && $0 != "#" }) }
}
