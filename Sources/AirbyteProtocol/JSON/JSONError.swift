import CSimdjson

/// Why a text is not JSON (RFC 8259).
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        /// Nothing but white space.
        case empty
        /// A value, a comma, a colon, a key or a bracket is missing or out of place.
        case structure
        case unclosedString
        /// A control character in a string that is not escaped.
        case controlCharacter
        case escape
        case number
        /// A word other than `true`, `false` and `null`.
        case literal
        /// Nesting deeper than `JSONDocument.maximumDepth`.
        case tooDeep
        /// Something other than white space behind the value.
        case trailing
        /// Longer than the 4 GiB that the index can address.
        case tooLong
        case outOfMemory
        /// The parser failed in a way that nobody foresaw.
        case parser
    }

    public var reason: Reason
    /// The byte of the text (repaired, see `UTF8Repair`) where it was noticed; for errors that concern the
    /// whole text, its length.
    public var offset: Int

    public init(_ reason: Reason, offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    public var description: String { "\(problem) (byte \(offset))" }

    /// What is wrong, for people.
    public var problem: String {
        switch reason {
        case .empty: "no JSON value"
        case .structure: "a value, key, comma, colon or bracket is missing or out of place"
        case .unclosedString: "a string is not closed"
        case .controlCharacter: "a control character in a string is not escaped"
        case .escape: "an escape sequence is malformed"
        case .number: "a number is malformed"
        case .literal: "an unknown word"
        case .tooDeep: "nested deeper than \(JSONDocument.maximumDepth) levels"
        case .trailing: "something follows the value"
        case .tooLong: "longer than 4 GiB"
        case .outOfMemory: "not enough memory"
        case .parser: "the parser failed"
        }
    }
}

extension JSONError.Reason {
    /// The reason behind a code of `csimdjson_parse` other than `CSIMDJSON_OK`.
    init(code: Int32) {
        switch UInt32(bitPattern: code) {
        case CSIMDJSON_EMPTY.rawValue: self = .empty
        case CSIMDJSON_STRUCTURE.rawValue: self = .structure
        case CSIMDJSON_UNCLOSED_STRING.rawValue: self = .unclosedString
        case CSIMDJSON_CONTROL_CHARACTER.rawValue: self = .controlCharacter
        case CSIMDJSON_ESCAPE.rawValue: self = .escape
        case CSIMDJSON_NUMBER.rawValue: self = .number
        case CSIMDJSON_LITERAL.rawValue: self = .literal
        case CSIMDJSON_TOO_DEEP.rawValue: self = .tooDeep
        case CSIMDJSON_TRAILING.rawValue: self = .trailing
        case CSIMDJSON_TOO_LONG.rawValue: self = .tooLong
        case CSIMDJSON_NO_MEMORY.rawValue: self = .outOfMemory
        // Texts are repaired before they are parsed. simdjson's kernel for processors without SIMD steps over
        // the byte behind a backslash, and finds the rest of a character there.
        case CSIMDJSON_UTF8.rawValue: self = .escape
        default: self = .parser
        }
    }
}
