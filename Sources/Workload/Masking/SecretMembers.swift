import Text

/// Finds the values of members with secret-like names in text: `"password": "x"`, `'api_key': 'x'`,
/// `\"token\":\"x\"` at any depth of escaping, `client_secret=x`, `Authorization: Bearer x`.
enum SecretMembers {
    /// Where the values of such members lie, in order.
    static func values(in text: Span<UInt8>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var separators = Separators(in: text)
        var separator = separators.next(in: text, from: 0)
        while separator < text.count {
            var position = separator + 1
            if let (name, isQuoted) = name(before: separator, in: text),
                SecretNames.contains(text.extracting(name), isQuoted: isQuoted),
                let value = value(after: separator, in: text), !value.isEmpty
            {
                found.append(value)
                position = value.upperBound
            }
            separator = separators.next(in: text, from: position)
        }
        return found
    }

    /// False where the text certainly has no such member, since nothing in it stands between a name and a value.
    static func mayStand(in text: Span<UInt8>) -> Bool {
        ByteSearch.contains(":", in: text) || ByteSearch.contains("=", in: text)
    }

    /// Finds what stands between a name and a value. Each of the two is looked for once where it is rare.
    private struct Separators {
        private var colon: Int
        private var equals: Int

        init(in text: Span<UInt8>) {
            colon = ByteSearch.first(UInt8(ascii: ":"), in: text)
            equals = ByteSearch.first(UInt8(ascii: "="), in: text)
        }

        /// The first one from there on; the text's end where there is none.
        mutating func next(in text: Span<UInt8>, from start: Int) -> Int {
            if colon < start { colon = ByteSearch.first(UInt8(ascii: ":"), in: text, from: start) }
            if equals < start { equals = ByteSearch.first(UInt8(ascii: "="), in: text, from: start) }
            return min(colon, equals)
        }
    }

    /// The name that ends before the separator, without its quotes and spaces, and whether it has quotes.
    private static func name(
        before separator: Int,
        in text: Span<UInt8>
    ) -> (name: Range<Int>, isQuoted: Bool)? {
        var end = separator
        var isQuoted = false
        while end > 0, isSpace(text[end - 1]) || isQuoting(text[end - 1]) {
            isQuoted = isQuoted || isQuoting(text[end - 1])
            end -= 1
        }
        var start = end
        while start > 0, isNameCharacter(text[start - 1]) { start -= 1 }
        return start < end ? (start..<end, isQuoted) : nil
    }

    /// The value that begins after the separator, without its quotes.
    private static func value(after separator: Int, in text: Span<UInt8>) -> Range<Int>? {
        var start = separator + 1
        while start < text.count, isSpace(text[start]) { start += 1 }
        let opening = quote(at: start, in: text)
        if let opening { return quoted(from: start + opening.count, opening, in: text) }
        // What stands in an object or a list has names, or is found by value.
        if start < text.count, text[start] == UInt8(ascii: "{") || text[start] == UInt8(ascii: "[") {
            return nil
        }
        // Bare: up to what can follow a value. A scheme is no secret, what follows it is.
        var end = start
        if let parameters = afterScheme(schemesWithParameters, start, in: text) {
            // `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`: all that stands on the line.
            end = parameters
            while end < text.count, !isLineEnd(text[end]), !isQuoting(text[end]) { end += 1 }
            return parameters..<end
        }
        start = afterScheme(schemes, start, in: text) ?? start
        end = start
        while end < text.count, !isSpace(text[end]), !isBareEnd(text[end]) { end += 1 }
        return start..<end
    }

    /// A quotation mark and the backslashes before it.
    private static func quote(at start: Int, in text: Span<UInt8>) -> [UInt8]? {
        var end = start
        while end < text.count, text[end] == UInt8(ascii: "\\") { end += 1 }
        guard end < text.count, text[end] == UInt8(ascii: "\"") || text[end] == UInt8(ascii: "'") else {
            return nil
        }
        return (start...end).map { text[$0] }
    }

    /// Up to the quotation mark that has as many backslashes as the opening one; to the end where there is none.
    private static func quoted(from start: Int, _ opening: [UInt8], in text: Span<UInt8>) -> Range<Int> {
        let mark = opening[opening.count - 1]
        var end = start
        var backslashes = 0
        while end < text.count {
            if text[end] == mark, backslashes <= opening.count - 1 { return start..<end - backslashes }
            backslashes = text[end] == UInt8(ascii: "\\") ? backslashes + 1 : 0
            end += 1
        }
        return start..<end
    }

    /// Of `Authorization`, in lower case: one value follows.
    private static let schemes = ["bearer ", "basic ", "token ", "sharedkey ", "sharedkeylite "]
    /// Several values follow.
    private static let schemesWithParameters = ["aws4-hmac-sha256 ", "digest "]

    /// The position behind the scheme that stands there, if any of them does.
    private static func afterScheme(_ schemes: [String], _ start: Int, in text: Span<UInt8>) -> Int? {
        for scheme in schemes {
            let end = start + scheme.utf8.count
            guard end <= text.count else { continue }
            let isThere = zip(start..<end, scheme.utf8).allSatisfy { index, letter in
                ((65...90).contains(text[index]) ? text[index] | 0x20 : text[index]) == letter
            }
            if isThere { return end }
        }
        return nil
    }

    private static func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func isQuoting(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\\")
    }

    private static func isNameCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private static func isBareEnd(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ")"), UInt8(ascii: "&"),
            UInt8(ascii: ";"), UInt8(ascii: "\""), UInt8(ascii: "'"):
            true
        default: false
        }
    }
}
