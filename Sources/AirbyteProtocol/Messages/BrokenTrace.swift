/// Reads an error trace from a line that is not valid JSON, as far as it can be read.
///
/// Airbyte's Python CDK (7.39.1) masks secrets inside the finished text of a message: where a secret is `1`, numbers turn
/// into `****795` and escapes into `\u00e****`, and the trace is not JSON anymore.
enum BrokenTrace {
    /// The most bytes of a line that are examined: the message precedes the stack trace, which is what makes a
    /// line long.
    static let maxLength = MessageDecoder.maximumQuotedBytes

    /// The trace, if the line begins as one of type `ERROR` and has a message that is whole. What is cut off is left out: it
    /// could end within a secret, which nobody would recognize.
    static func read(_ line: RawSpan) -> ErrorTrace? {
        var text = BrokenJSON(UTF8Repair.text(of: line.extracting(first: maxLength)))
        guard text.skip("{"), text.skipKey("type"), text.skipString("TRACE"), text.skip(","),
            text.skipKey("trace"),
            text.skip("{")
        else { return nil }
        var members = Members()
        while let key = text.nextKey() { members.take(key, &text) }
        return members.trace
    }

    /// The first of each member that matters.
    private struct Members {
        private var type: String?
        private var emittedAt: Double?
        private var isInError = false
        private var texts: [String: String] = [:]

        private static let textsOfError = ["message", "internal_message", "stack_trace", "failure_type"]

        mutating func take(_ key: String, _ text: inout BrokenJSON) {
            switch key {
            case "type" where type == nil: type = text.string()
            case "emitted_at" where emittedAt == nil: emittedAt = text.number()
            case "error": isInError = true
            case _ where isInError && Self.textsOfError.contains(key) && texts[key] == nil:
                texts[key] = text.string()
            // Whatever is in its text is no key.
            default: _ = text.string()
            }
        }

        var trace: ErrorTrace? {
            let trace = ErrorTrace(
                message: texts["message"],
                internalMessage: texts["internal_message"],
                stackTrace: texts["stack_trace"],
                failureType: texts["failure_type"].flatMap(FailureType.init(ofTrace:)),
                emittedAt: emittedAt.map { Int64(saturating: $0) }
            )
            return type == MessageDecoder.errorTraceType && !trace.lacksDetails ? trace : nil
        }
    }
}

/// A text that was JSON once, read token by token from its beginning.
private struct BrokenJSON {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    private var rest: ArraySlice<UInt8> { bytes[position...] }

    private mutating func skipSpace() {
        while position < bytes.count, MessageSpace.isSpace(bytes[position]) { position += 1 }
    }

    /// Steps over a byte if it comes next, and white space before it.
    mutating func skip(_ byte: Unicode.Scalar) -> Bool {
        skipSpace()
        guard rest.first == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    mutating func skipString(_ text: String) -> Bool {
        string() == text
    }

    mutating func skipKey(_ name: String) -> Bool {
        skipString(name) && skip(":")
    }

    /// The next string that a colon follows, wherever it is; nil at the end.
    mutating func nextKey() -> String? {
        while let quote = rest.firstIndex(of: UInt8(ascii: "\"")) {
            position = quote
            guard let text = string() else { return nil }
            if skip(":") { return text }
        }
        return nil
    }

    /// The string that comes next, if one does and it is whole; it is stepped over. One that is not whole is the last.
    mutating func string() -> String? {
        guard skip("\"") else { return nil }
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard position < bytes.count else {
            position = bytes.count
            return nil
        }
        defer { position += 1 }
        return Self.decoded(bytes[start..<position])
    }

    /// The number that comes next, if it is whole.
    mutating func number() -> Double? {
        skipSpace()
        let end = rest.firstIndex { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") } ?? bytes.count
        return ScalarCoercion.number(bytes[position..<end])
    }

    /// A string's text; a backslash that begins no escape stands for itself.
    private static func decoded(_ content: ArraySlice<UInt8>) -> String {
        var repaired: [UInt8] = []
        var index = content.startIndex
        while index < content.endIndex {
            let length = content[index] == UInt8(ascii: "\\") ? escapeLength(content[index...]) : 1
            if length == 0 { repaired += [UInt8(ascii: "\\"), UInt8(ascii: "\\")] }
            repaired += content[index..<(index + length)]
            index += max(length, 1)
        }
        return String(decoding: JSONStringEscapes.decoded(repaired[...]), as: UTF8.self)
    }

    /// How long the escape is that begins the text; 0 where it is none.
    private static func escapeLength(_ text: ArraySlice<UInt8>) -> Int {
        guard let letter = text.dropFirst().first else { return 0 }
        guard letter == UInt8(ascii: "u") else { return #""\/bfnrt"#.utf8.contains(letter) ? 2 : 0 }
        let digits = text.dropFirst(2).prefix(4)
        return digits.count == 4 && digits.allSatisfy { 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 | 0x20 }
            ? 6 : 0
    }
}
