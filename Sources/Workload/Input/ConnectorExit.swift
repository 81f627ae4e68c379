import Text

/// What `exitCode.txt` says.
package enum ConnectorExit: Hashable, Sendable {
    case code(Int32)
    /// No whole number, or no readable regular file; the text continues "exitCode.txt …".
    case unusable(String)

    /// The largest accepted exit code file, in bytes: enough for a decimal number and white space.
    package static let maxFileLength = 64

    /// Parses the file's content: a decimal number, with optional white space around it.
    package init(parsing content: some Sequence<UInt8>) {
        let text = String(decoding: Array(content), as: UTF8.self)
        let trimmed = text.trimmingWhitespace()
        if let number = Int32(trimmed) {
            self = .code(number)
        } else if trimmed.isEmpty {
            self = .unusable("is empty")
        } else {
            self = .unusable(
                "holds no whole number, but \u{22}\(text.cut(toUTF8: 40).escapingControlCharacters())\u{22}"
            )
        }
    }
}
