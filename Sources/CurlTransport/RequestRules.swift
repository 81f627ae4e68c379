import HTTP

/// What a request must fulfil before libcurl sees it, so that nothing from a configuration can add header
/// fields or requests of its own.
enum RequestRules {
    /// Fields that the transport writes itself, from the body it really sends.
    static let ownFields: Set<String> = ["content-length", "transfer-encoding", "expect"]

    /// The origin of a request that can be sent; the reason is a line for people without the URL's secrets.
    static func check(_ request: HTTPRequest) throws(HTTPTransportError) -> Origin {
        func refuse(_ reason: String) -> HTTPTransportError {
            HTTPTransportError(kind: .invalidRequest, message: reason)
        }
        // libcurl would send blanks and control characters as they are.
        guard request.url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
            throw refuse("a URL with spaces or control characters cannot be requested")
        }
        guard let origin = Origin(url: request.url) else {
            throw refuse("a URL that is not of the form http(s)://host[:port]/… cannot be requested")
        }
        guard isToken(request.method) else {
            throw refuse("\(origin): the request's method is not an HTTP method")
        }
        if let count = request.body?.count, count < 0 {
            throw refuse("\(origin): a body of \(count) bytes cannot be sent")
        }
        for header in request.headers {
            guard isToken(header.name) else {
                throw refuse(
                    "\(origin): a header field's name is empty or has characters that are not allowed"
                )
            }
            guard header.value.utf8.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7f) }) else {
                throw refuse(
                    "\(origin): the value of header field \(header.name) has control characters in it"
                )
            }
        }
        return origin
    }

    /// RFC 9110, section 5.6.2.
    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default:
                    "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
