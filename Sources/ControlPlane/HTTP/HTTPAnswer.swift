/// An answer (RFC 9112), as it goes over the wire. It has to fit into a socket's buffer: tens of kilobytes do.
public struct HTTPAnswer: Sendable, Equatable {
    public let status: Int
    public let bytes: [UInt8]

    /// - Parameter fields: of the head, beside `Content-Length`.
    public init(
        _ status: Int,
        _ reason: String,
        fields: [(name: String, value: String)] = [],
        body: String = ""
    ) {
        self.status = status
        var text = "HTTP/1.1 \(status) \(reason)\r\n"
        for (name, value) in fields { text += "\(name): \(value)\r\n" }
        // RFC 9110, section 8.6: a 204 has no length.
        if status != 204 { text += "Content-Length: \(body.utf8.count)\r\n" }
        bytes = Array("\(text)\r\n\(body)".utf8)
    }

    /// An answer whose body is JSON.
    public static func json(_ status: Int, _ reason: String, _ body: String) -> HTTPAnswer {
        HTTPAnswer(status, reason, fields: [("Content-Type", "application/json")], body: body)
    }

    public static let noContent = HTTPAnswer(204, "No Content")
    public static let badRequest = HTTPAnswer(400, "Bad Request")
    public static let notFound = HTTPAnswer(404, "Not Found")
    static let goOn = HTTPAnswer(100, "Continue")
}
