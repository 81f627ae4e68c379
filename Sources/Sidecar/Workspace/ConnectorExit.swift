/// What `exitCode.txt` says.
public enum ConnectorExit: Hashable, Sendable {
    case code(Int32)
    /// No whole number, or no readable regular file; the text continues "exitCode.txt …".
    case unusable(String)

    /// The largest exit code file that is read: a decimal number and white space have no need of more.
    public static let longestFile = 64

    /// Parses the file's content: a decimal number, white space around it is fine.
    public init(parsing content: [UInt8]) {
        if let number = Self.number(content) {
            self = .code(number)
            return
        }
        let text = String(decoding: Array(content), as: UTF8.self)
        let trimmed = text.trimmingWhitespace()
        if let number = Int32(trimmed) {
            self = .code(number)
        } else if trimmed.isEmpty {
            self = .unusable("is empty")
        } else {
            self = .unusable(
                "holds no whole number but \u{22}\(text.prefix(40).escapingControlCharacters())\u{22}"
            )
        }
    }

    /// The number where the content has no more than its digits and a newline, as nearly all have: looking at them as
    /// text takes longer than all else that has to be done before the result can be sent.
    private static func number(_ content: [UInt8]) -> Int32? {
        let digits = content.last == UInt8(ascii: "\n") ? content.dropLast() : content[...]
        guard !digits.isEmpty, digits.count < 10 else { return nil }
        var number: Int32 = 0
        for digit in digits {
            guard digit &- UInt8(ascii: "0") < 10 else { return nil }
            number = number * 10 + Int32(digit - UInt8(ascii: "0"))
        }
        return number
    }
}
