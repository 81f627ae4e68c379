import AirbyteProtocol
import HTTP
import Text

/// What an answer of one of Google's services says about an error, from any of the three forms that they use:
/// `{"error": {"code", "message", "errors": [{"reason"}]}}` (JSON API), `{"error": {"message", "status"}}` (other
/// APIs), `{"error", "error_description"}` (OAuth, RFC 6749, section 5.2).
struct GoogleProblem {
    /// So much of a message is quoted, in bytes.
    private static let maxQuoteLength = 300

    let status: Int
    /// `forbidden`, `PERMISSION_DENIED`, `invalid_grant`.
    let reason: String?
    let message: String?
    let requestID: String?
    private let response: HTTPResponse
    /// Whether the answer is in one of the forms.
    private let isOwn: Bool

    init(_ response: HTTPResponse) {
        self.response = response
        status = response.status
        requestID = response.header("x-guploader-uploadid").map { $0.cut(toUTF8: 120) }
        guard let document = try? JSONDocument(parsing: response.body),
            let error = document.root[member: "error"]
        else {
            (reason, message, isOwn) = (nil, Self.plainText(response.body), false)
            return
        }
        isOwn = true
        if let code = error.string {
            reason = code
            message = document.root[member: "error_description"]?.string
            return
        }
        var errors = error[member: "errors"]?.elements
        let first = errors?.next()
        reason = first?[member: "reason"]?.string ?? error[member: "status"]?.string
        message = error[member: "message"]?.string
    }

    /// One line: `403 forbidden "x@y does not have storage.objects.create access" (request id …)`.
    var description: String {
        var text = isOwn ? ownDescription : summary
        if let requestID { text += " (request id \(requestID))" }
        if isOwn { text += response.throughProxy }
        return text.escapingControlCharacters()
    }

    private var ownDescription: String {
        var text = "\(status)"
        if let reason, !reason.isEmpty { text += " " + Self.cut(reason) }
        // In quotes: behind a colon, `invalid_token: The …` would be taken for a secret and its name.
        if let message, !message.isEmpty { text += " \"\(Self.cut(message))\"" }
        return text
    }

    /// Of JSON in another form nothing is quoted: it could hold a token.
    private var summary: String {
        response.holdsPage || message != nil
            ? response.summaryWithoutMarkup : response.summary(quotingBody: false)
    }

    /// Whether another try can help.
    var isTemporary: Bool {
        response.isPassing
            || status == 403 && ["rateLimitExceeded", "userRateLimitExceeded"].contains(reason)
    }

    /// Uploads are also refused in words alone.
    private static func plainText(_ body: [UInt8]) -> String? {
        let text = String(decoding: body.prefix(4 * maxQuoteLength), as: UTF8.self).trimmingWhitespace()
        return text.isEmpty || text.hasPrefix("<") || text.hasPrefix("{") ? nil : text
    }

    private static func cut(_ text: String) -> String {
        text.trimmingWhitespace().firstLine.cut(toUTF8: maxQuoteLength)
    }
}
