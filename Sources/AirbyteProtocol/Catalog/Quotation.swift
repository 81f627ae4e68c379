import Text

/// Quotes what a connector wrote in lines for people.
///
/// Nothing is quoted in part: a secret that was cut could not be found and hidden any more.
enum Quotation {
    /// In bytes of UTF-8: longer than any database's identifiers and any reference that a person wrote.
    static let maximumLength = 512

    /// The text in quotes, control characters escaped as JSON has them; one that is too long is only described.
    static func of(_ text: String) -> String {
        let length = text.utf8.count
        guard length <= maximumLength else { return "(a text of \(length) bytes)" }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\" + String(scalar)
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.disturbsText:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// A path through nested fields, as the protocol has it: `["address","city"]`.
    static func of(path: [String]) -> String {
        let length = path.reduce(0) { $0 + $1.utf8.count }
        guard length <= maximumLength, path.count <= maximumLength else {
            return "(a path of \(path.count) fields)"
        }
        return "[" + path.map { of($0) }.joined(separator: ",") + "]"
    }
}
