import HTTP

/// Answers that are not an object store's own: a gateway's error page, a portal's welcome, a console in place of the
/// service.
extension HTTPResponse {
    /// Whether the body is a page for people. No store answers an upload with one.
    ///
    /// The content type alone says nothing: OpenStack Swift 2.38.3 gives `text/html` with the empty body of each success,
    /// and Google's storage with refusals in plain words.
    var holdsPage: Bool {
        HTMLText.isPage(body) || isPage && startsWithMarkup && !body.starts(with: "<?xml".utf8)
    }

    /// Whether the service may answer a little later: it is down or overloaded, or what stands before it has answered with
    /// a success of its own, so that the service has not been reached.
    var isPassing: Bool {
        status == 408 || status == 429 || status >= 500 || (200..<300).contains(status) && holdsPage
    }

    private var startsWithMarkup: Bool {
        body.first { ![0x09, 0x0A, 0x0D, 0x20].contains($0) } == UInt8(ascii: "<")
    }

    /// What is known of an answer in which a store's own words are missing: the status, the text of a page or plain
    /// words, and which proxy it came through. Continues "… was answered with".
    var summaryWithoutMarkup: String { summary(quotingBody: holdsPage || !startsWithMarkup) }

    /// The end of a message about an answer that holds the store's own words.
    var throughProxy: String { proxy.map { " through the proxy \($0)" } ?? "" }

    /// One line about an answer that is not the store's.
    ///
    /// - Parameters:
    ///   - what: names the request: `PUT s3://bucket/key`.
    ///   - service: whose answer was expected: `S3`.
    ///   - settings: where the store's address comes from.
    func strange(_ what: String, service: String, settings: String) -> StorageFailure {
        var message = "\(what) was answered with \(summaryWithoutMarkup)"
        // Gateways that the service has in front of it say so, too.
        let saysEnough = [407, 408, 413, 429].contains(status) || status >= 500
        if !saysEnough {
            message += "; this is not an answer of \(service), but of a gateway or a portal: see \(settings)"
        }
        return StorageFailure(message: message)
    }
}
