/// A JSON value that keeps what most readers lose: every digit of a number, every byte of a text.
///
/// Written for comparisons: of duplicate members the last counts, the order of members does not, and two texts that
/// Unicode calls equivalent differ when their bytes do. The program under test has a parser of its own; this one
/// shares nothing with it.
enum ExactJSON: Hashable, Sendable {
    case null
    case bool(Bool)
    /// As it was written.
    case number(String)
    case string(ExactText)
    case array([ExactJSON])
    case object([ExactText: ExactJSON])

    /// The value that the bytes hold, and nothing else.
    init(parsing bytes: [UInt8]) throws(ExactJSONError) {
        var reader = ExactJSONReader(bytes)
        self = try reader.value()
        try reader.expectEnd()
    }

    init(parsing text: String) throws(ExactJSONError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// The value that the bytes begin with, whatever follows.
    init(beginningOf bytes: [UInt8]) throws(ExactJSONError) {
        var reader = ExactJSONReader(bytes)
        self = try reader.value()
    }

    /// The member of an object; null where there is none.
    subscript(name: ExactText) -> ExactJSON {
        guard case .object(let members) = self else { return .null }
        return members[name] ?? .null
    }

    /// The element of an array; null where there is none.
    subscript(index: Int) -> ExactJSON {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return .null }
        return elements[index]
    }

    /// What an RFC 6901 pointer leads to; null where it leads nowhere.
    subscript(pointer pointer: String) -> ExactJSON {
        pointer.split(separator: "/").reduce(self) { value, step in
            if case .array = value, let index = Int(step) { return value[index] }
            return value[ExactText(String(step))]
        }
    }

    var text: String? {
        guard case .string(let value) = self else { return nil }
        return value.description
    }

    var elements: [ExactJSON] {
        guard case .array(let values) = self else { return [] }
        return values
    }

    var members: [ExactText: ExactJSON] {
        guard case .object(let values) = self else { return [:] }
        return values
    }

    /// JSON text, members sorted by name.
    var json: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let digits): digits
        case .string(let text): text.json
        case .array(let elements): "[" + elements.map(\.json).joined(separator: ",") + "]"
        case .object(let members):
            "{"
                + members.sorted { $0.key.description < $1.key.description }
                .map { "\($0.key.json):\($0.value.json)" }.joined(separator: ",") + "}"
        }
    }
}

/// A text that equals another only where the bytes do: "é" is not "e" with an accent.
struct ExactText: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    var bytes: [UInt8]

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    init(stringLiteral text: String) {
        self.init(text)
    }

    var description: String { String(decoding: bytes, as: UTF8.self) }

    /// As JSON writes it, in ASCII so that a report shows what is hidden.
    var json: String {
        var result = "\""
        for unit in description.utf16 {
            switch unit {
            case 0x22: result += "\\\""
            case 0x5C: result += "\\\\"
            case 0x20..<0x7F: result.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            default:
                let digits = String(unit, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return result + "\""
    }
}

/// Where bytes are no JSON, and why.
struct ExactJSONError: Error, CustomStringConvertible {
    var offset: Int
    var problem: String

    var description: String { "no JSON at byte \(offset): \(problem)" }
}

/// Reads strict JSON (RFC 8259); lone surrogates and bytes that are not UTF-8 are errors.
private struct ExactJSONReader {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private func error(_ problem: String) -> ExactJSONError {
        ExactJSONError(offset: offset, problem: problem)
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { offset += 1 }
    }

    mutating func expectEnd() throws(ExactJSONError) {
        skipSpace()
        if next != nil { throw error("something follows the value") }
    }

    private mutating func take(_ byte: Character) -> Bool {
        guard next == byte.asciiValue else { return false }
        offset += 1
        return true
    }

    mutating func value() throws(ExactJSONError) -> ExactJSON {
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func word(_ word: String, _ value: ExactJSON) throws(ExactJSONError) -> ExactJSON {
        guard bytes[offset...].starts(with: word.utf8) else { throw error("not \(word)") }
        offset += word.utf8.count
        return value
    }

    private mutating func object() throws(ExactJSONError) -> ExactJSON {
        offset += 1
        var members: [ExactText: ExactJSON] = [:]
        skipSpace()
        if take("}") { return .object(members) }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw error("no member name") }
            let name = try string()
            skipSpace()
            guard take(":") else { throw error("no colon") }
            members[name] = try value()
            skipSpace()
            if take("}") { return .object(members) }
            guard take(",") else { throw error("neither a comma nor the object's end") }
        }
    }

    private mutating func array() throws(ExactJSONError) -> ExactJSON {
        offset += 1
        var elements: [ExactJSON] = []
        skipSpace()
        if take("]") { return .array(elements) }
        while true {
            elements.append(try value())
            skipSpace()
            if take("]") { return .array(elements) }
            guard take(",") else { throw error("neither a comma nor the array's end") }
        }
    }

    private mutating func number() throws(ExactJSONError) -> String {
        let start = offset
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            _ = take("+") || take("-")
            try digits()
        }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    private mutating func digits() throws(ExactJSONError) {
        let start = offset
        while let byte = next, (0x30...0x39).contains(byte) { offset += 1 }
        if offset == start { throw error("no digit") }
    }

    private mutating func string() throws(ExactJSONError) -> ExactText {
        offset += 1
        var text: [UInt8] = []
        while let byte = next {
            offset += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let valid = String(validating: text, as: UTF8.self) else { throw error("not UTF-8") }
                return ExactText(valid)
            case UInt8(ascii: "\\"): text.append(contentsOf: String(try escape()).utf8)
            case 0..<0x20: throw error("a control character in a text")
            default: text.append(byte)
            }
        }
        throw error("the text has no end")
    }

    private mutating func escape() throws(ExactJSONError) -> Unicode.Scalar {
        guard let byte = next else { throw error("the escape has no end") }
        offset += 1
        switch byte {
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw error("no such escape")
        }
    }

    private mutating func unicodeEscape() throws(ExactJSONError) -> Unicode.Scalar {
        let first = try hexadecimal()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, take("\\"), take("u") else { throw error("a lone surrogate") }
        let second = try hexadecimal()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw error("a lone surrogate") }
        return scalar
    }

    private mutating func hexadecimal() throws(ExactJSONError) -> UInt32 {
        guard offset + 4 <= bytes.count,
            let value = UInt32(String(decoding: bytes[offset..<offset + 4], as: UTF8.self), radix: 16)
        else { throw error("not four hexadecimal digits") }
        offset += 4
        return value
    }
}
