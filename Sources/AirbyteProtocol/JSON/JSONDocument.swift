import CSimdjson
import Glibc

/// A validated JSON text (RFC 8259) with an index of its structure.
///
/// Validation is complete: control characters in strings, escapes, the numbers' grammar, literals, nesting.
public struct JSONDocument: Sendable {
    /// The deepest nesting of objects and arrays that is accepted, as in the platform's own readers.
    public static let maximumDepth = Int(CSIMDJSON_DEPTH)

    /// What becomes of the text behind the first value.
    public enum Trailing: Sendable {
        /// It may be anything, even an unclosed quote.
        case ignored
        /// It has to be white space.
        case rejected
    }

    let storage: JSONStorage

    init(storage: JSONStorage) {
        self.storage = storage
    }

    /// Parses a text after repairing its UTF-8 (see `UTF8Repair`).
    public init(parsing bytes: [UInt8], trailing: Trailing = .rejected) throws(JSONError) {
        self = try JSONParser().parse(bytes, trailing: trailing)
    }

    public var root: JSONValue { JSONValue(storage: storage, node: 0) }

    /// Whether a brace stands behind the value: perhaps another one.
    var hasBraceBehind: Bool {
        let end = storage.text.count - Int(CSIMDJSON_PADDING)
        return storage.text[Int(storage.nodes[0].end)..<end].contains(UInt8(ascii: "{"))
    }
}

/// A text and its nodes, shared by all values of a document.
final class JSONStorage: Sendable {
    /// The repaired text and its padding.
    let text: [UInt8]
    let nodes: [CSimdjsonNode]

    init(text: [UInt8], nodes: [CSimdjsonNode]) {
        self.text = text
        self.nodes = nodes
    }

    /// Whether a node is a string of exactly these bytes.
    func isString(_ node: Int, _ expected: Span<UInt8>) -> Bool {
        let entry = nodes[node]
        guard UInt32(entry.kind) == CSIMDJSON_STRING.rawValue else { return false }
        let (start, end) = (Int(entry.start) + 1, Int(entry.end) - 1)
        if UInt32(entry.flags) & CSIMDJSON_HAS_ESCAPES.rawValue != 0 {
            return unsafe expected.withUnsafeBufferPointer { expected in
                unsafe JSONStringEscapes.decoded(text[start..<end]).elementsEqual(expected)
            }
        }
        // Every member of every message comes by here, mostly to find that it is another one.
        guard end - start == expected.count else { return false }
        return unsafe text.withUnsafeBytes { text in
            unsafe expected.withUnsafeBytes { expected in
                guard let text = text.baseAddress, let expected = expected.baseAddress else { return true }
                return unsafe memcmp(text + start, expected, end - start) == 0
            }
        }
    }
}
