import Glibc

/// What a scalar stands for where the protocol has one of another type, as the platform's reader takes it: Jackson's
/// defaults (`MapperFeature.ALLOW_COERCION_OF_SCALARS`).
enum ScalarCoercion {
    /// A longer text is no number and no truth value, in bytes as it stands in JSON, quotes included. Whoever reads a long
    /// line has to hold the text until its end.
    static let maxLength = 512

    /// Blank text is as good as null for a number and for a truth value, as in Jackson's
    /// `CoercionConfigs.findCoercionFromBlankString`.
    static func isBlank(_ text: ArraySlice<UInt8>) -> Bool {
        text.allSatisfy(isWhiteSpace)
    }

    /// The number that a text is, white space around it left out.
    static func number(_ text: ArraySlice<UInt8>) -> Double? {
        let number = trimmed(text)
        guard isNumber(number) else { return nil }
        return Double(String(decoding: number, as: UTF8.self))
    }

    /// The truth value that a text is, in any letter case, white space around it left out.
    static func bool(_ text: ArraySlice<UInt8>) -> Bool? {
        let word = trimmed(text).map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }
        if word.elementsEqual("true".utf8) { return true }
        return word.elementsEqual("false".utf8) ? false : nil
    }

    /// The truth value of a JSON number: 0 is false. Nil for a number with a fraction or an exponent.
    static func bool(ofInteger number: ArraySlice<UInt8>) -> Bool? {
        let digits = number.first == UInt8(ascii: "-") ? number.dropFirst() : number
        guard digits.allSatisfy(isDigit) else { return nil }
        return digits.contains { $0 != UInt8(ascii: "0") }
    }

    /// A sign, digits with a point or without, an exponent. Leading zeros are fine, other words (`NaN`) are not.
    private static func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = text
        skipSign(&rest)
        var digits = skipDigits(&rest)
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            digits += skipDigits(&rest)
        }
        guard digits > 0 else { return false }
        if let letter = rest.first, letter | 0x20 == UInt8(ascii: "e") {
            rest.removeFirst()
            skipSign(&rest)
            guard skipDigits(&rest) > 0 else { return false }
        }
        return rest.isEmpty
    }

    private static func skipSign(_ text: inout ArraySlice<UInt8>) {
        if text.first == UInt8(ascii: "-") || text.first == UInt8(ascii: "+") { text.removeFirst() }
    }

    /// Steps over digits; returns how many there are.
    private static func skipDigits(_ text: inout ArraySlice<UInt8>) -> Int {
        let count = text.prefix(while: isDigit).count
        text.removeFirst(count)
        return count
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// As Java's `String.trim` has it.
    private static func isWhiteSpace(_ byte: UInt8) -> Bool { byte <= 0x20 }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let start = text.drop(while: isWhiteSpace)
        guard let last = start.lastIndex(where: { !isWhiteSpace($0) }) else { return [] }
        return start[...last]
    }
}

// MARK: - Values

extension JSONValue {
    /// A string's text; of a number or a truth value the literal (`1.50`, `true`).
    var coercedText: String? {
        kind == .string ? string : coercedBytes.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The same in UTF-8.
    var coercedBytes: ArraySlice<UInt8>? {
        switch kind {
        case .string: stringBytes
        case .number, .bool: rawJSON
        case .object, .array, .null: nil
        }
    }

    /// A number, or text that is one.
    var coercedDouble: Double? {
        switch kind {
        case .number: double
        case .string: shortText.flatMap(ScalarCoercion.number)
        case .object, .array, .bool, .null: nil
        }
    }

    /// A truth value, text that is one, or an integer.
    var coercedBool: Bool? {
        switch kind {
        case .bool: bool
        case .string: shortText.flatMap { ScalarCoercion.bool($0) }
        case .number: isShort ? ScalarCoercion.bool(ofInteger: rawJSON) : nil
        case .object, .array, .null: nil
        }
    }

    /// Whether it is text that is as good as null where a number or a truth value is wanted.
    var isBlankText: Bool { shortText.map(ScalarCoercion.isBlank) ?? false }

    /// A string's text unless it is too long to be coerced.
    private var shortText: ArraySlice<UInt8>? { isShort ? stringBytes : nil }

    private var isShort: Bool { rawJSON.count <= ScalarCoercion.maxLength }
}
